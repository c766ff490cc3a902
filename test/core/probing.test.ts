import { expect, test } from 'vitest';
import { Probing } from '../../src/core/probing.js';

const farEndMs = 60_000;

/** When a connection is probed in its first `ms`, each probe answered at once. */
function probedAt(ms: number): number[] {
  const probing = new Probing(0);
  const at: number[] = [];
  for (let nowMs = 0; nowMs <= ms; nowMs += 50) {
    if (!probing.take(nowMs, farEndMs, 0)) continue;
    at.push(nowMs);
    probing.answered(nowMs + 10, 0, { hasStalled: false, isBusy: true });
  }
  return at;
}

test('a young connection is probed four times a second: it fills the way, and what the last answer said is soon wrong', () => {
  expect(probedAt(1900)).toEqual([250, 500, 750, 1000, 1250, 1500, 1750]);
});

test('an old one every two seconds, with much to do', () => {
  const late = probedAt(9000).filter((ms) => ms >= 2000);
  for (const [i, ms] of late.slice(1).entries()) expect(ms - (late[i] ?? 0)).toBe(2000);
  expect(late.length).toBeGreaterThan(3);
});
