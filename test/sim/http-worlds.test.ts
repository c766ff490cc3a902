import { describe, expect, test } from 'vitest';
import { randomWorld } from './random-world.js';
import { runWorld, type WorldResult } from './run-world.js';
import { steadySource, type HttpSpec, type SourceSpec, type World } from './world.js';

const mb = 1_000_000;
const usual: HttpSpec = { ranges: true, pipelines: true };
const oneAtATime: HttpSpec = { ranges: true, pipelines: false };
const oneStream: HttpSpec = { ranges: false, pipelines: true };

function server(http: HttpSpec | undefined, more: Partial<SourceSpec> = {}): SourceSpec {
  return { ...steadySource(2 * mb, 40), ...(http === undefined ? {} : { http }), ...more };
}

function run(...sources: readonly SourceSpec[]): WorldResult {
  return runWith(8, ...sources);
}

function runWith(connectionsPerSourceMax: number, ...sources: readonly SourceSpec[]): WorldResult {
  const facts: Omit<World, 'sources'> = {
    ...{ name: 'test', seed: 1, sizeBytes: 40 * mb, pieceBytes: 1024 * 1024 },
    ...{ clientRate: undefined, connectionsPerSourceMax, stepMs: 5 },
  };
  const result = runWorld({ ...facts, sources });
  expect(result.finished).toBe(true);
  return result;
}

describe('a simulated server that speaks HTTP', () => {
  test('delivers as well as one that speaks mgp, without giving a connection up', () => {
    const [http, mgp] = [run(server(usual)), run(server(undefined))];
    expect(http.timeMs / mgp.timeMs).toBeLessThan(1.03);
    expect(http.reconnects).toBe(0);
    expect(http.waste).toBeLessThan(0.005);
  });

  test('costs a round trip for each part where it answers one request at a time', () => {
    expect(runWith(1, server(oneAtATime)).timeMs).toBeGreaterThan(1.03 * runWith(1, server(usual)).timeMs);
  });

  test('that is far, and answers one request at a time, is not asked for the last bytes in many small ranges', () => {
    // 12 MB from one source at 220 ms: each range costs a round trip of its own.
    expect(runWorld(randomWorld(2260, 'http')).ratio).toBeLessThan(1.3);
  });

  test('has its connection given up where much of what it was asked for is wanted no more', () => {
    const slows = server(usual, { events: [{ atMs: 3000, action: 'rate', value: mb / 50 }] });
    const result = run(slows, server(usual), server(usual));
    expect(result.ratio).toBeLessThan(1.1);
  });

  test('brings the file once, in one stream, where it gives no ranges', () => {
    const result = run(server(oneStream));
    expect(result.ratio).toBeLessThan(1.03);
    expect([result.connections, result.waste]).toEqual([1, 0]);
  });

  test('without ranges brings its start anew where it was away, and that is counted as waste', () => {
    const away = server(oneStream, {
      events: [
        { atMs: 8000, action: 'die' },
        { atMs: 9000, action: 'return' },
      ],
    });
    const result = run(away);
    expect(result.waste).toBeGreaterThan(0.35);
    expect(result.ratio).toBeGreaterThan(1);
  });

  test('without ranges does not leave to a slow one what it passes by', () => {
    // Beside it 0.2 Mbit/s at 300 ms, and 0.9 Mbit/s: 2.53 and 1.41 times the bound where they keep what they were asked for.
    expect(runWorld(randomWorld(4413, 'http')).ratio).toBeLessThan(1.6);
    expect(runWorld(randomWorld(623, 'http')).ratio).toBeLessThan(1.25);
  });

  test('without ranges is of use beside others', () => {
    const [alone, together] = [
      run(server(usual), server(undefined)),
      run(server(oneStream), server(usual), server(undefined)),
    ];
    expect(together.timeMs).toBeLessThan(0.9 * alone.timeMs);
    expect(together.waste).toBeLessThan(0.05);
  });

  test('without ranges is of use beside a slower one of its kind, and beside a faster one', () => {
    const [slow, fast] = [server(oneStream, steadySource(mb / 4, 40)), server(oneStream, steadySource(4 * mb, 80))];
    const result = run(slow, fast, server(usual));
    expect(result.ratio).toBeLessThan(1.1);
  });

  test('without ranges is found not to hold the end where it gets slower', () => {
    const slows = server(oneStream, { events: [{ atMs: 3000, action: 'rate', value: mb / 20 }] });
    const result = run(slows, server(usual), server(undefined));
    expect(result.ratio).toBeLessThan(1.1);
  });
});
