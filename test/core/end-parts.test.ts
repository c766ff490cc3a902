import { describe, expect, test } from 'vitest';
import type { ConnectionId } from '../../src/base/ids.js';
import { mib, onlyRequest, requestsOf, SchedulerBench, trimsOf, type Request } from '../support/scheduler-bench.js';

const rate = 5 * mib;

/** Two connections of 5 MiB a second and 100 MiB each, `leftMs` before both are done. */
function nearEnd(leftMs: number): { bench: SchedulerBench; first: Request; second: Request } {
  const bench = new SchedulerBench(200 * mib);
  bench.expect(0, 1);
  const first = onlyRequest(bench.ready(0));
  const second = onlyRequest(bench.ready(1));
  bench.flow(20_000 - leftMs, { request: first, rate }, { request: second, rate });
  return { bench, first, second };
}

describe('in the last seconds', () => {
  test('servers keep what is on its way, and the rest is only planned', () => {
    const before = nearEnd(6100);
    expect(trimsOf(before.bench.commands)).toEqual([]);
    const { bench } = nearEnd(5900);
    const trims = trimsOf(bench.commands);
    expect(trims).toHaveLength(2);
    for (const { end, connection, reason } of trims) {
      expect(reason).toContain('the end is near');
      const position = bench.scheduler.lane(connection)?.segments[0]?.position ?? 0;
      expect((end - position) / rate).toBeGreaterThan(1.4);
      expect((end - position) / rate).toBeLessThan(1.8);
    }
    // Nothing is lost of what they hold.
    const held = bench.scheduler.inFlight().reduce((sum, { start, end }) => sum + end - start, 0);
    expect(held / mib).toBeCloseTo(59, 0);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('what was planned is asked for in parts of half a second at most, each before the last one is done', () => {
    const { bench, first } = nearEnd(5000);
    const [cut] = trimsOf(bench.commands).filter((trim) => trim.connection === first.connection);
    if (cut === undefined) throw new Error('nothing was planned');
    const leftBytes = cut.end - (bench.scheduler.lane(first.connection)?.segment(first.segment)?.position ?? 0);
    const asked = bench.commands.length;
    bench.flow((leftBytes / rate) * 1000 - 60, { request: first, rate });
    const [next] = requestsOf(bench.commands.slice(asked)).filter((r) => r.connection === first.connection);
    expect(next?.start).toBe(cut.end);
    expect(((next?.end ?? 0) - cut.end) / rate).toBeLessThanOrEqual(0.5);
  });

  test('what its server has sent behind the cut is not asked for again', () => {
    const { bench, first } = nearEnd(5900);
    const [cut] = trimsOf(bench.commands).filter((trim) => trim.connection === first.connection);
    if (cut === undefined) throw new Error('nothing was planned');
    bench.bytes(first, cut.end + mib);
    const [planned] = bench.scheduler
      .inFlight()
      .filter(({ connection, end }) => connection === 0 && end > cut.end + mib);
    expect(planned?.start).toBe(cut.end + mib);
  });

  test('a connection that has no other beside it is asked for all', () => {
    const { bench, first } = nearEnd(8000);
    bench.send({ type: 'connection-closed', connection: 1 as ConnectionId });
    const asked = bench.commands.length;
    bench.flow(7000, { request: first, rate });
    expect(trimsOf(bench.commands.slice(asked))).toEqual([]);
  });
});
