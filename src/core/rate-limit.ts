import type { ConnectionId, SourceId } from '../base/ids.js';

/** What is not read is kept for so long for each of those who share a bucket: a round that comes late loses nothing. */
const burstMs = 100;
/** What there is at once when a limit begins. */
const firstMs = 50;

/** Somebody who reads, and so takes a part of what may be read. */
export interface RateReader {
  readonly id: ConnectionId;
  readonly source: SourceId;
}

/**
 * How much each connection may read under a limit for all sources together and limits for single ones. Pure: times are
 * handed in.
 *
 * Time goes in rounds. In each, what has flowed into a bucket is dealt out in equal parts to the sources, and a source's
 * part to its connections. What somebody leaves flows back and is dealt out again, so that slow ones get all they can use,
 * and fast ones share the rest equally (max-min fairness), without anybody's demand being known. Who reads more than
 * its part (what was on its way) goes into debt: over time the rates hold exactly.
 */
export class RateLimit {
  #total: Bucket | undefined;
  readonly #bySource = new Map<SourceId, Bucket>();
  /** What is left of this round's parts. */
  #parts = new Map<ConnectionId, number>();

  /** Bytes a second for all together; undefined: no limit. */
  setTotal(bytesPerSec: number | undefined, nowMs: number): void {
    this.#total = changed(this.#total, bytesPerSec, nowMs);
  }

  /** Bytes a second for one source; undefined: no limit of its own. */
  setSource(source: SourceId, bytesPerSec: number | undefined, nowMs: number): void {
    const bucket = changed(this.#bySource.get(source), bytesPerSec, nowMs);
    if (bucket === undefined) this.#bySource.delete(source);
    else this.#bySource.set(source, bucket);
  }

  get totalBytesPerSec(): number | undefined {
    return this.#total?.bytesPerSec;
  }

  sourceBytesPerSec(source: SourceId): number | undefined {
    return this.#bySource.get(source)?.bytesPerSec;
  }

  /** There is any limit. */
  get isOn(): boolean {
    return this.#total !== undefined || this.#bySource.size > 0;
  }

  /** There is a limit for this source, of its own or for all. */
  limits(source: SourceId): boolean {
    return this.#total !== undefined || this.#bySource.has(source);
  }

  /** A new round for `readers`: what is left of the last one's parts is void. */
  round(readers: readonly RateReader[], nowMs: number): void {
    const connections = new Map<SourceId, number>();
    for (const { source } of readers) connections.set(source, (connections.get(source) ?? 0) + 1);
    const share = this.#total?.share(connections.size, nowMs) ?? Infinity;
    const parts = new Map<SourceId, number>();
    for (const [source, count] of connections) {
      parts.set(source, Math.min(share / count, this.#bySource.get(source)?.share(count, nowMs) ?? Infinity));
    }
    this.#parts = new Map(readers.map((reader) => [reader.id, Math.floor(parts.get(reader.source) ?? 0)]));
  }

  /** Bytes that a connection may read now. 0: not before the next round. */
  left(reader: RateReader): number {
    if (!this.limits(reader.source)) return Infinity;
    return Math.max(0, this.#parts.get(reader.id) ?? 0);
  }

  /** `bytes` were read. */
  took(reader: RateReader, bytes: number): void {
    const part = this.#parts.get(reader.id);
    if (part !== undefined) this.#parts.set(reader.id, part - bytes);
    this.#total?.take(bytes);
    this.#bySource.get(reader.source)?.take(bytes);
  }
}

/** Tokens are bytes; they flow in at the rate. */
class Bucket {
  bytesPerSec: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(bytesPerSec: number, nowMs: number) {
    this.bytesPerSec = bytesPerSec;
    this.#tokens = (bytesPerSec * firstMs) / 1000;
    this.#filledAtMs = nowMs;
  }

  /** What each of `count` takers may have of what is there. */
  share(count: number, nowMs: number): number {
    const flowed = (Math.max(0, nowMs - this.#filledAtMs) * this.bytesPerSec) / 1000;
    this.#filledAtMs = nowMs;
    // A byte for each at the least: parts are whole bytes.
    const most = Math.max((burstMs * count * this.bytesPerSec) / 1000, count);
    this.#tokens = Math.min(this.#tokens + flowed, most);
    return Math.max(0, this.#tokens / Math.max(1, count));
  }

  take(bytes: number): void {
    this.#tokens -= bytes;
  }
}

function changed(bucket: Bucket | undefined, bytesPerSec: number | undefined, nowMs: number): Bucket | undefined {
  if (bytesPerSec === undefined) return undefined;
  if (bucket === undefined) return new Bucket(bytesPerSec, nowMs);
  // What is owed is owed under the new rate as well.
  bucket.share(1, nowMs);
  bucket.bytesPerSec = bytesPerSec;
  return bucket;
}
