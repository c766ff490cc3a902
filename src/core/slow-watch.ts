import type { SourceId } from '../base/ids.js';

/** A source is judged by its mean over so long: shorter dips are the network's. */
const windowMs = 10_000;
const sampleMs = 500;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** Finds sources that stay under a speed. Pure: times are handed in. Decides nothing about what becomes of them. */
export class SlowWatch {
  readonly bytesPerSecMin: number;
  /** The last ten seconds of each, oldest first. */
  readonly #samples = new Map<SourceId, Sample[]>();

  constructor(bytesPerSecMin: number) {
    this.bytesPerSecMin = bytesPerSecMin;
  }

  /**
   * A source has brought `bytes` so far, and owes more. Returns its mean speed in bytes a second where that has been
   * too low for a whole window.
   */
  owes(source: SourceId, bytes: number, nowMs: number): number | undefined {
    let samples = this.#samples.get(source);
    if (samples === undefined) this.#samples.set(source, (samples = []));
    const newest = samples.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= sampleMs) samples.push({ atMs: nowMs, bytes });
    while (samples[1] !== undefined && nowMs - samples[1].atMs >= windowMs) samples.shift();
    const oldest = samples[0];
    if (oldest === undefined || nowMs - oldest.atMs < windowMs) return undefined;
    const bytesPerSec = ((bytes - oldest.bytes) / (nowMs - oldest.atMs)) * 1000;
    return bytesPerSec < this.bytesPerSecMin ? bytesPerSec : undefined;
  }

  /** Nothing is asked of the source, or something else holds it back: its time begins anew. */
  excuse(source: SourceId): void {
    this.#samples.delete(source);
  }
}
