import { expect, test } from 'vitest';
import { limitAt, limitOf, shareRate } from '../../../src/daemon/queue/rate-sharing.js';

const all = (speeds: readonly number[], total: number | undefined, limits: readonly (number | undefined)[] = []) =>
  shareRate(
    speeds.map((speedBytesPerSec, n) => ({ speedBytesPerSec, limitBytesPerSec: limits[n] })),
    total,
  );

test('without a limit of the queue each download has its own', () => {
  expect(all([5000, 9000], undefined, [undefined, 4000])).toEqual([undefined, 4000]);
});

test('downloads that want more than there is get equal parts', () => {
  expect(all([900_000, 900_000], 1_000_000)).toEqual([500_000, 500_000]);
});

test('what a slow download cannot use goes to the others', () => {
  const [slow = 0, fast = 0] = all([10_000, 900_000], 1_000_000);
  expect(fast).toBeGreaterThan(slow);
  expect(slow + fast).toBeLessThanOrEqual(1_000_000);
});

test('nobody gets more than its own limit, and all together not more than there is', () => {
  const shares = all([50_000, 800_000, 800_000], 600_000, [60_000, undefined, 100_000]);
  expect(shares[2]).toBeLessThanOrEqual(100_000);
  expect(shares.reduce<number>((sum, share) => sum + (share ?? 0), 0)).toBeLessThanOrEqual(600_000);
});

test('the option "0" is no limit, and a limit is at least 1 KiB', () => {
  expect(limitOf('0')).toBeUndefined();
  expect(limitOf(undefined)).toBeUndefined();
  expect(limitOf('5')).toBe(1024);
  expect(limitOf('300000')).toBe(300_000);
});

test('a schedule counts before the limit where one of its rules holds', () => {
  const options = { 'max-download-limit': '300000', 'max-download-limit-schedule': 'mon 08:00-18:00 100K; tue 0' };
  const at = (day: number, hour: number): number | undefined =>
    limitAt(options, 'max-download-limit', { day, minute: hour * 60 });
  expect(at(1, 9)).toBe(100 * 1024);
  expect(at(1, 19)).toBe(300_000);
  expect(at(2, 9)).toBeUndefined();
  expect(limitAt({}, 'max-overall-download-limit', { day: 1, minute: 0 })).toBeUndefined();
});
