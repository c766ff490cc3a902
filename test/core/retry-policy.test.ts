import { expect, test } from 'vitest';
import { defaultRetryPolicy, retryDelayMs } from '../../src/core/retry-policy.js';

test('delays double from the first one up to the longest', () => {
  const delays = [1, 2, 3, 4, 5, 6, 60].map((failures) => retryDelayMs(defaultRetryPolicy, failures, 0));
  expect(delays).toEqual([250, 500, 1000, 2000, 2000, 2000, 2000]);
});

test('up to a quarter is taken off at random, so that clients spread', () => {
  expect(retryDelayMs(defaultRetryPolicy, 3, 0.5)).toBe(875);
  expect(retryDelayMs(defaultRetryPolicy, 3, 0.999999)).toBeGreaterThan(749);
});

test('a source that is back is found within 5 s, whenever the last attempt was', () => {
  expect(retryDelayMs(defaultRetryPolicy, 1000, 0)).toBeLessThan(4000);
});

test('no failure yet counts as a first one', () => {
  expect(retryDelayMs(defaultRetryPolicy, 0, 0)).toBe(250);
});
