import { expect, test } from 'vitest';
import { HedgeAllowance } from '../../src/core/hedge-allowance.js';

const mib = 1024 * 1024;

test('1.2% of the file and 256 KiB may come twice on purpose', () => {
  const hedges = new HedgeAllowance(100 * mib);
  expect(hedges.bytesLeft).toBeCloseTo(1.2 * mib + 256 * 1024);
  hedges.hedged(mib);
  expect(hedges.bytesLeft).toBeCloseTo(0.2 * mib + 256 * 1024);
});

test('of a small file that is not 256 KiB, but 2%', () => {
  expect(new HedgeAllowance(mib).bytesLeft).toBeCloseTo(0.032 * mib);
});

test('small hedges are allowed when that is used up, until they are 2% of the file', () => {
  const hedges = new HedgeAllowance(100 * mib);
  hedges.hedged(1.9 * mib);
  expect(hedges.bytesLeft).toBeLessThan(0);
  expect(hedges.smallBytes()).toBe(32 * 1024);
  hedges.hedged(0.09 * mib);
  expect(hedges.smallBytes()).toBeCloseTo(0.01 * mib);
});
