import type { ConnectionId, SourceId } from '../base/ids.js';
import { RateMeter } from './rate-meter.js';
import type { SegmentId } from './scheduler-messages.js';

/** A range asked for on a connection: [position, end) is still to come. */
export interface Segment {
  readonly id: SegmentId;
  readonly start: number;
  position: number;
  end: number;
  readonly askedAtMs: number;
}

/** How long a change of speed takes to show in the plans. Shorter is nervous, longer takes a slowed server at its old word. */
const rateTauMs = 1000;
/** What a stall is at the least, however fast the connection answered before. */
const stallMsMin = 600;

/**
 * The scheduler's book on one connection: what is on order there, how fast it delivers, when it will be done.
 *
 * Invariant: `remainingBytes` is the sum of what its segments still lack; segments are in the order of their requests.
 */
export class Lane {
  readonly connection: ConnectionId;
  readonly source: SourceId;
  readonly openedAtMs: number;
  readonly segments: Segment[] = [];
  readonly #meter = new RateMeter(rateTauMs);
  #firstByteMs: number;
  #lastByteAtMs: number;
  #awaitingFirstByte = false;
  #suspect = false;
  #probedAtMs: number | undefined;
  receivedBytes = 0;

  constructor(connection: ConnectionId, source: SourceId, rttMs: number, nowMs: number) {
    this.connection = connection;
    this.source = source;
    this.openedAtMs = nowMs;
    this.#firstByteMs = Math.max(1, rttMs);
    this.#lastByteAtMs = nowMs;
  }

  /** From a request to its first byte, as far as known; at first the time that connecting took. */
  get firstByteMs(): number {
    return this.#firstByteMs;
  }

  /** It did not deliver what it owed in time, and has shown no life since: nothing new is given to it. */
  get isSuspect(): boolean {
    return this.#suspect;
  }

  get remainingBytes(): number {
    let sum = 0;
    for (const segment of this.segments) sum += Math.max(0, segment.end - segment.position);
    return sum;
  }

  get isIdle(): boolean {
    return this.segments.every((s) => s.position >= s.end);
  }

  /** The last thing on order that still lacks bytes: where others may take from. */
  get tail(): Segment | undefined {
    return this.segments.findLast((s) => s.position < s.end);
  }

  segment(id: SegmentId): Segment | undefined {
    return this.segments.find((s) => s.id === id);
  }

  /** Bytes per second, silence included; undefined before there is a measurement. */
  rate(nowMs: number): number | undefined {
    return this.#meter.rate(nowMs);
  }

  asked(segment: Segment, nowMs: number): void {
    if (this.isIdle) {
      this.#awaitingFirstByte = true;
      this.#lastByteAtMs = nowMs;
    }
    this.segments.push(segment);
  }

  /** Bytes of `segment` arrived up to `position`. */
  arrived(segment: Segment, position: number, nowMs: number): void {
    const bytes = position - segment.position;
    if (this.#awaitingFirstByte) {
      // The clock of the meter starts here, so what came with the first byte came in no time and is not counted.
      this.#awaitingFirstByte = false;
      const sample = Math.max(1, nowMs - segment.askedAtMs);
      this.#firstByteMs = this.receivedBytes === 0 ? sample : this.#firstByteMs * 0.7 + sample * 0.3;
      this.#meter.start(nowMs);
    } else {
      this.#meter.start(nowMs);
      this.#meter.add(bytes);
    }
    this.receivedBytes += bytes;
    segment.position = position;
    this.sawLife(nowMs);
    if (this.isIdle) this.#meter.stop(nowMs);
  }

  ended(segment: Segment, nowMs: number): void {
    const at = this.segments.indexOf(segment);
    if (at >= 0) this.segments.splice(at, 1);
    if (this.isIdle) this.#meter.stop(nowMs);
  }

  sawLife(nowMs: number): void {
    this.#lastByteAtMs = nowMs;
    this.#suspect = false;
    this.#probedAtMs = undefined;
  }

  /** Time since the last sign of life while something is owed; 0 where nothing is. */
  silentMs(nowMs: number): number {
    return this.isIdle && !this.#suspect ? 0 : nowMs - this.#lastByteAtMs;
  }

  /** True where the silence is longer than this connection's past explains. */
  isStalled(nowMs: number): boolean {
    return this.silentMs(nowMs) > Math.max(stallMsMin, 4 * this.#firstByteMs);
  }

  markSuspect(): void {
    this.#suspect = true;
  }

  /** True at most once per second of silence. */
  wantsProbe(nowMs: number): boolean {
    if (this.#probedAtMs !== undefined && nowMs - this.#probedAtMs < 1000) return false;
    this.#probedAtMs = nowMs;
    return true;
  }
}
