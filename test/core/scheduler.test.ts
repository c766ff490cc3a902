import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { RangeSet } from '../../src/core/range-set.js';
import { mib, onlyRequest, requestsOf, SchedulerBench, trimsOf, type Request } from '../support/scheduler-bench.js';

/** Two sources have brought a file of 2 MiB, each its half. */
function allBrought(): SchedulerBench {
  const bench = new SchedulerBench(2 * mib);
  bench.expect(0, 1);
  const [first, second] = [onlyRequest(bench.ready(0)), onlyRequest(bench.ready(1))];
  bench.flow(1000, { request: first, rate: 2 * mib }, { request: second, rate: 2 * mib });
  for (const request of [first, second]) bench.ended(request, request.end);
  bench.commands.length = 0;
  return bench;
}

describe('at the start', () => {
  test('each of n servers gets one contiguous n-th of the file', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1, 2, 3);
    const spans = [0, 1, 2, 3].map((n) => onlyRequest(bench.ready(n)));
    expect(spans.map((r) => [r.start / mib, r.end / mib])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
      [30, 40],
    ]);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('the share of a source that does not come is not waited for', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    const first = onlyRequest(bench.ready(0));
    expect(first.end).toBe(20 * mib);
    bench.send({ type: 'source-gone', source: 1 as SourceId });
    bench.flow(1950, { request: first, rate: 10 * mib });
    expect(requestsOf(bench.commands).at(-1)?.start).toBe(20 * mib);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('a file of one byte is one request of one byte', () => {
    const bench = new SchedulerBench(1);
    bench.expect(0, 1);
    expect(onlyRequest(bench.ready(0))).toMatchObject({ start: 0, end: 1 });
    expect(requestsOf(bench.ready(1))).toEqual([]);
  });

  test('an empty file asks for nothing', () => {
    expect(new SchedulerBench(0).ready(0)).toEqual([]);
  });

  test('only what is missing is asked for', () => {
    const missing = [
      { start: mib, end: 2 * mib },
      { start: 5 * mib, end: 6 * mib },
    ];
    const bench = new SchedulerBench(0, { missing });
    const first = onlyRequest(bench.ready(0));
    expect(first).toMatchObject({ start: mib, end: 2 * mib });
    bench.flow(200, { request: first, rate: 4 * mib });
    bench.ended(first, first.end);
    expect(requestsOf(bench.commands).at(-1)).toMatchObject({ start: 5 * mib, end: 6 * mib });
  });
});

describe('when one runs out of work', () => {
  function fastAndSlow(): { bench: SchedulerBench; fast: Request; slow: Request } {
    const bench = new SchedulerBench(320 * mib);
    bench.expect(0, 1);
    const fast = onlyRequest(bench.ready(0));
    const slow = onlyRequest(bench.ready(1));
    bench.flow(18_000, { request: fast, rate: 9 * mib }, { request: slow, rate: mib });
    return { bench, fast, slow };
  }

  test('it takes of the other what lets both end together, before it is idle', () => {
    const { bench, fast } = fastAndSlow();
    const [stolen] = requestsOf(bench.commands).filter((r) => r.victim !== undefined);
    expect(stolen).toMatchObject({ connection: fast.connection, end: 320 * mib, victim: 1 });
    // 142 MiB are left then, 9 to 1: the slow one keeps about 14.2 of them.
    expect((stolen?.start ?? 0) / mib).toBeGreaterThan(190);
    expect((stolen?.start ?? 0) / mib).toBeLessThan(193);
  });

  test('the victim is told to stop where the thief begins, and every decision has its reason', () => {
    const { bench, slow } = fastAndSlow();
    const [stolen] = requestsOf(bench.commands).filter((r) => r.victim !== undefined);
    const [trim] = trimsOf(bench.commands);
    expect(trim).toMatchObject({ connection: slow.connection, segment: slow.segment, end: stolen?.start });
    for (const command of bench.commands) expect(command.reason.length).toBeGreaterThan(10);
  });

  test('who was given bytes that the victim had sent already need not bring them', () => {
    const { bench, slow } = fastAndSlow();
    const [stolen] = requestsOf(bench.commands).filter((r) => r.victim !== undefined);
    if (stolen === undefined) throw new Error('nothing was stolen');
    const commands = bench.bytes(slow, 320 * mib);
    expect(trimsOf(commands)).toMatchObject([{ connection: stolen.connection, segment: stolen.segment }]);
  });
});

describe('when a connection ends', () => {
  test('what it owed goes to the others, what it brought stays', () => {
    const bench = new SchedulerBench(200 * mib);
    bench.expect(0, 1);
    const first = onlyRequest(bench.ready(0));
    const second = onlyRequest(bench.ready(1));
    bench.flow(1000, { request: first, rate: 5 * mib }, { request: second, rate: 5 * mib });
    bench.send({ type: 'connection-closed', connection: second.connection });
    expect(bench.scheduler.freeBytes).toBe(95 * mib);
    bench.flow(19_000, { request: first, rate: 5 * mib });
    expect(requestsOf(bench.commands).at(-1)).toMatchObject({ connection: 0, start: 105 * mib, end: 200 * mib });
  });

  test('with no other, its work waits for the next one', () => {
    const bench = new SchedulerBench(20 * mib);
    const first = onlyRequest(bench.ready(0));
    bench.flow(1000, { request: first, rate: 5 * mib });
    bench.send({ type: 'connection-closed', connection: first.connection });
    bench.wait(5000);
    expect(onlyRequest(bench.ready(1))).toMatchObject({ start: 5 * mib, end: 20 * mib });
  });

  test('a server that stops early gives the rest back', () => {
    const bench = new SchedulerBench(20 * mib);
    const first = onlyRequest(bench.ready(0));
    bench.flow(500, { request: first, rate: 5 * mib });
    const next = onlyRequest(bench.ended(first, 2.5 * mib));
    expect(next).toMatchObject({ start: 2.5 * mib, end: 20 * mib });
  });
});

describe('when a connection falls silent', () => {
  function silent(ms: number): SchedulerBench {
    const bench = new SchedulerBench(20 * mib);
    bench.expect(0, 1);
    const first = onlyRequest(bench.ready(0));
    const second = onlyRequest(bench.ready(1));
    bench.flow(500, { request: first, rate: 5 * mib }, { request: second, rate: 5 * mib });
    bench.wait(ms - 500);
    return bench;
  }

  test('it is asked whether it lives, and counts as a suspect', () => {
    const bench = silent(2500);
    expect(bench.commands.some((c) => c.type === 'probe' && c.connection === 1)).toBe(true);
    expect(bench.scheduler.lane(1 as ConnectionId)?.isSuspect).toBe(true);
  });

  test('a sign of life makes it a connection like others again', () => {
    const bench = silent(2500);
    bench.send({ type: 'alive', connection: 1 as ConnectionId });
    expect(bench.scheduler.lane(1 as ConnectionId)?.isSuspect).toBe(false);
  });

  test('what it holds is taken over by one that delivers', () => {
    const bench = new SchedulerBench(200 * mib);
    bench.expect(0, 1);
    const first = onlyRequest(bench.ready(0));
    const second = onlyRequest(bench.ready(1));
    bench.flow(500, { request: first, rate: 5 * mib }, { request: second, rate: 5 * mib });
    bench.flow(19_500, { request: first, rate: 5 * mib });
    bench.ended(first, first.end);
    const last = requestsOf(bench.commands)
      .filter((r) => r.connection === first.connection)
      .slice(1);
    for (const request of last) bench.flow(12_000, { request, rate: 10 * mib });
    const taken = requestsOf(bench.commands).filter((r) => r.connection === first.connection);
    const bytes = taken.reduce((sum, r) => sum + r.end - r.start, 0);
    expect(bytes).toBe(200 * mib - 2.5 * mib);
  });

  test('one that never brings a byte does not keep the work from the others for ever', () => {
    const bench = new SchedulerBench(2 * mib);
    bench.expect(0, 1);
    const first = onlyRequest(bench.ready(0));
    const mute = onlyRequest(bench.ready(1));
    bench.flow(500, { request: first, rate: 2 * mib });
    bench.ended(first, first.end);
    const delivered = new RangeSet([{ start: first.start, end: first.end }]);
    for (let i = 0; i < 40; i += 1) {
      bench.wait(100);
      for (const s of [...(bench.scheduler.lane(first.connection)?.segments ?? [])]) {
        bench.bytes({ ...first, segment: s.id }, s.end);
        bench.ended({ ...first, segment: s.id }, s.end);
        delivered.add(s.start, s.end);
      }
      // It ends what it is told to end, and takes more, but never sends anything.
      const lane = bench.scheduler.lane(mute.connection);
      const ended = lane?.segments.find((s) => s.end === s.position);
      if (ended !== undefined) bench.ended({ ...mute, segment: ended.id }, ended.end);
    }
    expect(delivered.bytes).toBe(2 * mib);
  });
});

describe('bytes that proved wrong', () => {
  test('are fetched again from another source where there is one', () => {
    const bench = new SchedulerBench(20 * mib);
    bench.expect(0, 1);
    const first = onlyRequest(bench.ready(0));
    const second = onlyRequest(bench.ready(1));
    bench.flow(1000, { request: first, rate: 9 * mib }, { request: second, rate: 9 * mib });
    bench.send({ type: 'refetch', range: { start: 0, end: mib }, avoid: 0 as SourceId });
    bench.flow(200, { request: first, rate: 5 * mib }, { request: second, rate: 5 * mib });
    const again = requestsOf(bench.commands).filter((r) => r.start === 0 && r !== first);
    expect(again).toMatchObject([{ source: 1 }]);
  });

  test('that are to be of one source are left to it by the others', () => {
    for (const alone of [false, true]) {
      const bench = allBrought();
      bench.send({ type: 'refetch', range: { start: 0, end: mib }, avoid: 0 as SourceId, alone });
      const [again] = requestsOf(bench.commands);
      if (again === undefined) throw new Error('nobody was asked');
      bench.flow(200, { request: again, rate: mib });
      const askers = new Set(requestsOf(bench.commands).map(({ source }) => source));
      expect([...askers].sort()).toEqual(alone ? [1] : [0, 1]);
    }
  });

  test('and are to be of one source are taken over where that falls silent', () => {
    const bench = allBrought();
    bench.send({ type: 'refetch', range: { start: 0, end: mib }, avoid: 0 as SourceId, alone: true });
    bench.flow(3000);
    expect(requestsOf(bench.commands).map(({ source }) => source)).toContain(0);
  });

  test('are fetched again from the same source where there is no other', () => {
    const bench = new SchedulerBench(2 * mib);
    const first = onlyRequest(bench.ready(0));
    bench.flow(500, { request: first, rate: 4 * mib });
    bench.ended(first, first.end);
    expect(
      onlyRequest(bench.send({ type: 'refetch', range: { start: 0, end: mib }, avoid: 0 as SourceId })),
    ).toMatchObject({ start: 0, end: mib, source: 0 });
  });
});

describe('a pause', () => {
  test('stops what is on its way, asks for nothing, and is over when it is over', () => {
    const bench = new SchedulerBench(20 * mib);
    const first = onlyRequest(bench.ready(0));
    bench.flow(500, { request: first, rate: 5 * mib });
    const paused = bench.send({ type: 'pause' });
    expect(trimsOf(paused)).toMatchObject([{ segment: first.segment, end: 2.5 * mib }]);
    bench.ended(first, 2.5 * mib);
    bench.wait(2000);
    expect(requestsOf(bench.commands)).toHaveLength(1);
    expect(onlyRequest(bench.send({ type: 'resume' }))).toMatchObject({ start: 2.5 * mib, end: 20 * mib });
  });
});

describe('connections to one source', () => {
  test('are never more than allowed', () => {
    const bench = new SchedulerBench(200 * mib, { connectionsPerSourceMax: 1 });
    const first = onlyRequest(bench.ready(0, 200));
    bench.flow(4000, { request: first, rate: 5 * mib });
    expect(bench.commands.filter((c) => c.type === 'open')).toEqual([]);
  });

  test('are several at once where the source is far away, against slow start', () => {
    const bench = new SchedulerBench(200 * mib, { connectionsPerSourceMax: 8 });
    bench.expect(0);
    bench.wait(300);
    const opens = bench.commands.filter((c) => c.type === 'open');
    expect(opens).toHaveLength(7);
    expect(opens[0]?.reason).toContain('away');
  });

  test('are opened when it is known how far away it is, before it has answered; not while somebody waits for the first bytes', () => {
    const bench = new SchedulerBench(200 * mib, { connectionsPerSourceMax: 8 });
    bench.expect(0);
    const opened = bench.send({ type: 'source-connected', source: 0 as SourceId, rttMs: 50 });
    expect(opened.map((c) => c.type)).toEqual(['open', 'open', 'open', 'open']);
    bench.expect(1);
    bench.send({ type: 'cursor', at: 0, aheadBytes: undefined });
    expect(bench.send({ type: 'source-connected', source: 1 as SourceId, rttMs: 50 })).toEqual([]);
  });

  test('are tried one by one near by, and a refusal is respected', () => {
    const bench = new SchedulerBench(200 * mib, { connectionsPerSourceMax: 8 });
    const first = onlyRequest(bench.ready(0));
    bench.flow(1000, { request: first, rate: 5 * mib });
    expect(bench.commands.filter((c) => c.type === 'open')).toHaveLength(1);
    bench.send({ type: 'open-failed', source: 0 as SourceId });
    bench.flow(4000, { request: first, rate: 5 * mib });
    expect(bench.commands.filter((c) => c.type === 'open')).toHaveLength(1);
  });

  test('that bring nothing are taken back', () => {
    const bench = new SchedulerBench(200 * mib, { connectionsPerSourceMax: 2 });
    const first = onlyRequest(bench.ready(0));
    bench.flow(1000, { request: first, rate: 6 * mib });
    const second = onlyRequest(
      bench.send({ type: 'connection-ready', connection: 1 as ConnectionId, source: 0 as SourceId, rttMs: 60 }),
    );
    bench.flow(4000, { request: first, rate: 4 * mib }, { request: second, rate: 2 * mib });
    expect(trimsOf(bench.commands).at(-1)).toMatchObject({ connection: 1 });
    const kept = trimsOf(bench.commands).at(-1)?.end ?? 0;
    bench.bytes(second, kept);
    expect(bench.ended(second, kept)).toMatchObject([{ type: 'close', connection: 1 }]);
  });
});

test('what it is told of connections and segments that are gone is let go', () => {
  const bench = new SchedulerBench(20 * mib);
  const first = onlyRequest(bench.ready(0));
  bench.send({ type: 'connection-closed', connection: first.connection });
  expect(bench.bytes(first, mib)).toEqual([]);
  expect(bench.ended(first, mib)).toEqual([]);
  expect(bench.send({ type: 'connection-closed', connection: first.connection })).toEqual([]);
  expect(bench.send({ type: 'alive', connection: 7 as ConnectionId })).toEqual([]);
});
