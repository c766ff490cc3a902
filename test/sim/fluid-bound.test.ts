import { describe, expect, test } from 'vitest';
import { namedWorlds } from './named-worlds.js';
import { randomWorld } from './random-world.js';
import { fluidBoundMs, fluidBytes } from './rate-curve.js';
import { runWorld } from './run-world.js';
import { steadySource, type SourceSpec, type World } from './world.js';

const mb = 1_000_000;

function source(more: Partial<SourceSpec> = {}): SourceSpec {
  return { ...steadySource(mb, 20, 100_000), ...more };
}

function world(sources: readonly SourceSpec[], more: Partial<World> = {}): World {
  const facts = { name: 'test', seed: 1, sizeBytes: 10 * mb, pieceBytes: 1024 * 1024, clientRate: undefined };
  return { ...facts, sources, connectionsPerSourceMax: 4, stepMs: 5, ...more };
}

describe('the fluid bound', () => {
  test('is the size over the sum of the speeds', () => {
    expect(fluidBoundMs(world([source(), source({ rate: 3 * mb })]))).toBeCloseTo(2500);
  });

  test("is held by the client's own link", () => {
    expect(fluidBoundMs(world([source(), source()], { clientRate: mb }))).toBeCloseTo(10_000);
  });

  test('counts a limit for each connection as often as connections are allowed', () => {
    expect(fluidBoundMs(world([source({ connectionRateMax: mb / 8 })]))).toBeCloseTo(20_000);
  });

  test('counts nothing of a source while it is silent or away', () => {
    const away = source({
      events: [
        { atMs: 2000, action: 'die' },
        { atMs: 5000, action: 'return' },
      ],
    });
    expect(fluidBoundMs(world([away]))).toBeCloseTo(13_000);
    const silent = source({ events: [{ atMs: 2000, action: 'stall' }] });
    expect(fluidBoundMs(world([silent, source()]))).toBeCloseTo(8000);
  });

  test('follows changes of speed', () => {
    const slows = source({ rate: 2 * mb, events: [{ atMs: 4000, action: 'rate', value: mb / 2 }] });
    expect(fluidBoundMs(world([slows]))).toBeCloseTo(8000);
  });

  test('counts of sources without ranges the one that has come the farthest, and no more than one connection of it', () => {
    const http = { ranges: false, pipelines: true };
    const one = source({ http, connectionRateMax: mb / 2 });
    expect(fluidBoundMs(world([one]))).toBeCloseTo(20_000);
    expect(fluidBoundMs(world([one, source({ http, rate: mb / 4 })]))).toBeCloseTo(20_000);
    expect(fluidBoundMs(world([one, source()]))).toBeCloseTo(10_000 / 1.5);
  });

  test('has one without ranges begin anew when it comes back', () => {
    const http = { ranges: false, pipelines: true };
    const events: SourceSpec['events'] = [
      { atMs: 4000, action: 'die' },
      { atMs: 6000, action: 'return' },
    ];
    expect(fluidBoundMs(world([source({ http, events })]))).toBeCloseTo(16_000);
    // The other one brings the end meanwhile: 4 MB each, 2 MB alone, and none of the start is missing then.
    expect(fluidBoundMs(world([source({ http, events }), source()]))).toBeCloseTo(6000);
  });

  test("and the bytes that fit into a time are each other's inverse", () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const random = randomWorld(seed);
      expect(fluidBytes(random, fluidBoundMs(random)) / random.sizeBytes).toBeCloseTo(1, 2);
    }
  });

  test('is never beaten by a run', () => {
    for (const named of namedWorlds.slice(0, 3)) expect(runWorld(named).ratio).toBeGreaterThan(1);
    for (let seed = 1; seed <= 10; seed += 1) expect(runWorld(randomWorld(seed, 'http')).ratio).toBeGreaterThan(1);
  });
});
