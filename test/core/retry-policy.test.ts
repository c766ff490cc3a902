import { expect, test } from 'vitest';
import { defaultRetryPolicy, retryDelayMs } from '../../src/core/retry-policy.js';

test('delays grow from the first one up to the longest', () => {
  const delays = [1, 2, 3, 4, 10, 11, 60].map((failures) => Math.round(retryDelayMs(defaultRetryPolicy, failures, 0)));
  expect(delays).toEqual([250, 313, 391, 488, 1863, 2000, 2000]);
});

test('none is longer than the first and a quarter of the time for which the source has been gone', () => {
  let goneMs = 0;
  for (let failures = 1; failures <= 30; failures += 1) {
    const delayMs = retryDelayMs(defaultRetryPolicy, failures, 0);
    expect(delayMs).toBeLessThanOrEqual(250 + goneMs / 4 + 1e-9);
    goneMs += delayMs;
  }
});

test('up to a quarter is taken off at random, so that clients spread', () => {
  expect(retryDelayMs(defaultRetryPolicy, 1, 0.5)).toBe(218.75);
  expect(retryDelayMs(defaultRetryPolicy, 1, 0.999999)).toBeGreaterThan(187);
});

test('a source that is back is found within 5 s, whenever the last attempt was', () => {
  expect(retryDelayMs(defaultRetryPolicy, 1000, 0)).toBeLessThan(4000);
});

test('no failure yet counts as a first one', () => {
  expect(retryDelayMs(defaultRetryPolicy, 0, 0)).toBe(250);
});
