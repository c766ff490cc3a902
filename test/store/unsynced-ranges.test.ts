import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnsyncedRanges } from '../../src/store/unsynced-ranges.js';

describe('the ranges claimed since the last sync', () => {
  it('are joined where they touch, and gone once taken', () => {
    const ranges = new UnsyncedRanges();
    for (const [start, end] of [
      [10, 20],
      [40, 50],
      [20, 30],
      [0, 5],
      [29, 41],
    ] as const) {
      ranges.add(start, end);
    }
    expect(ranges.take()).toEqual([
      { start: 0, end: 5 },
      { start: 10, end: 50 },
    ]);
    expect(ranges.take()).toEqual([]);
  });

  it('hold every byte that was added, in order and apart, and few of them', () => {
    const range = fc.tuple(fc.nat(20_000), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 1500, minLength: 1, size: 'max' }), (added) => {
        const ranges = new UnsyncedRanges();
        for (const [start, bytes] of added) ranges.add(start, start + bytes);
        const taken = ranges.take();
        expect(taken.length).toBeLessThanOrEqual(512);
        taken.forEach(({ start, end }, i) => {
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThan(taken[i + 1]?.start ?? Infinity);
        });
        for (const [start, bytes] of added) {
          expect(taken.some((t) => t.start <= start && start + bytes <= t.end)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });
});
