import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/server/token-bucket.js';

/** Lets a greedy sender run on a clock of its own for `ms`; returns what it sent and its largest burst within 50 ms. */
function run(bytesPerSec: number, ms: number, frameBytes?: number): { total: number; burstMax: number } {
  const bucket = new TokenBucket(bytesPerSec, 0);
  const bytes = frameBytes ?? bucket.frameBytesMax;
  const sent: { atMs: number; bytes: number }[] = [];
  let nowMs = 0;
  while (nowMs < ms) {
    const waitMs = bucket.take(bytes, nowMs);
    if (waitMs === 0) sent.push({ atMs: nowMs, bytes });
    else nowMs += waitMs;
  }
  const within = (from: number): number =>
    sent.filter((s) => s.atMs >= from && s.atMs < from + 50).reduce((sum, s) => sum + s.bytes, 0);
  const total = sent.reduce((sum, s) => sum + s.bytes, 0);
  return { total, burstMax: Math.max(...sent.map((s) => within(s.atMs))) };
}

describe('TokenBucket', () => {
  it.each([64_000, 2_000_000, 500_000_000])('holds %d bytes a second', (rate) => {
    const { total } = run(rate, 10_000);
    expect(total).toBeGreaterThan(rate * 10 * 0.99);
    expect(total).toBeLessThan(rate * 10 * 1.01);
  });

  it.each([64_000, 2_000_000, 500_000_000])(
    'lets no more than 100 ms worth of %d bytes a second out in 50 ms',
    (rate) => {
      expect(run(rate, 1000).burstMax).toBeLessThan(rate / 10);
    },
  );

  it('holds the rate with frames larger than the burst that it keeps', () => {
    expect(run(64_000, 100_000, 65_536).total).toBeLessThan(6_400_000 * 1.02);
  });

  it('keeps nothing beyond the burst of a pause', () => {
    const bucket = new TokenBucket(1000, 0);
    bucket.take(100, 0);
    let taken = 0;
    while (bucket.take(1, 1_000_000) === 0) taken += 1;
    expect(taken).toBeLessThan(50);
  });

  it('gives back what was not sent', () => {
    const bucket = new TokenBucket(1000, 0);
    expect(bucket.take(1000, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBeGreaterThan(900);
    bucket.putBack(1000);
    expect(bucket.take(1, 0)).toBe(0);
  });

  it('asks for small frames at low rates', () => {
    expect(new TokenBucket(64_000, 0).frameBytesMax).toBeLessThanOrEqual(4096);
    expect(new TokenBucket(1, 0).frameBytesMax).toBe(2048);
    expect(new TokenBucket(100_000_000, 0).frameBytesMax).toBe(2_000_000);
  });
});
