import { describe, expect, test } from 'vitest';
import type { Order } from '../../src/core/order-book.js';
import type { SchedulerCommand } from '../../src/core/scheduler-messages.js';
import { namedWorld, namedWorlds, withBurden } from './named-worlds.js';
import { randomWorld } from './random-world.js';
import { runWorld } from './run-world.js';
import { Simulation } from './simulation.js';
import { distribution } from './sweep.js';
import type { World } from './world.js';

// Simulated time alone is judged here: the same seed gives the same numbers on every machine.

const replay = (world: World): string => {
  const kind = world.sources.some((source) => source.http !== undefined) ? ' --http' : '';
  return `npm run bench -- simulate --seed ${world.seed}${kind} --gantt out.svg`;
};

function overlaps(orders: readonly Order[]): Order[] {
  const sorted = [...orders].sort((a, b) => a.start - b.start);
  return sorted.filter((order, i) => order.start < (sorted[i - 1]?.end ?? 0));
}

/** What is wrong in a run of a world: empty where the book is in order at every moment, and the file is there at last. */
function faultsOf(world: World): string[] {
  const faults: string[] = [];
  const asked = new Map<number, { start: number; end: number }>();
  const check = (command: SchedulerCommand): void => {
    if (command.type === 'request') {
      if (asked.has(command.segment)) faults.push(`segment ${command.segment} is asked for twice`);
      if (command.start >= command.end || command.end > world.sizeBytes || !Number.isInteger(command.start)) {
        faults.push(`segment ${command.segment} is ${command.start} to ${command.end}`);
      }
      asked.set(command.segment, { start: command.start, end: command.end });
    }
    if (command.type === 'trim') {
      const segment = asked.get(command.segment);
      if (segment === undefined || command.end >= segment.end || command.end < segment.start) {
        faults.push(`segment ${command.segment} is trimmed to ${command.end}`);
      } else segment.end = command.end;
    }
    if (command.reason.length < 5) faults.push(`a ${command.type} has no reason`);
  };
  let events = 0;
  const simulation: Simulation = new Simulation(world, {
    event: (_event, commands) => {
      for (const command of commands) check(command);
      events += 1;
      if (commands.length === 0 && events % 50 > 0) return;
      const orders = simulation.scheduler.inFlight();
      for (const order of overlaps(orders)) faults.push(`${order.start} to ${order.end} is on order twice`);
      const onOrder = orders.reduce((sum, order) => sum + order.end - order.start, 0);
      const missing = world.sizeBytes - simulation.ledger.receivedBytes;
      if (onOrder + simulation.scheduler.freeBytes < missing) faults.push('bytes are neither here, free nor on order');
    },
  });
  simulation.run(600_000);
  if (!simulation.ledger.isReceived) faults.push('it does not end');
  return faults.slice(0, 3).map((fault) => `${fault}: ${replay(world)}`);
}

test('what is fetched twice on purpose is said to be, with how much of it', () => {
  const world = namedWorld('02-hetero');
  if (world === undefined) throw new Error('there is no such world');
  const reasons: string[] = [];
  runWorld(world, {
    event: (_event, commands) => {
      for (const command of commands) if (command.type === 'request' && command.isHedge) reasons.push(command.reason);
    },
  });
  expect(
    reasons.some((reason) => / sooner, off the one that would end last; .* of it may come twice$/.test(reason)),
  ).toBe(true);
});

describe('in random worlds', () => {
  test('no byte is on order twice or forgotten, and every file arrives', () => {
    for (let seed = 1; seed <= 15; seed += 1) expect(faultsOf(randomWorld(seed))).toEqual([]);
  });

  test('the time is close to the fluid bound, and little is fetched twice', () => {
    const results = Array.from({ length: 40 }, (_, i) => runWorld(randomWorld(1000 + i)));
    for (const result of results) expect(result.ratio, replay(result.world)).toBeLessThan(2);
    const ratios = distribution(results.map((r) => r.ratio));
    expect(ratios.median).toBeLessThan(1.05);
    expect(ratios.p90).toBeLessThan(1.16);
    expect(distribution(results.map((r) => r.waste)).p90).toBeLessThan(0.02);
  });

  test('connections to one server do not fetch what waits in its queue from each other', () => {
    // Its link slows down to a fifth while sixteen connections fill the queue before it.
    expect(runWorld(randomWorld(2021)).waste).toBeLessThan(0.05);
  });

  test.each(['mgp', 'http'] as const)('the same seed gives the same run, over %s', (kind) => {
    const [a, b] = [runWorld(randomWorld(7, kind)), runWorld(randomWorld(7, kind))];
    expect([a.timeMs, a.decisions, a.requests]).toEqual([b.timeMs, b.decisions, b.requests]);
  });
});

describe('in random worlds where most servers speak HTTP', () => {
  test('no byte is on order twice or forgotten, and every file arrives', () => {
    for (let seed = 1; seed <= 15; seed += 1) expect(faultsOf(randomWorld(seed, 'http'))).toEqual([]);
  });

  test('the time is near to the fluid bound', () => {
    const results = Array.from({ length: 30 }, (_, i) => runWorld(randomWorld(1000 + i, 'http')));
    for (const { ratio, world } of results) {
      expect(ratio, replay(world)).toBeGreaterThanOrEqual(1);
      expect(ratio, replay(world)).toBeLessThan(2);
    }
    expect(distribution(results.map((r) => r.ratio)).median).toBeLessThan(1.05);
  });
});

describe('in worlds that are also measured over real links', () => {
  const limits: Readonly<Record<string, number>> = {
    '01-equal': 1.03,
    '02-hetero': 1.04,
    '03-long-fat': 1.12,
    '04-one-dies': 1.04,
    '05-one-stalls': 1.04,
    '06-slows': 1.04,
    '07-late-tail': 1.06,
    '08-many': 1.06,
    '09-lossy': 1.12,
    '10-client-bound': 1.04,
    '11-one-fast': 1.03,
    '13-dies-returns': 1.1,
  };

  test.each(namedWorlds.filter((world) => world.name in limits).map((world) => [world.name, world] as const))(
    '%s ends close to its bound',
    (name, world) => {
      const { ratio, waste } = runWorld(world);
      expect(ratio).toBeLessThan(limits[name] ?? 0);
      expect(waste).toBeLessThan(0.02);
    },
  );

  test.each(
    ['01', '02', '03', '04', '05', '08'].flatMap((name) =>
      (['slow', 'mute', 'stuck'] as const).map((kind) => [name, kind] as const),
    ),
  )('%s is no slower with a server more that is %s', (name, kind) => {
    const world = namedWorld(name);
    if (world === undefined) throw new Error(`no world ${name}`);
    expect(runWorld(withBurden(world, kind)).timeMs / runWorld(world).timeMs).toBeLessThan(1.03);
  });
});
