import fc from 'fast-check';
import { expect, test } from 'vitest';
import { intersectRanges, rangeBytes } from '../../src/base/byte-range.js';

const ranges = fc.tuple(fc.nat(50), fc.nat(50)).map(([start, bytes]) => ({ start, end: start + bytes }));

function bytesOf(range: { start: number; end: number }): number[] {
  return Array.from({ length: range.end - range.start }, (_, i) => range.start + i);
}

test('a range has its start and not its end', () => {
  expect(rangeBytes({ start: 3, end: 5 })).toBe(2);
  expect(rangeBytes({ start: 3, end: 3 })).toBe(0);
});

test('ranges that touch share no byte', () => {
  expect(intersectRanges({ start: 0, end: 5 }, { start: 5, end: 9 })).toBeUndefined();
  expect(intersectRanges({ start: 4, end: 4 }, { start: 0, end: 9 })).toBeUndefined();
});

test('what two ranges share is exactly the bytes that both have, in either order', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const shared = intersectRanges(a, b);
      expect(shared === undefined ? [] : bytesOf(shared)).toEqual(bytesOf(a).filter((n) => bytesOf(b).includes(n)));
      expect(intersectRanges(b, a)).toEqual(shared);
    }),
    { numRuns: 500 },
  );
});
