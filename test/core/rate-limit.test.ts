import { describe, expect, it } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { RateLimit, type RateReader } from '../../src/core/rate-limit.js';

const roundMs = 50;

interface Stream extends RateReader {
  /** What its server could deliver. */
  readonly bytesPerSec: number;
}

function stream(id: number, source: number, bytesPerSec: number): Stream {
  return { id: id as ConnectionId, source: source as SourceId, bytesPerSec };
}

/** What each stream has read after so many milliseconds; a server's bytes wait for their reader. */
function read(limit: RateLimit, streams: readonly Stream[], ms: number, fromMs = 0): number[] {
  const got = streams.map(() => 0);
  const waiting = streams.map(() => 0);
  for (let now = fromMs; now < fromMs + ms; now += roundMs) {
    limit.round(streams, now);
    streams.forEach((one, i) => {
      waiting[i] = (waiting[i] ?? 0) + (one.bytesPerSec * roundMs) / 1000;
      const bytes = Math.floor(Math.min(waiting[i] ?? 0, limit.left(one)));
      limit.took(one, bytes);
      waiting[i] = (waiting[i] ?? 0) - bytes;
      got[i] = (got[i] ?? 0) + bytes;
    });
  }
  return got;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

describe('a limit for all sources together', () => {
  it('is what they bring together, however many there are', () => {
    for (const count of [1, 3, 16]) {
      const limit = new RateLimit();
      limit.setTotal(1_000_000, 0);
      const streams = Array.from({ length: count }, (_, i) => stream(i, i, 10_000_000));
      const bytes = sum(read(limit, streams, 10_000));
      expect(bytes).toBeGreaterThan(9_900_000);
      expect(bytes).toBeLessThan(10_100_000);
    }
  });

  it('is shared equally by those that are fast', () => {
    const limit = new RateLimit();
    limit.setTotal(1_000_000, 0);
    const [a = 0, b = 0] = read(limit, [stream(0, 0, 50_000_000), stream(1, 1, 5_000_000)], 10_000);
    expect(Math.abs(a - b) / (a + b)).toBeLessThan(0.01);
  });

  it('is not left unused by those that are slow, who get all that they can bring', () => {
    const limit = new RateLimit();
    limit.setTotal(1_000_000, 0);
    const streams = [stream(0, 0, 10_000_000), stream(1, 1, 100_000), stream(2, 2, 20_000)];
    const [fast = 0, slow = 0, slowest = 0] = read(limit, streams, 20_000);
    expect(slow).toBeGreaterThan(1_980_000);
    expect(slowest).toBeGreaterThan(395_000);
    expect(fast + slow + slowest).toBeGreaterThan(19_500_000);
    expect(fast + slow + slowest).toBeLessThan(20_300_000);
  });

  it('gives a source with many connections no more than one with a single one', () => {
    const limit = new RateLimit();
    limit.setTotal(1_000_000, 0);
    const streams = [0, 1, 2, 3].map((id) => stream(id, 0, 10_000_000));
    const got = read(limit, [...streams, stream(4, 1, 10_000_000)], 10_000);
    expect(Math.abs(sum(got.slice(0, 4)) - (got[4] ?? 0))).toBeLessThan(100_000);
  });

  it('is paid back where a read was larger than its part', () => {
    const limit = new RateLimit();
    limit.setTotal(100_000, 0);
    const one = stream(0, 0, 1_000_000);
    limit.round([one], 0);
    limit.took(one, 50_000);
    expect(sum(read(limit, [one], 400, 50))).toBe(0);
    expect(sum(read(limit, [one], 1000, 450))).toBeGreaterThan(90_000);
  });

  it('saves up nothing worth mentioning while nobody reads', () => {
    const limit = new RateLimit();
    limit.setTotal(1_000_000, 0);
    const one = stream(0, 0, 100_000_000);
    limit.round([one], 60_000);
    expect(limit.left(one)).toBeLessThanOrEqual(100_000);
  });

  it('that lets less than a byte for each through in a round lets them through later', () => {
    const limit = new RateLimit();
    limit.setTotal(1024, 0);
    const streams = Array.from({ length: 100 }, (_, i) => stream(i, i, 1_000_000));
    expect(sum(read(limit, streams, 20_000))).toBeGreaterThan(19_000);
  });
});

describe('a limit for one source', () => {
  it('holds for all its connections together, and for nobody else', () => {
    const limit = new RateLimit();
    limit.setSource(0 as SourceId, 200_000, 0);
    const streams = [stream(0, 0, 10_000_000), stream(1, 0, 10_000_000), stream(2, 1, 5_000_000)];
    const [a = 0, b = 0, free = 0] = read(limit, streams, 10_000);
    expect(a + b).toBeGreaterThan(1_960_000);
    expect(a + b).toBeLessThan(2_050_000);
    expect(free).toBe(50_000_000);
    expect(limit.left(streams[2] ?? stream(9, 9, 0))).toBe(Infinity);
  });

  it('leaves to others what it keeps its source from using of a limit for all', () => {
    const limit = new RateLimit();
    limit.setTotal(1_000_000, 0);
    limit.setSource(0 as SourceId, 100_000, 0);
    const [limited = 0, other = 0] = read(limit, [stream(0, 0, 10_000_000), stream(1, 1, 10_000_000)], 10_000);
    expect(limited).toBeLessThan(1_020_000);
    expect(limited + other).toBeGreaterThan(9_800_000);
  });
});

describe('a limit that changes', () => {
  it('holds from then on', () => {
    const limit = new RateLimit();
    limit.setTotal(1_000_000, 0);
    const one = stream(0, 0, 10_000_000);
    read(limit, [one], 1000);
    limit.setTotal(100_000, 1000);
    expect(sum(read(limit, [one], 10_000, 1000))).toBeLessThan(1_100_000);
    limit.setTotal(2_000_000, 11_000);
    expect(sum(read(limit, [one], 10_000, 11_000))).toBeGreaterThan(19_500_000);
  });

  it('and is taken away lets everything through', () => {
    const limit = new RateLimit();
    limit.setTotal(1024, 0);
    expect(limit.isOn).toBe(true);
    limit.setTotal(undefined, 10);
    expect(limit.isOn).toBe(false);
    expect(limit.left(stream(0, 0, 1))).toBe(Infinity);
  });
});
