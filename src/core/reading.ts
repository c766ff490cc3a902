import type { ByteRange } from '../base/byte-range.js';
import type { SourceId } from '../base/ids.js';
import type { Lane, Segment } from './lane.js';
import type { OrderBook } from './order-book.js';
import { stealBytesMin } from './split.js';

/** What a connection gets at once while somebody reads along, as time: short, so that all of them are soon at the next seek. */
const partMs = 1000;
/** And of a bounded window at most this share: while one part is coming the others have room for several more. */
const windowShareMax = 0.25;
/** The nearer to the reader, the shorter: what comes before a part takes at least this share of its time. */
const partsAhead = 0.5;
/** But a part below this is more requests than it is worth; and who reads on and on is not hurried for ever. */
const partMsMin = 100;
const partsSinceJump = 0.25;
/** The first part of a connection of whose source nothing is known. */
const firstPartBytes = 128 * 1024;
const firstPartBytesMin = 64 * 1024;
/** After a jump connections are not counted up for so long: a trial halves what is being waited for. */
const settleMs = 4000;
/** Who moves on by less has read it: what came is not all reported yet. */
const readBytesMax = 1024 * 1024;
/** A part that takes so many times longer than it was meant to is late. */
const lateFactor = 1.5;
/** The window grows in steps of this share of itself, so that a slow reader does not cause tiny requests. */
const windowSteps = 16;
/** Below this share of the window that nobody holds, connections may have to wait for the reader. */
const nearlyFullShare = 0.25;
/** A reader with fewer bytes before it than these will wait. */
const waitsBytes = 256 * 1024;
/** A smallest part that would block the window for more than this share of its time is not given to a slow connection. */
const blockShareMax = 0.5;

/**
 * Somebody reads the file in order, from `at` on: what is nearest is fetched first, each piece by all connections at once
 * and in parts that end together, since only a whole piece can be verified and read. Where the reader keeps only so much,
 * nothing beyond that is asked for.
 *
 * Owns the reader's place; the bytes that are beyond its window are the order book's.
 */
export class Reading {
  readonly #book: OrderBook;
  readonly #pieceBytes: number;
  readonly #sourceRate: (source: SourceId) => number | undefined;
  #at: number | undefined;
  #aheadBytes: number | undefined;
  #jumpedAtMs = -Infinity;

  /** @param sourceRate What one more connection to a source can be expected to deliver, in bytes a second. */
  constructor(book: OrderBook, pieceBytes: number, sourceRate: (source: SourceId) => number | undefined) {
    this.#book = book;
    this.#pieceBytes = pieceBytes;
    this.#sourceRate = sourceRate;
  }

  get isOn(): boolean {
    return this.#at !== undefined;
  }

  /** Nothing beyond a certain number of bytes may be asked for. */
  get isBounded(): boolean {
    return this.#at !== undefined && this.#aheadBytes !== undefined;
  }

  /** In how long the window goes by at the speed of all together; Infinity where it has no bound. */
  get windowMs(): number {
    if (this.#at === undefined || this.#aheadBytes === undefined) return Infinity;
    return (this.#aheadBytes / this.#book.board.rateSum) * 1000;
  }

  /** The reader has just jumped, and all there is goes to where it is now. */
  get isSettling(): boolean {
    return this.#at !== undefined && !this.isBounded && this.#book.nowMs - this.#jumpedAtMs < settleMs;
  }

  /** There is little that may be asked for: who waits for the reader now says nothing of what could be delivered. */
  get isNearlyFull(): boolean {
    return this.#aheadBytes !== undefined && this.#book.free.bytes < this.#aheadBytes * nearlyFullShare;
  }

  /**
   * The reader is at `at`, or away. True where it jumped: what it wants next is not what was asked for in order.
   */
  move(at: number | undefined, aheadBytes: number | undefined): boolean {
    const before = this.#at;
    this.#at = at;
    this.#aheadBytes = aheadBytes;
    this.#book.isRead = at !== undefined && aheadBytes === undefined;
    this.#book.moveLimit(this.#limit());
    if (at === undefined) return false;
    const stepMax = readBytesMax + this.#pieceBytes;
    const jumped = before === undefined || at < before || (at - before > stepMax && this.#book.lacks(before, at));
    if (jumped) this.#jumpedAtMs = this.#book.nowMs;
    return jumped;
  }

  /**
   * The nearest bytes that nobody holds, of those that this connection brings in time: a slow one is given what is wanted
   * later. What is behind the reader comes last.
   */
  firstFree(lane: Lane): ByteRange | undefined {
    const { free } = this.#book;
    const at = this.#at;
    if (at === undefined) return free.at(0);
    const next = this.#freeFrom(at);
    if (next === undefined) return free.at(0);
    const { board } = this.#book;
    const rate = lane.rate ?? this.#sourceRate(lane.source);
    if (rate === undefined || this.isBounded || this.#shareOf(lane, rate, next.start) >= stealBytesMin) return next;
    return this.#freeFrom(Math.floor(next.start + board.rateSum * (stealBytesMin / rate))) ?? next;
  }

  /** What a connection may be given at once, from `start` on. */
  partBytesMax(lane: Lane, start: number): number {
    const at = this.#at;
    if (at === undefined) return Infinity;
    const { board } = this.#book;
    const rate = lane.rate ?? this.#sourceRate(lane.source);
    if (this.#aheadBytes !== undefined) {
      const byTime = rate === undefined ? firstPartBytes : (rate * partMs) / 1000;
      return Math.min(byTime, (this.#aheadBytes * windowShareMax * (rate ?? board.rateOf(lane))) / board.rateSum);
    }
    // So that four of them bring the first piece together.
    if (rate === undefined) return Math.max(firstPartBytesMin, Math.min(firstPartBytes, this.#pieceBytes / 4));
    const aheadMs = start < at ? Infinity : ((start - at) / board.rateSum) * 1000;
    const byTime = (rate * Math.max(this.#leastMs(), Math.min(partMs, aheadMs * partsAhead))) / 1000;
    const wanted = Math.max(byTime, Math.min(this.#shareOf(lane, rate, start), (rate * partMs) / 1000));
    return Math.min(wanted, this.#believedBytes(lane));
  }

  /**
   * It holds as much as it can be believed to bring soon: the first bytes come from buffers, and faster than those that
   * follow.
   */
  holdsEnough(lane: Lane): boolean {
    if (this.#at === undefined || this.#aheadBytes !== undefined || lane.rate === undefined) return false;
    return lane.remainingBytes >= this.#believedBytes(lane);
  }

  /** True where `bytes` would take this connection so long that everybody would wait for it, with a full window. */
  wouldBlock(lane: Lane, bytes: number): boolean {
    const { board } = this.#book;
    const rate = lane.rate ?? this.#sourceRate(lane.source);
    if (this.#at === undefined || this.#aheadBytes === undefined || rate === undefined) return false;
    if (rate >= board.meanRate) return false;
    const takesMs = this.#book.board.endAtMs(lane, this.#book.nowMs) - this.#book.nowMs + (bytes / rate) * 1000;
    return takesMs > ((this.#aheadBytes * blockShareMax) / board.rateSum) * 1000;
  }

  /** The reader has come to what is still to arrive, or nearly. */
  get isWaiting(): boolean {
    const head = this.head();
    return head !== undefined && head.segment.position - (this.#at ?? 0) < waitsBytes;
  }

  /** Who is to bring what the reader wants next, where somebody is. */
  head(): { readonly lane: Lane; readonly segment: Segment } | undefined {
    const at = this.#at;
    if (at === undefined) return undefined;
    let best: { readonly lane: Lane; readonly segment: Segment } | undefined;
    let bestAt = this.#book.free.atOrAfter(at)?.start ?? Infinity;
    for (const lane of this.#book.board.lanes()) {
      for (const segment of lane.segments) {
        const from = Math.max(at, segment.position);
        if (from >= segment.end || from >= bestAt) continue;
        bestAt = from;
        best = { lane, segment };
      }
    }
    return best;
  }

  /** True where the part that the reader waits for will be there in `leftMs` only. */
  isLate(leftMs: number, startMs: number): boolean {
    return leftMs > lateFactor * this.#partMs() + startMs;
  }

  /** What a connection keeps of what it holds when the reader jumps: its part of what is wanted soon, where it has that. */
  keptBytes(lane: Lane): number {
    const [first] = lane.segments;
    const at = this.#at;
    if (first === undefined || at === undefined || first.position < at) return 0;
    const soonBytes = (2 * partMs * this.#book.board.rateSum) / 1000;
    if (first.position >= at + soonBytes) return 0;
    const rate = lane.rate ?? this.#sourceRate(lane.source);
    return rate === undefined ? firstPartBytes : (rate * this.#pieceBytes) / this.#book.board.rateSum;
  }

  #believedBytes(lane: Lane): number {
    return Math.max(firstPartBytes, lane.receivedBytes);
  }

  #freeFrom(at: number): ByteRange | undefined {
    const next = this.#book.free.atOrAfter(at);
    return next === undefined ? undefined : { start: Math.max(next.start, at), end: next.end };
  }

  /** What a connection brings of the piece at `start`, so that all are done with it and with what they hold at the same time. */
  #shareOf(lane: Lane, rate: number, start: number): number {
    const { board, free } = this.#book;
    const end = start - (start % this.#pieceBytes) + this.#pieceBytes;
    const together = board.owedBytes + free.overlapBytes(start, end);
    return (together * rate) / board.rateSum - lane.remainingBytes;
  }

  /** What the part that the reader waits for was to take. */
  #partMs(): number {
    const { rateSum } = this.#book.board;
    if (this.#aheadBytes !== undefined) return Math.min(partMs, ((this.#aheadBytes * windowShareMax) / rateSum) * 1000);
    return Math.min(partMs, Math.max(this.#leastMs(), (this.#pieceBytes / rateSum) * 1000));
  }

  #leastMs(): number {
    return Math.min(partMs, Math.max(partMsMin, (this.#book.nowMs - this.#jumpedAtMs) * partsSinceJump));
  }

  #limit(): number {
    if (this.#at === undefined || this.#aheadBytes === undefined) return Infinity;
    const step = Math.max(1, Math.min(this.#pieceBytes, Math.floor(this.#aheadBytes / windowSteps)));
    return Math.floor((this.#at + this.#aheadBytes) / step) * step;
  }
}
