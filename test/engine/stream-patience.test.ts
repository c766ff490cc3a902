import { expect, test } from 'vitest';
import { StreamPatience } from '../../src/engine/stream-patience.js';

test('a stream that is cut is begun anew later each time, until it gets further', () => {
  const patience = new StreamPatience(60_000);
  patience.came(1000, 0);
  const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
    patience.cut(0);
    return [100, 249, 250, 499, 500, 999, 1000, 2000, 4000, 8000, 10_000].find((ms) => patience.mayBegin(ms));
  });
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000]);
  patience.came(999, 0);
  expect(patience.cuts).toBe(7);
  patience.came(1001, 0);
  patience.cut(0);
  expect(patience.mayBegin(250)).toBe(true);
  expect(patience.furthest).toBe(1001);
});

test('it is over where it gets no further for too long, and never before a cut or while it rests', () => {
  const patience = new StreamPatience(5000);
  patience.came(0, 0);
  expect(patience.isOver(6000)).toBe(false);
  patience.cut(6000);
  expect(patience.isOver(6000)).toBe(true);
  patience.rested(6000);
  expect(patience.isOver(11_000)).toBe(false);
  patience.came(10, 11_000);
  patience.cut(11_500);
  expect(patience.isOver(16_000)).toBe(false);
  expect(patience.isOver(16_001)).toBe(true);
});
