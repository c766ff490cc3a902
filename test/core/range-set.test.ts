import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RangeSet } from '../../src/core/range-set.js';

const space = 48;

const change = fc.record({
  op: fc.constantFrom('add' as const, 'remove' as const),
  start: fc.nat(space),
  length: fc.nat(16),
});

/** The same set, byte by byte. */
class NaiveSet {
  readonly bytes = new Set<number>();

  add(start: number, end: number): number {
    const before = this.bytes.size;
    for (let i = start; i < end; i += 1) this.bytes.add(i);
    return this.bytes.size - before;
  }

  remove(start: number, end: number): number {
    const before = this.bytes.size;
    for (let i = start; i < end; i += 1) this.bytes.delete(i);
    return before - this.bytes.size;
  }

  within(start: number, end: number): { start: number; end: number }[] {
    const out: { start: number; end: number }[] = [];
    for (let i = start; i < end; i += 1) {
      if (!this.bytes.has(i)) continue;
      const last = out.at(-1);
      if (last?.end === i) last.end = i + 1;
      else out.push({ start: i, end: i + 1 });
    }
    return out;
  }
}

describe('a range set', () => {
  test('holds what was added and not removed, as a set of bytes would', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.nat(space), fc.nat(16), (changes, from, length) => {
        const set = new RangeSet();
        const naive = new NaiveSet();
        for (const { op, start, length: bytes } of changes) {
          expect(set[op](start, start + bytes)).toBe(naive[op](start, start + bytes));
        }
        const end = from + length;
        const inside = naive.within(from, end);
        expect(set.bytes).toBe(naive.bytes.size);
        expect([...set]).toEqual(naive.within(0, 2 * space));
        expect(set.within(from, end)).toEqual(inside);
        expect(set.overlapBytes(from, end)).toBe(inside.reduce((sum, r) => sum + r.end - r.start, 0));
        expect(set.covers(from, end)).toBe(set.overlapBytes(from, end) === length);
        const gaps = set.gaps(from, end);
        expect(gaps.reduce((sum, r) => sum + r.end - r.start, 0)).toBe(length - set.overlapBytes(from, end));
        for (const gap of gaps) expect(set.overlapBytes(gap.start, gap.end)).toBe(0);
      }),
    );
  });

  test('keeps its ranges sorted, disjoint and apart', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const set = new RangeSet();
        for (const { op, start, length } of changes) set[op](start, start + length);
        const ranges = [...set];
        ranges.forEach((range, i) => {
          expect(range.start).toBeLessThan(range.end);
          expect(range.start).toBeGreaterThan(ranges[i - 1]?.end ?? -1);
        });
        expect(set.count).toBe(ranges.length);
        expect(set.isEmpty).toBe(ranges.length === 0);
      }),
    );
  });

  test('finds the range that holds an offset, or the next one', () => {
    const set = new RangeSet([
      { start: 10, end: 20 },
      { start: 30, end: 40 },
    ]);
    expect(set.atOrAfter(0)).toEqual({ start: 10, end: 20 });
    expect(set.atOrAfter(19)).toEqual({ start: 10, end: 20 });
    expect(set.atOrAfter(20)).toEqual({ start: 30, end: 40 });
    expect(set.atOrAfter(40)).toBeUndefined();
    expect(set.at(1)).toEqual({ start: 30, end: 40 });
    expect(set.at(2)).toBeUndefined();
  });

  test('an empty or reversed range changes nothing', () => {
    const set = new RangeSet([{ start: 1, end: 5 }]);
    expect([set.add(3, 3), set.add(9, 7), set.remove(2, 2), set.remove(4, 1)]).toEqual([0, 0, 0, 0]);
    expect([...set]).toEqual([{ start: 1, end: 5 }]);
    expect(set.covers(7, 7)).toBe(true);
  });

  test('works with offsets beyond 4 GiB', () => {
    const set = new RangeSet([{ start: 2 ** 40, end: 2 ** 40 + 10 }]);
    expect(set.remove(2 ** 40 + 3, 2 ** 40 + 4)).toBe(1);
    expect(set.bytes).toBe(9);
  });
});
