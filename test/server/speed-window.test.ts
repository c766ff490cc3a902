import { expect, it } from 'vitest';
import { SpeedWindow } from '../../src/server/speed-window.js';

function sampled(totalAt: (ms: number) => number, untilMs: number): SpeedWindow {
  const window = new SpeedWindow();
  for (let ms = 0; ms <= untilMs; ms += 250) window.add(ms, totalAt(ms));
  return window;
}

it('is a steady speed', () => {
  expect(sampled((ms) => ms * 5, 10_000).bytesPerSec(10_100, 50_500)).toBeCloseTo(5000);
});

it('forgets what was more than two seconds ago', () => {
  const total = (ms: number): number => Math.min(ms, 5000) * 5;
  expect(sampled(total, 6000).bytesPerSec(6000, 25_000)).toBeGreaterThan(0);
  expect(sampled(total, 7500).bytesPerSec(7500, 25_000)).toBe(0);
});

it('is nothing without samples, or with old ones alone', () => {
  expect(new SpeedWindow().bytesPerSec(0, 100)).toBe(0);
  expect(sampled((ms) => ms, 1000).bytesPerSec(60_000, 5000)).toBe(0);
});
