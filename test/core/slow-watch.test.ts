import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { SlowWatch } from '../../src/core/slow-watch.js';

const one = 0 as SourceId;

/** Asks each 50 ms what a source of that speed is taken for; returns when, and what for. */
function watch(slow: SlowWatch, bytesPerSec: (atMs: number) => number, ms: number): [number, number] | undefined {
  let bytes = 0;
  for (let now = 0; now <= ms; now += 50) {
    const found = slow.owes(one, bytes, now);
    if (found !== undefined) return [now, found];
    bytes += (bytesPerSec(now) * 50) / 1000;
  }
  return undefined;
}

describe('a source', () => {
  it('that is too slow for ten seconds is found, with the speed that it had', () => {
    expect(watch(new SlowWatch(50_000), () => 30_000, 60_000)).toEqual([10_000, 30_000]);
  });

  it('that brings nothing at all is found as well', () => {
    expect(watch(new SlowWatch(1), () => 0, 60_000)).toEqual([10_000, 0]);
  });

  it('that is fast enough on the whole is left alone, however it is at times', () => {
    expect(watch(new SlowWatch(50_000), (ms) => (ms % 5000 < 1000 ? 400_000 : 0), 60_000)).toBeUndefined();
  });

  it('that becomes slow is found ten seconds later at the most', () => {
    const [atMs = 0] = watch(new SlowWatch(50_000), (ms) => (ms < 20_000 ? 60_000 : 0), 60_000) ?? [];
    expect(atMs).toBeGreaterThan(20_000);
    expect(atMs).toBeLessThanOrEqual(30_100);
  });

  it('that had nothing to do meanwhile is judged anew', () => {
    const slow = new SlowWatch(50_000);
    for (let now = 0; now < 9000; now += 50) expect(slow.owes(one, 0, now)).toBeUndefined();
    slow.excuse(one);
    for (let now = 9000; now < 18_000; now += 50) expect(slow.owes(one, 0, now)).toBeUndefined();
    expect(slow.owes(one, 0, 19_000)).toBe(0);
  });
});
