import type { ConnectionId, SourceId } from '../base/ids.js';
import { DeliveryMeter } from './delivery-meter.js';
import { Probing } from './probing.js';
import type { LaneTraits, SegmentId } from './scheduler-messages.js';

/** A range given to a connection: [position, end) is still to come. */
export interface Segment {
  readonly id: SegmentId;
  readonly start: number;
  position: number;
  end: number;
  /** False while it is only planned: the server has not heard of it, so that it can be taken away for nothing. */
  isAsked: boolean;
  /** When it was; before that, when it was planned. */
  askedAtMs: number;
  /** Whom it was taken from, and why. */
  readonly victim: SourceId | undefined;
  readonly reason: string;
  /** How often its bytes were asked for already, elsewhere and in vain so far: they are on their way twice then. */
  readonly hedges: number;
  /** Until when the server goes on sending what it had on its way when it was told to stop; 0 where it was not. */
  strayUntilMs: number;
  /** Who was given what this one lost: the lane and its segment. */
  taker: { readonly lane: Lane; readonly segment: Segment } | undefined;
}

/** How long a change of speed takes to show in the plans. Shorter is nervous, longer takes a slowed server at its old word. */
const rateTauMs = 700;
/** What a stall is at the least, however fast the connection answered before. */
const stallMsMin = 600;
/** Bytes are reported each 50 ms at the least where any come: longer gaps are the connection's own. */
const trickleGapMs = 75;

/**
 * The scheduler's book on one connection: what is on order there, how fast it delivers, when it will be done.
 *
 * Invariant: `remainingBytes` is the sum of what its segments still lack; segments are in the order of their requests.
 */
/** So little of what it owes may have been asked for elsewhere before, and it is helped like one that hedges nothing. */
const hedgedShareMax = 1 / 8;

export class Lane {
  readonly connection: ConnectionId;
  readonly source: SourceId;
  readonly openedAtMs: number;
  readonly traits: LaneTraits;
  readonly segments: Segment[] = [];
  /** Its number on the board. */
  slot = -1;
  /** What the board counts it with, in bytes a second; undefined before it is measured. */
  countedRate: number | undefined;
  countedBytes = 0;
  countsAsActive = false;
  /** It gets nothing more, and is closed when it is done. */
  isRetiring = false;
  /** Better sources are there: it gets nothing while they deliver. */
  isReserve = false;
  /** Another connection brings the same bytes from the file's start on: it gets nothing while that one does. */
  isSpare = false;
  readonly #siblingRate: () => number | undefined;
  readonly #meter = new DeliveryMeter(rateTauMs);
  readonly #probing: Probing;
  #firstByteMs: number;
  /** When bytes came last that were owed. */
  #lastByteAtMs: number;
  #lastLifeAtMs: number;
  #askedAtMs: number | undefined;
  #suspect = false;
  #stalls = 0;
  #heldBytes = 0;
  #partGapMs = 0;
  #partEndedAtMs: number | undefined;
  #streamAt = 0;
  /** Where what was asked for comes although nobody wants it any more: until when. */
  #drainsUntilMs = 0;
  receivedBytes = 0;
  firstByteAtMs: number | undefined;

  constructor(
    connection: ConnectionId,
    source: SourceId,
    rttMs: number,
    nowMs: number,
    traits: LaneTraits = { canTrim: true, ranges: true },
    siblingRate: () => number | undefined = () => undefined,
  ) {
    this.traits = traits;
    this.#siblingRate = siblingRate;
    this.connection = connection;
    this.source = source;
    this.openedAtMs = nowMs;
    this.#firstByteMs = Math.max(0.1, rttMs);
    this.#lastByteAtMs = nowMs;
    this.#lastLifeAtMs = nowMs;
    this.#probing = new Probing(nowMs);
  }

  /** From a request to its first byte, as far as known; at first the time that connecting took. */
  get firstByteMs(): number {
    return this.#firstByteMs;
  }

  /** From a trim to its effect on what arrives: the round trip, the queues on the way and the server's send buffer. */
  get latencyMs(): number {
    return Math.max(this.#firstByteMs, this.#probing.meanMs ?? 1.5 * this.#firstByteMs + 30);
  }

  /** How long the last probe took to be answered while the connection went on delivering; undefined before the first. */
  get probeMs(): number | undefined {
    return this.#probing.lastMs;
  }

  /**
   * Bytes that were on the way when it was last asked: what came between a probe and its answer. Where a connection
   * slows down, what fills its buffers stays as much, and only takes longer.
   */
  get pipeBytes(): number {
    return this.#probing.pipeBytes;
  }

  /** Time between two reports of bytes that is to be expected. */
  get gapMs(): number {
    return this.#meter.gapMs;
  }

  /** It did not deliver what it owed in time, and has shown no life since: nothing new is given to it. */
  get isSuspect(): boolean {
    return this.#suspect;
  }

  /** True where it may be given work. */
  get takesWork(): boolean {
    return !this.#suspect && !this.isRetiring && !this.isReserve && !this.isSpare;
  }

  get remainingBytes(): number {
    let sum = 0;
    for (const segment of this.segments) if (segment.end > segment.position) sum += segment.end - segment.position;
    return sum;
  }

  get isIdle(): boolean {
    for (const segment of this.segments) if (segment.end > segment.position) return false;
    return true;
  }

  /** The last thing on order that still lacks bytes: where others may take from. */
  get tail(): Segment | undefined {
    for (let i = this.segments.length - 1; i >= 0; i -= 1) {
      const segment = this.segments[i];
      if (segment !== undefined && segment.position < segment.end) return segment;
    }
    return undefined;
  }

  segment(id: SegmentId): Segment | undefined {
    for (const segment of this.segments) if (segment.id === id) return segment;
    return undefined;
  }

  /** Bytes per second while it delivers; undefined before there is a measurement. */
  get rate(): number | undefined {
    return this.#meter.rate;
  }

  /** What it can be expected to deliver before that is measured, in bytes a second: what its siblings do at present. */
  get expectedRate(): number | undefined {
    return this.#siblingRate();
  }

  /** Bytes that the server was asked for and that have not come. */
  get askedBytes(): number {
    let sum = 0;
    for (const { isAsked, position, end } of this.segments) if (isAsked && end > position) sum += end - position;
    return sum;
  }

  /** It is asked for a part at a time, as what is asked for cannot be cut short without closing it. */
  get isParted(): boolean {
    return !this.isOneStream && !this.traits.canTrim;
  }

  /** Without ranges: how far the file has gone by, be it wanted or not. */
  get streamAt(): number {
    return this.#streamAt;
  }

  /** It sends the file from its start on only. */
  get isOneStream(): boolean {
    return !this.traits.ranges;
  }

  /** Much of what it owes was asked for elsewhere before. */
  get isHedging(): boolean {
    let hedged = 0;
    for (const { hedges, position, end } of this.segments) if (hedges > 0) hedged += end - position;
    return hedged > hedgedShareMax * this.remainingBytes;
  }

  /** What has to come before it can do anything else, if it is to be kept. */
  get uncuttableBytes(): number {
    return this.isParted ? this.askedBytes : 0;
  }

  /** The first segment that the server has not heard of. */
  get planned(): Segment | undefined {
    for (const segment of this.segments) if (!segment.isAsked) return segment;
    return undefined;
  }

  /** `segment` is asked for now: one that was planned, or a new one. */
  asked(segment: Segment, nowMs: number): void {
    if (this.askedBytes === 0) {
      this.#askedAtMs = nowMs;
      this.#lastByteAtMs = nowMs;
      // While it has not said where it ended what others took, its silence goes on: work could pass between silent ones for ever.
      if (!this.segments.some((other) => other.isAsked)) this.#lastLifeAtMs = nowMs;
    }
    // What has gone by comes only with the file's start again.
    if (segment.position < this.#streamAt) this.#streamAt = 0;
    segment.isAsked = true;
    segment.askedAtMs = nowMs;
    if (this.segments.includes(segment)) return;
    const at = this.segments.findIndex((other) => !other.isAsked);
    this.segments.splice(at < 0 ? this.segments.length : at, 0, segment);
  }

  /** Bytes of `segment` arrived up to `position`. */
  arrived(segment: Segment, position: number, nowMs: number): void {
    const bytes = position - segment.position;
    if (bytes <= 0) return;
    const owed = segment.position < segment.end;
    this.#firstCame(nowMs);
    if (this.#partEndedAtMs !== undefined) {
      this.#partGapMs += (nowMs - this.#partEndedAtMs - this.#partGapMs) / 2;
      this.#partEndedAtMs = undefined;
    }
    // What it skipped since it was heard of last has come as well.
    this.#came(this.isOneStream ? Math.max(bytes, position - this.#streamAt) : bytes, nowMs);
    this.receivedBytes += bytes;
    this.#streamAt = position;
    segment.position = position;
    if (owed) this.#lastByteAtMs = nowMs;
    if (this.isIdle) this.#meter.stop();
  }

  /** Without ranges: what is before the bytes that it owes has gone by, up to `position`. */
  skipped(position: number, nowMs: number): void {
    if (position <= this.#streamAt) return;
    this.#firstCame(nowMs);
    this.#came(position - this.#streamAt, nowMs);
    this.#streamAt = position;
    this.#lastByteAtMs = nowMs;
    if (this.isIdle) this.#meter.stop();
  }

  #firstCame(nowMs: number): void {
    if (this.#askedAtMs === undefined) return;
    // What a stall lasted says nothing of the way; one that always answers late is believed step by step.
    const most = this.#stalls > 0 ? 2 * this.#firstByteMs : Infinity;
    const sample = Math.min(most, Math.max(0.1, nowMs - this.#askedAtMs));
    this.#firstByteMs = this.firstByteAtMs === undefined ? sample : this.#firstByteMs * 0.7 + sample * 0.3;
    this.#askedAtMs = undefined;
  }

  #came(bytes: number, nowMs: number): void {
    this.#stalls = 0;
    this.firstByteAtMs ??= nowMs;
    this.#meter.arrived(bytes, nowMs);
    this.sawLife(nowMs);
  }

  /**
   * `segment` is to end at `end`: what is on its way behind that strays; where a request cannot be cut short, all that it
   * was asked for.
   */
  trimmed(segment: Segment, end: number, nowMs: number): void {
    const comesUntilMs = this.isParted && segment.isAsked ? this.endAtMs(nowMs, this.rate ?? Infinity, segment) : 0;
    segment.end = end;
    if (!segment.isAsked) {
      if (segment.position >= end) this.ended(segment, nowMs);
      return;
    }
    if (this.isParted) {
      segment.strayUntilMs = Math.max(segment.strayUntilMs, comesUntilMs);
      return;
    }
    const ahead = (this.latencyMs / 1000) * (this.rate ?? 0);
    if (end - segment.position < ahead) segment.strayUntilMs = nowMs + this.latencyMs;
  }

  ended(segment: Segment, nowMs: number): void {
    const at = this.segments.indexOf(segment);
    if (at >= 0) this.segments.splice(at, 1);
    if (this.isParted) this.#drainsUntilMs = Math.max(this.#drainsUntilMs, segment.strayUntilMs);
    this.#partEndedAtMs = this.isParted && segment.isAsked && this.askedBytes > 0 ? nowMs : undefined;
    if (this.isIdle) this.#meter.stop();
  }

  sawLife(nowMs: number): void {
    this.#lastLifeAtMs = nowMs;
    this.#suspect = false;
  }

  /** A probe was answered: what was sent before it has arrived. */
  answered(nowMs: number): void {
    this.sawLife(nowMs);
    this.#probing.answered(nowMs, this.receivedBytes, { hasStalled: this.#stalls > 0, isBusy: !this.isIdle });
  }

  /** Time since the last sign of life, or since it was asked for bytes. */
  quietMs(nowMs: number): number {
    return nowMs - this.#lastLifeAtMs;
  }

  /** Time since the last sign of life while something is owed; 0 where nothing is. */
  silentMs(nowMs: number): number {
    return this.isIdle && !this.#suspect ? 0 : this.quietMs(nowMs);
  }

  /** Time by which owed bytes are later than this connection's past explains. */
  lateMs(nowMs: number): number {
    const usual = this.#askedAtMs === undefined ? Math.max(1.5 * this.gapMs, 55) : this.#firstByteMs + 55;
    return Math.max(0, nowMs - this.#lastByteAtMs - usual);
  }

  /** Time since the last report of bytes, as far as more of them are likely to be there. */
  unreportedMs(nowMs: number): number {
    return this.#askedAtMs === undefined ? Math.min(nowMs - this.#lastByteAtMs, 60) : 0;
  }

  /** When it will have delivered what it owes, or all up to the end of `last`, at `rate` bytes a second. */
  endAtMs(nowMs: number, rate: number, last?: Segment): number {
    let owed = 0;
    let stray = this.#drainsUntilMs;
    let passed = this.#streamAt;
    for (const segment of this.segments) {
      if (segment.position < segment.end) {
        // What strays in front of it has to come first.
        if (stray > nowMs) owed = Math.max(owed, stray);
        // A part of its own: the server takes it up only once the one before is done.
        else if (owed > 0) owed += this.#partGapMs;
        const bytes = segment.end - (this.isOneStream ? passed : segment.position);
        owed = Math.max(owed, this.#comesFromMs(nowMs)) + (Math.max(0, bytes) / Math.max(1, rate)) * 1000;
        passed = segment.end;
      }
      if (segment === last) break;
      if (segment.strayUntilMs > stray) stray = segment.strayUntilMs;
    }
    if (owed === 0) return nowMs;
    // One that reports seldom will not do so right now.
    const next = this.#askedAtMs === undefined && this.gapMs > trickleGapMs ? this.#lastByteAtMs + 2 * this.gapMs : 0;
    return Math.max(nowMs, owed + this.lateMs(nowMs), next);
  }

  /** When what strays on this connection has passed: nothing new comes before. */
  strayUntilMs(): number {
    let stray = this.#drainsUntilMs;
    for (const segment of this.segments) if (segment.strayUntilMs > stray) stray = segment.strayUntilMs;
    return stray;
  }

  /** Time that passes between two parts, although the second was asked for in time. */
  get partGapMs(): number {
    return this.#partGapMs;
  }

  /** Until its first byte comes nothing does; afterwards the last report is what the rest is counted from. */
  #comesFromMs(nowMs: number): number {
    if (this.lateMs(nowMs) > 0) return nowMs;
    return this.#askedAtMs === undefined ? this.#lastByteAtMs : this.#askedAtMs + this.#firstByteMs;
  }

  /** The silence that makes it a suspect: longer than its past explains. */
  get stallMs(): number {
    return Math.max(stallMsMin, 4 * this.#firstByteMs);
  }

  markSuspect(): void {
    this.#suspect = true;
    this.#stalls += 1;
    this.#heldBytes = Math.ceil(((this.rate ?? 0) * this.latencyMs) / 1000);
    this.#meter.forget();
  }

  /** What was on its way when it became a suspect, as far as can be known. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What it counts with until it is measured, as a share of the mean: each silence without a byte since takes three quarters. */
  get trust(): number {
    return 0.25 ** this.#stalls;
  }

  /** True where it is time to ask how late it is, or whether it lives; then it counts as asked. */
  takeProbe(nowMs: number, leftMs: number): boolean {
    return this.#probing.take(nowMs, leftMs, this.receivedBytes);
  }
}
