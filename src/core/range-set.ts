import type { ByteRange } from '../base/byte-range.js';

/**
 * A set of bytes, kept as sorted, disjoint, non-touching ranges. Look-ups are O(log n) in the number of ranges;
 * changes move the arrays' tails (a memmove), which at the sizes met here costs less than a tree.
 *
 * Invariant: starts[i] < ends[i] < starts[i + 1].
 */
export class RangeSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #bytes = 0;

  constructor(ranges: Iterable<ByteRange> = []) {
    for (const range of ranges) this.add(range.start, range.end);
  }

  /** Bytes in the set. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Ranges in the set. */
  get count(): number {
    return this.#starts.length;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** The range at `index` in order of offsets. */
  at(index: number): ByteRange | undefined {
    const start = this.#starts[index];
    const end = this.#ends[index];
    return start === undefined || end === undefined ? undefined : { start, end };
  }

  *[Symbol.iterator](): IterableIterator<ByteRange> {
    for (let i = 0; i < this.#starts.length; i += 1) {
      const range = this.at(i);
      if (range !== undefined) yield range;
    }
  }

  /** Puts [start, end) in; returns how many of its bytes are new. */
  add(start: number, end: number): number {
    if (start >= end) return 0;
    const from = this.#firstEndingAtOrAfter(start);
    let to = from;
    let mergedStart = start;
    let mergedEnd = end;
    let already = 0;
    for (; to < this.#starts.length; to += 1) {
      const s = this.#starts[to] ?? 0;
      const e = this.#ends[to] ?? 0;
      if (s > end) break;
      already += Math.max(0, Math.min(e, end) - Math.max(s, start));
      mergedStart = Math.min(mergedStart, s);
      mergedEnd = Math.max(mergedEnd, e);
    }
    this.#starts.splice(from, to - from, mergedStart);
    this.#ends.splice(from, to - from, mergedEnd);
    const added = end - start - already;
    this.#bytes += added;
    return added;
  }

  /** Takes [start, end) out; returns how many bytes were in. */
  remove(start: number, end: number): number {
    if (start >= end) return 0;
    const from = this.#firstEndingAfter(start);
    let to = from;
    let removed = 0;
    const keptStarts: number[] = [];
    const keptEnds: number[] = [];
    for (; to < this.#starts.length; to += 1) {
      const s = this.#starts[to] ?? 0;
      const e = this.#ends[to] ?? 0;
      if (s >= end) break;
      removed += Math.min(e, end) - Math.max(s, start);
      if (s < start) {
        keptStarts.push(s);
        keptEnds.push(start);
      }
      if (e > end) {
        keptStarts.push(end);
        keptEnds.push(e);
      }
    }
    if (removed === 0) return 0;
    this.#starts.splice(from, to - from, ...keptStarts);
    this.#ends.splice(from, to - from, ...keptEnds);
    this.#bytes -= removed;
    return removed;
  }

  /** True where every byte of [start, end) is in. */
  covers(start: number, end: number): boolean {
    if (start >= end) return true;
    const i = this.#firstEndingAfter(start);
    return (this.#starts[i] ?? Infinity) <= start && (this.#ends[i] ?? -Infinity) >= end;
  }

  /** Bytes of [start, end) that are in. */
  overlapBytes(start: number, end: number): number {
    let sum = 0;
    if (start >= end) return sum;
    for (let i = this.#firstEndingAfter(start); i < this.#starts.length; i += 1) {
      const s = this.#starts[i] ?? 0;
      if (s >= end) break;
      sum += Math.min(this.#ends[i] ?? 0, end) - Math.max(s, start);
    }
    return sum;
  }

  /** The parts of [start, end) that are in, in order. */
  within(start: number, end: number): ByteRange[] {
    const out: ByteRange[] = [];
    if (start >= end) return out;
    for (let i = this.#firstEndingAfter(start); i < this.#starts.length; i += 1) {
      const s = this.#starts[i] ?? 0;
      if (s >= end) break;
      out.push({ start: Math.max(s, start), end: Math.min(this.#ends[i] ?? 0, end) });
    }
    return out;
  }

  /** The parts of [start, end) that are not in, in order. */
  gaps(start: number, end: number): ByteRange[] {
    const out: ByteRange[] = [];
    let at = start;
    for (const range of this.within(start, end)) {
      if (range.start > at) out.push({ start: at, end: range.start });
      at = range.end;
    }
    if (at < end) out.push({ start: at, end });
    return out;
  }

  /** The range that holds `offset`, or else the next one after it. */
  atOrAfter(offset: number): ByteRange | undefined {
    return this.at(this.#firstEndingAfter(offset));
  }

  /** Index of the first range whose end is > offset. */
  #firstEndingAfter(offset: number): number {
    return this.#search((end) => end > offset);
  }

  /** Index of the first range whose end is >= offset: it touches or overlaps what begins there. */
  #firstEndingAtOrAfter(offset: number): number {
    return this.#search((end) => end >= offset);
  }

  #search(found: (end: number) => boolean): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (found(this.#ends[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
