import type { ByteRange } from '../base/byte-range.js';

/** More than a busy download touches between two syncs, and a bound where nobody syncs at all. */
const rangesMax = 512;

/**
 * The bytes that were claimed since the last sync of the part file: what a failed sync takes the ground from. Kept
 * coarse: with too many ranges neighbours become one with what lies between them, which costs a download, never a truth.
 *
 * Invariant: sorted, apart from each other, at most `rangesMax`.
 */
export class UnsyncedRanges {
  #ranges: ByteRange[] = [];

  add(start: number, end: number): void {
    let low = 0;
    for (let high = this.#ranges.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.end ?? Infinity) < start) low = middle + 1;
      else high = middle;
    }
    let past = low;
    for (
      let touched = this.#ranges[past];
      touched !== undefined && touched.start <= end;
      touched = this.#ranges[past]
    ) {
      start = Math.min(start, touched.start);
      end = Math.max(end, touched.end);
      past += 1;
    }
    this.#ranges.splice(low, past - low, { start, end });
    if (this.#ranges.length > rangesMax) this.#halve();
  }

  /** All of them; from here on there are none. */
  take(): readonly ByteRange[] {
    const ranges = this.#ranges;
    this.#ranges = [];
    return ranges;
  }

  #halve(): void {
    const half: ByteRange[] = [];
    for (let i = 0; i < this.#ranges.length; i += 2) {
      const first = this.#ranges[i];
      const second = this.#ranges[i + 1] ?? first;
      if (first !== undefined && second !== undefined) half.push({ start: first.start, end: second.end });
    }
    this.#ranges = half;
  }
}
