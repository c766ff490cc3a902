import type { SourceId } from '../base/ids.js';

/** Bytes that an earlier run delivered and this one re-verified. */
export const fromEarlierRun = -2 as SourceId;

/** A run of bytes that one source delivered. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly source: SourceId;
}

/**
 * Who delivered which bytes: sorted, disjoint runs; neighbours of one source are one run.
 *
 * Invariant: starts[i] < ends[i] <= starts[i + 1], and touching runs differ in source.
 */
export class Provenance {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #sources: SourceId[] = [];

  get count(): number {
    return this.#starts.length;
  }

  /** Says that `source` delivered [start, end), whatever was known of it before. */
  set(start: number, end: number, source: SourceId): void {
    if (start >= end) return;
    this.clear(start, end);
    let at = this.#firstEndingAfter(start);
    let from = start;
    let to = end;
    let replaced = 0;
    if (at > 0 && this.#ends[at - 1] === start && this.#sources[at - 1] === source) {
      at -= 1;
      from = this.#starts[at] ?? start;
      replaced += 1;
    }
    if (this.#starts[at + replaced] === end && this.#sources[at + replaced] === source) {
      to = this.#ends[at + replaced] ?? end;
      replaced += 1;
    }
    this.#splice(at, replaced, [{ start: from, end: to, source }]);
  }

  /** Forgets who delivered [start, end). */
  clear(start: number, end: number): void {
    if (start >= end) return;
    const at = this.#firstEndingAfter(start);
    let to = at;
    const kept: Run[] = [];
    for (; to < this.#starts.length && (this.#starts[to] ?? 0) < end; to += 1) {
      const run = this.#run(to);
      if (run.start < start) kept.push({ ...run, end: start });
      if (run.end > end) kept.push({ ...run, start: end });
    }
    if (to > at) this.#splice(at, to - at, kept);
  }

  /** The runs within [start, end), cut to it, in order. */
  within(start: number, end: number): Run[] {
    const out: Run[] = [];
    if (start >= end) return out;
    for (let i = this.#firstEndingAfter(start); i < this.#starts.length; i += 1) {
      const run = this.#run(i);
      if (run.start >= end) break;
      out.push({ start: Math.max(run.start, start), end: Math.min(run.end, end), source: run.source });
    }
    return out;
  }

  /** The runs of one source, in order. */
  of(source: SourceId): Run[] {
    return this.#sources.flatMap((s, i) => (s === source ? [this.#run(i)] : []));
  }

  #run(index: number): Run {
    return {
      start: this.#starts[index] ?? 0,
      end: this.#ends[index] ?? 0,
      source: this.#sources[index] ?? fromEarlierRun,
    };
  }

  #splice(at: number, count: number, runs: readonly Run[]): void {
    this.#starts.splice(at, count, ...runs.map((r) => r.start));
    this.#ends.splice(at, count, ...runs.map((r) => r.end));
    this.#sources.splice(at, count, ...runs.map((r) => r.source));
  }

  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
