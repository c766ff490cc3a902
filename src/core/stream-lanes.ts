import type { ByteRange } from '../base/byte-range.js';
import { formatBytes } from '../base/units.js';
import type { Lane, Segment } from './lane.js';
import type { OrderBook } from './order-book.js';
import type { Reading } from './reading.js';
import { stealBytesMin } from './split.js';

/** Less than this, or than comes in this time, is not taken from others: they are done with it as soon. */
const takenBytesMin = 64 * 1024;
const takenMsMin = 100;
/** Nor, where that was asked for already, unless they are so much later with it. */
const takenGainMsMin = 2000;
/** What is skipped for bytes that others bring so much later, and in so many times as long, may be more than they are, up to so much of the file. */
const skippedGainMsMin = 1000;
const skippedTimesMin = 2;
const skippedShareMax = 0.04;
/** What a stream holds may be so much farther than it comes, before it gives that back. */
const shortenedShare = 0.1;
/** With less time left than this what is given stays with whom it was given to. */
const clearedMsMin = 2000;
/** A stream that is so many times as fast as the one in use takes its place. */
const fasterMin = 1.25;
/** A second stream is tried until it gets no faster from one window to the next, of so many round trips. */
const windowRoundTrips = 2;
const windowMsMin = 100;
const windowGainMin = 1.3;
const trialMsMax = 4000;
/** And what may come twice for it. */
const trialBytesMin = 256 * 1024;
const trialShareMax = 0.04;
/** It is tried again once the one in use is so much slower than it was then. */
const slowerMax = 0.7;
/** With less time left than this another stream could not make up for what it skips. */
const trialLeftMsMin = 3000;

/** A part of what somebody holds, or of what nobody does. */
interface Takeable extends ByteRange {
  readonly holder: { readonly lane: Lane; readonly segment: Segment } | undefined;
}

interface Trial {
  readonly lane: Lane;
  readonly sinceMs: number;
  /** The window at hand, and what the one before brought, in bytes a second. */
  windowAtMs: number;
  windowAt: number;
  rate: number;
}

/**
 * Connections that bring the file from its start on only. All of them bring the same bytes, so one is in use at a time,
 * and it is given what it passes anyway: the others leave the file's start to it and come from the end.
 *
 * Owns: them (`#lanes`), which one is in use (`#leader`), and who is being tried beside it.
 */
export class StreamLanes {
  readonly #book: OrderBook;
  readonly #reading: Reading;
  readonly #onItsWay: (lane: Lane) => number;
  readonly #fileBytes: number;
  readonly #lanes = new Set<Lane>();
  #leader: Lane | undefined;
  #trial: Trial | undefined;
  /** How fast the one in use was when another one was tried beside it. */
  readonly #tried = new Map<Lane, number>();

  /** @param onItsWay Bytes that come on a connection whatever it is told. */
  constructor(book: OrderBook, reading: Reading, onItsWay: (lane: Lane) => number) {
    this.#book = book;
    this.#reading = reading;
    this.#onItsWay = onItsWay;
    this.#fileBytes = book.free.bytes;
  }

  /** Somebody is bringing the start: what is behind it is best brought from the end on. */
  get isLed(): boolean {
    return this.#leader !== undefined && !this.#reading.isOn;
  }

  /** What it holds is only there to have it send. */
  tries(lane: Lane): boolean {
    return this.#trial?.lane === lane;
  }

  /** The one in use. */
  get leader(): Lane | undefined {
    return this.#leader;
  }

  /** The one in use gives back what is farther than `travelBytes` from where it is. */
  shorten(travelBytes: number): void {
    const lane = this.#leader;
    if (lane === undefined) return;
    const slack = Math.max(takenBytesMin, travelBytes * shortenedShare);
    const limit = Math.ceil(lane.streamAt + travelBytes);
    for (const segment of [...lane.segments].reverse()) {
      if (segment.end <= limit + slack) return;
      const reason = 'others come there sooner: it sends the file from its start on only';
      this.#book.trim(lane, segment, Math.max(segment.position, Math.min(segment.end, limit)), reason);
    }
  }

  /** Looks anew who is there: one brings the start, the others wait until it fails or is slower than they are. */
  rank(): void {
    if (this.#lanes.size === 0) return;
    const usable = [...this.#lanes].filter((lane) => !lane.isSuspect && !lane.isRetiring && !lane.isReserve);
    if (this.#leader !== undefined && !usable.includes(this.#leader)) this.#lead(undefined);
    if (this.#leader === undefined) {
      this.#lead(usable.reduce<Lane | undefined>(fasterOf, undefined));
      if (this.isLed) this.#clearTheWay();
    }
    for (const lane of usable) this.#setSpare(lane, lane !== this.#leader);
    if (this.#leader === undefined || usable.length < 2 || this.#reading.isOn) return;
    this.#judgeTrial(this.#leader);
    this.#changeOver(this.#leader, usable);
    this.#try(this.#leader, usable);
  }

  added(lane: Lane): void {
    if (lane.isOneStream) this.#lanes.add(lane);
  }

  removed(lane: Lane): void {
    this.#lanes.delete(lane);
    this.#tried.delete(lane);
    if (this.#trial?.lane === lane) this.#trial = undefined;
    if (this.#leader === lane) this.#leader = undefined;
  }

  /** Gives the connection what it comes by, of what nobody holds and of what others were to bring; false where there is nothing. */
  feed(lane: Lane, travelBytes: number, othersHaveRanges: boolean): boolean {
    if (this.#reading.isOn) return this.#feedReader(lane, travelBytes, othersHaveRanges);
    // It may have been told to stop before the end of what it was asked for last.
    const at = lane.isIdle ? lane.streamAt : (lane.segments.at(-1)?.end ?? lane.streamAt);
    const own = travelBytes + (lane.isIdle ? this.#fileBytes * skippedShareMax : lane.streamAt - at);
    const most = othersHaveRanges ? own : Infinity;
    const ahead = this.#ahead(lane, at, Math.ceil(at + most));
    const taken = othersHaveRanges ? this.#worthwhile(ahead, at, lane) : ahead;
    const bytes = taken.reduce((sum, range) => sum + range.end - range.start, 0);
    const least = Math.max(takenBytesMin, (this.#book.board.rateOf(lane) * takenMsMin) / 1000);
    const asked = bytes > 0 && (bytes >= least || lane.isIdle || !othersHaveRanges);
    if (asked) this.#take(lane, taken);
    return asked || (!othersHaveRanges && lane.isIdle && this.#startOver(lane));
  }

  /** For a reader: what is wanted next, where the stream comes by it. */
  #feedReader(lane: Lane, travelBytes: number, othersHaveRanges: boolean): boolean {
    const first = this.#reading.firstFree(lane);
    if (first === undefined) return false;
    const at = lane.segments.at(-1)?.end ?? lane.streamAt;
    if (first.start < at && !othersHaveRanges && lane.isIdle) return this.#startOver(lane);
    const from = this.#book.free.atOrAfter(at) ?? first;
    const start = Math.max(from.start, at);
    const want = Math.max(stealBytesMin, travelBytes - lane.remainingBytes);
    if (start >= from.end || (othersHaveRanges && start - at > want)) return false;
    this.#ask(lane, start, Math.min(from.end, Math.ceil(start + want)));
    return true;
  }

  /** What is missing has gone by, and nobody else can bring it: the file is asked for once more. */
  #startOver(lane: Lane): boolean {
    const first = this.#reading.firstFree(lane);
    if (first === undefined) return false;
    this.#ask(lane, first.start, first.end);
    return true;
  }

  #ask(lane: Lane, start: number, end: number): void {
    this.#book.free.remove(start, end);
    const reason = `${formatBytes(end - start)}: it sends the file from its start on only`;
    this.#book.request(lane, start, end, undefined, reason);
  }

  /** What is not on its way elsewhere of [start, end), in the order of the file. */
  #ahead(lane: Lane, start: number, end: number): Takeable[] {
    const { board, free } = this.#book;
    const out: Takeable[] = [];
    for (const range of free.within(start, end)) out.push({ ...range, holder: undefined });
    for (const other of board.lanes()) {
      if (other === lane) continue;
      let kept = other.isSuspect ? 0 : this.#keeps(lane, other);
      for (const segment of other.segments) {
        const owed = Math.max(0, segment.end - segment.position);
        const stays = this.#isLeftTo(other, segment, lane) ? owed : Math.min(kept, owed);
        kept -= Math.min(kept, owed);
        const from = Math.max(start, segment.position + stays);
        const to = Math.min(end, segment.end);
        if (from < to) out.push({ start: from, end: to, holder: { lane: other, segment } });
      }
    }
    return out.sort((a, b) => a.start - b.start);
  }

  /** What was asked for and cannot be cut short stays with who is to bring it, unless the stream is there long before. */
  #isLeftTo(other: Lane, segment: Segment, lane: Lane): boolean {
    if (!other.isParted || !segment.isAsked || other.isSuspect) return false;
    const { board, nowMs } = this.#book;
    const comesByMs = (Math.max(0, segment.end - lane.streamAt) / board.rateOf(lane)) * 1000;
    return other.endAtMs(nowMs, board.rateOf(other), segment) - nowMs < comesByMs + takenGainMsMin;
  }

  /**
   * The longest run of ranges from `at` on that is more than what is to be skipped for it, or that others would bring much
   * later: with nothing else to do, it skips as fast as it brings.
   */
  #worthwhile(ahead: readonly Takeable[], at: number, lane: Lane): readonly Takeable[] {
    const { board, leftBytes } = this.#book;
    const rate = board.rateOf(lane);
    const othersMs = ((leftBytes - lane.remainingBytes) / Math.max(1, board.rateSum - rate)) * 1000;
    let brings = 0;
    let count = 0;
    ahead.forEach(({ start, end }, i) => {
      brings += end - start;
      const skips = end - at - brings;
      const isFree = lane.isIdle && skips <= this.#fileBytes * skippedShareMax;
      const comesByMs = ((end - lane.streamAt) / rate) * 1000;
      const isSooner = isFree && skippedTimesMin * comesByMs + skippedGainMsMin < othersMs;
      if (brings >= skips || isSooner) count = i + 1;
    });
    return ahead.slice(0, count);
  }

  /** What stays with another connection whatever is taken: what is on its way; with a slower stream, up to where it is overtaken. */
  #keeps(lane: Lane, other: Lane): number {
    if (!other.isOneStream || other.isIdle) return Math.ceil(this.#onItsWay(other));
    const [own, its] = [this.#book.board.rateOf(lane), this.#book.board.rateOf(other)];
    const meets = own <= its ? Infinity : (Math.max(0, other.streamAt - lane.streamAt) * its) / (own - its);
    const skips = (other.segments[0]?.position ?? 0) - other.streamAt;
    return Math.max(0, Math.ceil(meets - skips));
  }

  /** Takes ranges from whoever holds them; those that touch become one request. */
  #take(lane: Lane, taken: readonly Takeable[]): void {
    for (const { start, end, holder } of taken) {
      if (holder === undefined) this.#book.free.remove(start, end);
      else {
        const reason = 'left to one that comes by it: it sends the file from its start on only';
        const { end: before } = holder.segment;
        this.#book.trim(holder.lane, holder.segment, start, reason, false);
        this.#book.giveBack(end, before);
      }
    }
    for (let i = 0; i < taken.length;) {
      const first = taken[i];
      if (first === undefined) return;
      let { end } = first;
      for (i += 1; taken[i]?.start === end; i += 1) end = taken[i]?.end ?? end;
      const reason = `${formatBytes(end - first.start)}: it sends the file from its start on only`;
      const asked = this.#book.request(lane, first.start, end, first.holder?.lane.source, reason);
      for (const { holder } of taken)
        if (holder?.segment.end === first.start) holder.segment.taker = { lane, segment: asked };
    }
  }

  // Which of them is in use.

  #lead(lane: Lane | undefined): void {
    this.#leader = lane;
    if (lane !== undefined && this.#trial?.lane === lane) this.#trial = undefined;
  }

  /** What others were to bring in the order of the file is anybody's again: from now on they begin at its end. */
  #clearTheWay(): void {
    const { board, leftMs } = this.#book;
    if (leftMs < clearedMsMin) return;
    for (const lane of board.lanes()) {
      if (lane.isOneStream || lane.isSuspect || lane.isRetiring) continue;
      const kept = Math.max(lane.uncuttableBytes, this.#onItsWay(lane));
      this.#book.takeBack(lane, Math.ceil(kept), 'the start comes in one stream from another one');
    }
  }

  #setSpare(lane: Lane, isSpare: boolean): void {
    if (lane.isSpare === isSpare) return;
    lane.isSpare = isSpare;
    this.#book.board.refresh(lane, this.#book.nowMs);
  }

  /** How fast another stream is shows only while it brings what nobody needs: each is tried once, for a moment. */
  #try(leader: Lane, usable: readonly Lane[]): void {
    const { board, leftMs, nowMs } = this.#book;
    if (this.#trial !== undefined || leader.rate === undefined) return;
    if (leftMs < trialLeftMsMin) return;
    const slower = (one: Lane): boolean => board.rateOf(leader) < slowerMax * (this.#tried.get(one) ?? Infinity);
    const lane = usable.find((one) => one.isSpare && one.isIdle && slower(one));
    if (lane === undefined) return;
    const end = this.#farEnd(leader, lane.streamAt + this.#trialBytes);
    if (end === undefined) return;
    this.#tried.set(lane, board.rateOf(leader));
    this.#trial = { lane, sinceMs: nowMs, windowAtMs: Infinity, windowAt: 0, rate: 0 };
    const reason = 'finding out whether it is faster from the start on';
    this.#book.request(lane, end - stealBytesMin, end, leader.source, reason);
  }

  /** The end of a few bytes, as far away as can be and behind `least`, that nobody holds any more. */
  #farEnd(leader: Lane, least: number): number | undefined {
    const { free } = this.#book;
    const last = free.at(free.count - 1);
    if (last !== undefined && last.end - Math.max(last.start, least) >= stealBytesMin) {
      free.remove(last.end - stealBytesMin, last.end);
      return last.end;
    }
    const { tail } = leader;
    if (tail === undefined || tail.end - Math.max(tail.position, least) < 2 * stealBytesMin) return undefined;
    const { end } = tail;
    this.#book.trim(leader, tail, end - stealBytesMin, 'another one without ranges is tried', false);
    return end;
  }

  get #trialBytes(): number {
    return Math.max(trialBytesMin, this.#fileBytes * trialShareMax);
  }

  #judgeTrial(leader: Lane): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    const { lane, sinceMs } = trial;
    const { nowMs, board } = this.#book;
    const isOver = lane.isIdle || lane.isSuspect || nowMs - sinceMs > trialMsMax || lane.streamAt > this.#trialBytes;
    const isFaster = (lane.rate ?? 0) > fasterMin * board.rateOf(leader);
    if (!isFaster && !isOver && this.#isStillGrowing(trial)) return;
    this.#trial = undefined;
    this.#tried.set(lane, board.rateOf(leader));
    this.#book.takeBack(lane, 0, isFaster ? 'it brings the start instead' : 'another one without ranges is as fast');
  }

  /** It is in slow start, or nothing has come yet. */
  #isStillGrowing(trial: Trial): boolean {
    const { lane } = trial;
    const { nowMs } = this.#book;
    if (lane.streamAt === 0) return true;
    if (
      trial.windowAtMs < nowMs &&
      nowMs - trial.windowAtMs < Math.max(windowMsMin, windowRoundTrips * lane.firstByteMs)
    )
      return true;
    const rate = trial.windowAtMs === Infinity ? 0 : (lane.streamAt - trial.windowAt) / (nowMs - trial.windowAtMs);
    const grows = trial.windowAtMs === Infinity || rate > windowGainMin * trial.rate;
    Object.assign(trial, { windowAtMs: nowMs, windowAt: lane.streamAt, rate });
    return grows;
  }

  /** One that waits and was faster than the one in use is now takes over, where it can catch up in time. */
  #changeOver(leader: Lane, usable: readonly Lane[]): void {
    const { board, leftMs } = this.#book;
    const rate = board.rateOf(leader);
    if (leader.rate === undefined) return;
    const best = usable.reduce<Lane | undefined>(
      (a, b) => (b === leader || this.#trial?.lane === b ? a : fasterOf(a, b)),
      undefined,
    );
    if (best?.rate === undefined || best.rate < fasterMin * rate) return;
    const catchUpMs = (Math.max(0, leader.streamAt - best.streamAt) * 1000) / (best.rate - rate);
    if (catchUpMs > leftMs / 2) return;
    this.#book.takeBack(best, 0, 'it brings the start instead');
    this.#tried.set(leader, best.rate);
    this.#lead(best);
    this.#setSpare(best, false);
    this.#setSpare(leader, true);
  }
}

function fasterOf(a: Lane | undefined, b: Lane): Lane {
  return a === undefined || (b.rate ?? 0) > (a.rate ?? 0) ? b : a;
}
