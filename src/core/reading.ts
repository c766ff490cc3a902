import type { ByteRange } from '../base/byte-range.js';
import type { SourceId } from '../base/ids.js';
import type { Lane, Segment } from './lane.js';
import type { OrderBook } from './order-book.js';

/** What a connection gets at once while somebody reads along, as time: short, so that all of them are soon at the next seek. */
const partMs = 1000;
/** And of a bounded window at most this share: while one part is coming the others have room for several more. */
const windowShareMax = 0.25;
/** The first part of a connection of whose source nothing is known. */
const firstPartBytes = 128 * 1024;
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
 * Somebody reads the file in order, from `at` on: what is nearest is fetched first, in parts of at most a second, and where
 * the reader keeps only so much, nothing beyond that is asked for.
 *
 * Owns the reader's place; the bytes that are beyond its window are the order book's.
 */
export class Reading {
  readonly #book: OrderBook;
  readonly #pieceBytes: number;
  readonly #sourceRate: (source: SourceId) => number | undefined;
  #at: number | undefined;
  #aheadBytes: number | undefined;

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
    this.#book.moveLimit(this.#limit());
    if (at === undefined) return false;
    return before === undefined || at < before || this.#book.lacks(before, at);
  }

  /** The nearest bytes that nobody holds; behind the reader come last. */
  firstFree(): ByteRange | undefined {
    const { free } = this.#book;
    if (this.#at === undefined) return free.at(0);
    const next = free.atOrAfter(this.#at);
    return next === undefined ? free.at(0) : { start: Math.max(next.start, this.#at), end: next.end };
  }

  /** What a connection may be given at once. */
  partBytesMax(lane: Lane): number {
    if (this.#at === undefined) return Infinity;
    const { board } = this.#book;
    const rate = lane.rate ?? this.#sourceRate(lane.source);
    const byTime = rate === undefined ? firstPartBytes : (rate * partMs) / 1000;
    if (this.#aheadBytes === undefined) return byTime;
    return Math.min(byTime, (this.#aheadBytes * windowShareMax * (rate ?? board.rateOf(lane))) / board.rateSum);
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

  /** True where a part that was to take a second at most will be there in `leftMs` only. */
  isLate(leftMs: number, startMs: number): boolean {
    return leftMs > lateFactor * this.#partMs() + startMs;
  }

  /** True where [start, end) is not among what the reader wants soon: a connection may leave it for that. */
  canWait(start: number, end: number): boolean {
    if (this.#at === undefined) return true;
    const soonBytes = (2 * partMs * this.#book.board.rateSum) / 1000;
    return end <= this.#at || start >= this.#at + soonBytes;
  }

  #partMs(): number {
    if (this.#aheadBytes === undefined) return partMs;
    return Math.min(partMs, ((this.#aheadBytes * windowShareMax) / this.#book.board.rateSum) * 1000);
  }

  #limit(): number {
    if (this.#at === undefined || this.#aheadBytes === undefined) return Infinity;
    const step = Math.max(1, Math.min(this.#pieceBytes, Math.floor(this.#aheadBytes / windowSteps)));
    return Math.floor((this.#at + this.#aheadBytes) / step) * step;
  }
}
