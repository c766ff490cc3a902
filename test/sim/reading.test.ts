import { describe, expect, test } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import type { SchedulerCommand } from '../../src/core/scheduler-messages.js';
import { namedWorld } from './named-worlds.js';
import { fluidBoundMs } from './rate-curve.js';
import { SimReader, type ReaderSpec } from './sim-reader.js';
import { Simulation } from './simulation.js';
import type { World } from './world.js';

const mib = 1024 * 1024;

function worldOf(name: string): World {
  const world = namedWorld(name);
  if (world === undefined) throw new Error(`no world ${name}`);
  return world;
}

interface Run {
  readonly ratio: number;
  readonly waste: number;
  readonly reader: SimReader;
  /** Bytes asked for beyond what the reader keeps, at the most. */
  readonly beyondBytes: number;
  readonly requests: number;
}

function runWith(world: World, spec: ReaderSpec): Run {
  const reader = new SimReader(spec);
  let beyondBytes = 0;
  let requests = 0;
  const check = (command: SchedulerCommand): void => {
    if (command.type !== 'request') return;
    requests += 1;
    beyondBytes = Math.max(beyondBytes, command.end - reader.position - (spec.aheadBytes ?? Infinity));
  };
  const watcher = { event: (_: unknown, commands: readonly SchedulerCommand[]) => commands.forEach(check) };
  const simulation = new Simulation(world, watcher, { reader });
  const timeMs = simulation.run(600_000);
  expect(simulation.ledger.isReceived).toBe(true);
  const waste = simulation.duplicateBytes / world.sizeBytes;
  return { ratio: timeMs / fluidBoundMs(world), waste, reader, beyondBytes, requests };
}

describe('a reader with a bounded window', () => {
  test.each([
    ['01', 32, 1.05],
    ['02', 32, 1.06],
    ['03', 64, 1.25],
    ['04', 32, 1.05],
    ['05', 32, 1.05],
    ['01', 8, 1.1],
    ['05', 8, 1.2],
  ])('in world %s and with %i MiB has the file nearly as soon as one without', (name, windowMib, ratioMax) => {
    const run = runWith(worldOf(name), { aheadBytes: windowMib * mib });
    expect(run.beyondBytes).toBe(0);
    expect(run.ratio).toBeLessThan(ratioMax);
    expect(run.waste).toBeLessThan(0.1);
  });

  test('that is slow keeps the connections waiting, and is itself never kept waiting for long', () => {
    const run = runWith(worldOf('02'), { aheadBytes: 16 * mib, rate: 5e6 });
    expect(run.beyondBytes).toBe(0);
    expect(run.reader.waitedMs).toBeLessThan(1000);
    expect(run.waste).toBeLessThan(0.02);
  });
});

describe('a player', () => {
  test.each([
    ['01', 1.04],
    ['02', 1.05],
    ['03', 1.2],
    ['04', 1.05],
    ['05', 1.05],
    ['08', 1.12],
  ])('in world %s has its first bytes at once, also after a seek, and the file on time', (name, ratioMax) => {
    const run = runWith(worldOf(name), {});
    expect(run.ratio).toBeLessThan(ratioMax);
    expect(run.reader.sinceSeek.megabyteMs).toBeLessThan(1500);
    const seeking = runWith(worldOf(name), { rate: 3e6, seeks: [{ atMs: 2000, to: 150 * mib }] });
    expect(seeking.ratio).toBeLessThan(ratioMax);
    expect(seeking.reader.sinceSeek.megabyteMs).toBeLessThan(1000);
  });
});

describe('a film from four servers of 5 Mbit/s', () => {
  const base = worldOf('01');
  const film: World = {
    ...base,
    sizeBytes: 22 * mib,
    sources: base.sources.map((source) => ({ ...source, rate: 625_000, rttMs: 5, queueBytes: 32 * 1024 })),
  };
  const megabyteAtBestMs = 1e6 / (4 * 625);

  test.each([
    ['from the start', {}],
    ['after a jump far ahead', { seeks: [{ atMs: 2000, to: 17 * mib }] }],
    ['after a jump of three pieces', { seeks: [{ atMs: 1000, to: 5 * mib }] }],
    [
      'after two jumps at once',
      {
        seeks: [
          { atMs: 600, to: 21 * mib },
          { atMs: 1000, to: 2 * mib },
        ],
      },
    ],
  ])('has a megabyte %s nearly as soon as all servers together can bring it', (_, spec) => {
    const { reader, ratio, waste } = runWith(film, spec);
    expect(reader.sinceSeek.megabyteMs).toBeLessThan(1.6 * megabyteAtBestMs);
    expect(ratio).toBeLessThan(1.05);
    expect(waste).toBeLessThan(0.02);
  });

  test('goes on without a halt that counts when a server goes away', () => {
    const sources = film.sources.map((source, i) =>
      i === 1 ? { ...source, events: [{ atMs: 2500, action: 'die' } as const] } : source,
    );
    const { reader } = runWith({ ...film, sources }, { rate: 750_000 });
    expect(reader.waitedMs).toBeLessThan(1.6 * megabyteAtBestMs);
  });
});

describe('a source that is only a reserve', () => {
  function bytesOf(world: World, source: number): number {
    const simulation = new Simulation(world, {}, { tiers: { [source]: 1 } });
    simulation.run(600_000);
    expect(simulation.ledger.isReceived).toBe(true);
    return simulation.ledger.deliveredBy(source as SourceId).reduce((sum, run) => sum + run.end - run.start, 0);
  }

  test('brings nothing while the others deliver', () => {
    expect(bytesOf(worldOf('01'), 3)).toBe(0);
  });

  test('steps in where the others fall silent, and steps back when one returns', () => {
    const base = worldOf('01');
    const [first, second] = base.sources;
    if (first === undefined || second === undefined) throw new Error('the world has no sources');
    const events = [
      { atMs: 3000, action: 'stall' },
      { atMs: 6000, action: 'go-on' },
    ] as const;
    const stalls: World = { ...base, sizeBytes: 64 * mib, sources: [{ ...first, events }, second] };
    const bytes = bytesOf(stalls, 1);
    expect(bytes).toBeGreaterThan(8 * mib);
    expect(bytes).toBeLessThan(32 * mib);
  });
});
