import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import type { LaneTraits } from '../../src/core/scheduler-messages.js';
import { mib, requestsOf, SchedulerBench, trimsOf, type Request } from '../support/scheduler-bench.js';

/** Connections that cannot do all that mgp can: HTTP with ranges, and without. */
const parted: LaneTraits = { canTrim: false, ranges: true };
const oneStream: LaneTraits = { canTrim: false, ranges: false };

/** As a server that answers in order: what each connection was asked for comes one after the other, at its rate. */
class Flow {
  readonly #bench: SchedulerBench;
  readonly #positions = new Map<Request, number>();
  #seen = 0;

  constructor(bench: SchedulerBench) {
    this.#bench = bench;
  }

  /** `ms` pass; rates in bytes a second by connection. Nothing of a trimmed request comes any more. */
  run(ms: number, rates: readonly number[]): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.#bench.nowMs += 10;
      rates.forEach((rate, connection) => this.#bring(connection, rate / 100));
      if (passed % 50 === 0) this.#bench.send({ type: 'tick' });
    }
  }

  /** What a connection has been asked for and has not brought, in order. */
  owed(connection: number): Request[] {
    const requests = requestsOf(this.#bench.commands.slice(this.#seen));
    this.#seen = this.#bench.commands.length;
    for (const request of requests) this.#positions.set(request, request.start);
    return [...this.#positions.keys()].filter((request) => Number(request.connection) === connection);
  }

  #bring(connection: number, bytes: number): void {
    let left = bytes;
    for (let [first] = this.owed(connection); first !== undefined && left > 0; [first] = this.owed(connection)) {
      const at = this.#positions.get(first) ?? first.start;
      const segment = this.#bench.scheduler.lane(first.connection)?.segment(first.segment);
      const end = segment?.end ?? at;
      const to = Math.min(end, at + left);
      left -= to - at;
      this.#positions.set(first, to);
      if (to > at) this.#bench.bytes(first, Math.floor(to));
      if (to < end) return;
      this.#positions.delete(first);
      this.#bench.ended(first, Math.floor(to));
    }
  }
}

function requestsTo(bench: SchedulerBench, connection: number): Request[] {
  return requestsOf(bench.commands).filter((request) => Number(request.connection) === connection);
}

/** Where `request` ended by the time that `next` was asked for: where it was shortened to before that. */
function endBefore(bench: SchedulerBench, next: Request, request: Request | undefined): number {
  if (request === undefined) return Infinity;
  const before = trimsOf(bench.commands.slice(0, bench.commands.indexOf(next)));
  const trims = before.filter((t) => t.connection === request.connection && t.segment === request.segment);
  return Math.min(request.end, ...trims.map((trim) => trim.end));
}

function bytesOf({ start, end }: Request): number {
  return end - start;
}

describe('a connection whose requests cannot be shortened', () => {
  test('is given its share as others are, and asked for a small part of it', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, parted);
    bench.ready(1, 20, parted);
    expect(requestsOf(bench.commands).map((r) => [r.start, r.end])).toEqual([
      [0, 80 * 1024],
      [20 * mib, 20 * mib + 80 * 1024],
    ]);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('is asked for the next part before the last one is there, so that it is never idle', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.ready(0, 20, parted);
    const flow = new Flow(bench);
    flow.run(3000, [4 * mib]);
    for (let i = 0; i < 100; i += 1) {
      flow.run(10, [4 * mib]);
      expect(flow.owed(0).length).toBeGreaterThan(0);
    }
    const parts = requestsTo(bench, 0);
    parts.slice(1).forEach((part, i) => expect(part.start).toBe(parts[i]?.end));
  });

  test('is asked for half a second of what it brings, once that is known', () => {
    const bench = new SchedulerBench(100 * mib);
    bench.ready(0, 20, parted);
    new Flow(bench).run(5000, [4 * mib]);
    const last = requestsTo(bench, 0).at(-1);
    expect(last === undefined ? 0 : bytesOf(last) / mib).toBeCloseTo(2, 0);
  });

  test('is asked for ever less towards the end, so that nobody waits for its last part', () => {
    const bench = new SchedulerBench(20 * mib);
    bench.ready(0, 20, parted);
    new Flow(bench).run(6000, [4 * mib]);
    const sizes = requestsTo(bench, 0).map(bytesOf);
    const largest = Math.max(...sizes);
    expect(sizes.at(-1)).toBeLessThan(largest / 4);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('loses to a faster one what it was not asked for yet, and is not cut', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, parted);
    bench.ready(1, 20, parted);
    const flow = new Flow(bench);
    flow.run(6000, [mib, 5 * mib]);
    const taken = requestsTo(bench, 1).filter((request) => request.start < 20 * mib);
    expect(taken.length).toBeGreaterThan(0);
    expect(trimsOf(bench.commands)).toEqual([]);
    const asked = Math.max(...requestsTo(bench, 0).map((request) => request.end));
    expect(Math.min(...taken.map((request) => request.start))).toBeGreaterThanOrEqual(asked);
  });

  test('ends together with one that can be shortened, which is the one that gives way', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, parted);
    bench.ready(1, 20);
    const flow = new Flow(bench);
    flow.run(7000, [4 * mib, 2 * mib]);
    expect(trimsOf(bench.commands).every((trim) => Number(trim.connection) === 1)).toBe(true);
    expect([flow.owed(0), flow.owed(1)]).toEqual([[], []]);
    expect(bench.scheduler.freeBytes).toBe(0);
  });
});

describe('a connection that brings the file from its start on only', () => {
  test('is given the start, and others what is behind it', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, oneStream);
    bench.ready(1, 20);
    expect(requestsOf(bench.commands).map((r) => [r.start / mib, r.end / mib])).toEqual([
      [0, 40],
      [39, 40],
    ]);
    expect(trimsOf(bench.commands).map((trim) => [Number(trim.connection), trim.end / mib])).toEqual([[0, 20]]);
  });

  test('is given the start that another one was to bring, who goes on from the end', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20);
    bench.nowMs = 30;
    const [taken, given] = [bench.ready(1, 20, oneStream), requestsTo(bench, 1)];
    expect(trimsOf(taken).map((trim) => Number(trim.connection))).toEqual([0]);
    expect(given.map((r) => r.start)[0]).toBeLessThan(mib);
    new Flow(bench).run(100, [mib]);
    expect(requestsTo(bench, 0).at(-1)?.end).toBe(40 * mib);
  });

  test('is found out of where it is by what it skips, and is late by that', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20);
    new Flow(bench).run(1000, [4 * mib]);
    bench.ready(1, 20, oneStream);
    const lane = bench.scheduler.lane(1 as ConnectionId);
    for (let i = 1; i <= 20; i += 1) {
      bench.nowMs += 50;
      bench.send({ type: 'skipped', connection: 1 as ConnectionId, position: i * 50 * 1024 });
    }
    expect(lane?.streamAt).toBe(1000 * 1024);
    expect(lane?.rate).toBeCloseTo(1000 * 1024, -4);
    expect(lane?.receivedBytes).toBe(0);
    expect(lane?.silentMs(bench.nowMs)).toBe(0);
  });

  test('gives its place to a faster one, which is found by trying it for a moment', () => {
    const bench = new SchedulerBench(400 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, oneStream);
    bench.ready(1, 20, oneStream);
    expect(requestsTo(bench, 1)).toEqual([]);
    new Flow(bench).run(500, [mib]);
    const [tried] = requestsTo(bench, 1);
    expect(tried?.start).toBeGreaterThan(399 * mib);
    const flow = new Flow(bench);
    flow.owed(0);
    for (let i = 1; i <= 20; i += 1) {
      flow.run(50, [mib]);
      bench.send({ type: 'skipped', connection: 1 as ConnectionId, position: i * 250 * 1024 });
    }
    expect(trimsOf(bench.commands).map((trim) => Number(trim.connection))).toEqual(expect.arrayContaining([0, 1]));
    expect(requestsTo(bench, 1).at(-1)?.end).toBeGreaterThan(300 * mib);
  });

  test('takes over what one that fell silent was to bring', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, oneStream);
    bench.ready(1, 20, parted);
    new Flow(bench).run(2000, [2 * mib, 2 * mib]);
    const flow = new Flow(bench);
    flow.owed(0);
    flow.run(20_000, [2 * mib, 0]);
    expect(bench.scheduler.freeBytes).toBe(0);
    expect(flow.owed(0)).toEqual([]);
  });

  test('brings what has gone by from the start again where nobody else is left to bring it', () => {
    const bench = new SchedulerBench(8 * mib);
    bench.ready(0, 20, oneStream);
    const flow = new Flow(bench);
    flow.run(3000, [2 * mib]);
    bench.send({ type: 'refetch', range: { start: 0, end: mib }, avoid: undefined });
    flow.run(1100, [2 * mib]);
    expect(requestsTo(bench, 0).at(-1)).toMatchObject({ start: 0, end: mib });
    expect(bench.scheduler.lane(0 as ConnectionId)?.streamAt).toBeLessThan(mib);
  });

  test('is closed where one of its source is there already: it would bring the same', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.ready(0, 20, oneStream);
    const [connection, source] = [7 as ConnectionId, 0 as SourceId];
    const commands = bench.send({ type: 'connection-ready', connection, source, rttMs: 20, traits: oneStream });
    expect(commands.map((command) => command.type)).toEqual(['close']);
  });

  test('goes on where it is, and never back', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, oneStream);
    bench.ready(1, 20);
    new Flow(bench).run(15_000, [3 * mib, mib]);
    const asked = requestsTo(bench, 0);
    expect(asked.length).toBeGreaterThan(1);
    asked
      .slice(1)
      .forEach((request, i) => expect(request.start).toBeGreaterThanOrEqual(endBefore(bench, request, asked[i])));
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('takes nothing from others, who take from it', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0, 1);
    bench.ready(0, 20, oneStream);
    bench.ready(1, 20);
    new Flow(bench).run(9000, [mib, 4 * mib]);
    expect(requestsTo(bench, 0)).toHaveLength(1);
    expect(trimsOf(bench.commands).map((trim) => Number(trim.connection))).toContain(0);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('is left alone where it would have to bring more that is there than what is missing', () => {
    const bench = new SchedulerBench(40 * mib);
    bench.expect(0);
    bench.ready(0, 20);
    const flow = new Flow(bench);
    flow.run(6000, [4 * mib]);
    expect(bench.ready(1, 20, oneStream).filter((command) => command.type === 'request')).toEqual([]);
  });

  test('brings all of the file where nobody else is there, from the start again where it was lost', () => {
    const bench = new SchedulerBench(4 * mib);
    bench.ready(0, 20, oneStream);
    const flow = new Flow(bench);
    flow.run(1000, [mib]);
    bench.send({ type: 'connection-closed', connection: 0 as ConnectionId });
    bench.send({ type: 'source-gone', source: 0 as SourceId });
    const [again] = requestsOf(bench.ready(1, 20, oneStream));
    expect(again?.start).toBeGreaterThan(0.9 * mib);
    new Flow(bench).run(4000, [0, mib]);
    expect(bench.scheduler.freeBytes).toBe(0);
  });

  test('is not joined by a second one to the same server', () => {
    const bench = new SchedulerBench(400 * mib, { connectionsPerSourceMax: 8 });
    bench.ready(0, 20, oneStream);
    new Flow(bench).run(20_000, [mib]);
    expect(bench.commands.filter((command) => command.type === 'open')).toEqual([]);
  });
});

describe('a connection while somebody reads along', () => {
  test('is not believed to be as fast as its first burst: it holds no more than it has brought', () => {
    const bench = new SchedulerBench(22 * mib);
    bench.send({ type: 'cursor', at: 0, aheadBytes: undefined });
    bench.ready(0, 2, parted);
    bench.ready(1, 2, parted);
    const flow = new Flow(bench);
    flow.run(20, [16 * mib, 16 * mib]);
    const owed = [0, 1].map((connection) => flow.owed(connection).reduce((sum, one) => sum + bytesOf(one), 0));
    expect(Math.max(...owed)).toBeGreaterThan(0);
    expect(Math.max(...owed)).toBeLessThanOrEqual(640 * 1024);
  });
});
