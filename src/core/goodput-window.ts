/** Time that a fresh connection is given to come up to speed, in round trips, and at the least. */
const warmRoundTrips = 3;
const warmMsMin = 100;
/** How long a rate is measured, in round trips, and at the least. */
const measureRoundTrips = 2;
const measureMsMin = 180;
/** Fewer bytes, and fewer for each connection, are bursts and no rate; but for that nobody waits longer than this. */
const measureBytesMin = 128 * 1024;
const measureBytesPerConnection = 64 * 1024;
const measureMsMax = 2000;
/** Where the server holds its connections back, and nothing else does, bytes come as evenly as it lets them: fewer tell. */
const heldMeasureShare = 0.25;
/** A trial that does not look worth it is measured this much longer before it is given up, and so long where time is left. */
const patience = 3;
const patienceMsMax = 1500;
const patienceShare = 0.1;

/** What is measured, at a moment. */
export interface GoodputSample {
  readonly nowMs: number;
  /** Bytes of the source, and of all sources, so far. */
  readonly ownBytes: number;
  readonly totalBytes: number;
  readonly rttMs: number;
  readonly connections: number;
  /** The server gives its connections no more. */
  readonly isHeld: boolean;
  /** Time until the download ends, as planned. */
  readonly leftMs: number;
}

/** What a source brought, and all together, in bytes a second. */
export interface Goodput {
  readonly rate: number;
  readonly total: number;
  /** Measured for so long that what does not show now will not show. */
  readonly isSure: boolean;
}

/** The stretch of time over which a source's goodput is measured: it begins anew whenever its connections change. */
export class GoodputWindow {
  #changedAtMs: number | undefined;
  #atMs: number | undefined;
  #ownBytes = 0;
  #totalBytes = 0;

  /** Connections came or went, or something else holds the source back. */
  changed(nowMs: number): void {
    this.#changedAtMs = nowMs;
    this.#atMs = undefined;
  }

  /** They are about to: what comes until then is not measured. */
  close(): void {
    this.#atMs = undefined;
  }

  begin({ nowMs, ownBytes, totalBytes }: GoodputSample): void {
    this.#atMs = nowMs;
    this.#ownBytes = ownBytes;
    this.#totalBytes = totalBytes;
  }

  /** Undefined where the window is too short so far; it begins where connections have come up to speed. */
  measure(sample: GoodputSample): Goodput | undefined {
    const { nowMs, ownBytes, totalBytes, rttMs, connections, isHeld, leftMs } = sample;
    if (this.#atMs === undefined) {
      const warmMs = Math.max(warmMsMin, warmRoundTrips * rttMs);
      if (this.#changedAtMs !== undefined && nowMs - this.#changedAtMs >= warmMs) this.begin(sample);
      return undefined;
    }
    const elapsed = nowMs - this.#atMs;
    const measureMs = Math.max(measureMsMin, measureRoundTrips * rttMs);
    if (elapsed < measureMs) return undefined;
    const bytesMin =
      Math.max(measureBytesMin, connections * measureBytesPerConnection) * (isHeld ? heldMeasureShare : 1);
    if (ownBytes - this.#ownBytes < bytesMin && elapsed < measureMsMax) return undefined;
    const patienceMs = Math.max(patience * measureMs, Math.min(patienceMsMax, leftMs * patienceShare));
    return {
      rate: ((ownBytes - this.#ownBytes) / elapsed) * 1000,
      total: ((totalBytes - this.#totalBytes) / elapsed) * 1000,
      isSure: elapsed > patienceMs,
    };
  }
}
