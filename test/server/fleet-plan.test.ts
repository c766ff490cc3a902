import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ServeOptions } from '../../src/base/fleet-handle.js';
import { defaultLimits, planFleet, type FleetPlan } from '../../src/server/fleet-plan.js';
import { httpRequestLimits } from '../../src/wire/http-request-limits.js';
import { TempFolder } from '../support/test-fleet.js';

let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
  await writeFile(temp.join('a.bin'), '');
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

function plan(options: Partial<ServeOptions>): Promise<FleetPlan> {
  return planFleet({ paths: [temp.join('a.bin')], ports: [0], ...options });
}

it('numbers servers from 1, in the order of their ports', async () => {
  const { servers, host } = await plan({ ports: [0, 9007, 0, 9001] });
  expect(servers.map((s) => [s.number, s.port])).toEqual([
    [1, 0],
    [2, 9007],
    [3, 0],
    [4, 9001],
  ]);
  expect(host).toBe('127.0.0.1');
});

it('gives each server its rate: one for all, or one by one, 0 for none', async () => {
  const rates = async (rateLimits: number[]): Promise<(number | undefined)[]> =>
    (await plan({ ports: [0, 0, 0], rateLimits })).servers.map((s) => s.bytesPerSec);
  expect(await rates([])).toEqual([undefined, undefined, undefined]);
  expect(await rates([5])).toEqual([5, 5, 5]);
  expect(await rates([1, 0, Infinity])).toEqual([1, undefined, undefined]);
});

it.each<Partial<ServeOptions>>([
  { ports: [] },
  { ports: [9001, 0, 9001] },
  { ports: [-1] },
  { ports: [65_536] },
  { ports: [1.5] },
  { ports: Array.from({ length: 300 }, () => 0) },
  { ports: [0, 0, 0], rateLimits: [1, 2] },
  { rateLimits: [-1] },
  { rateLimits: [NaN] },
  { host: '' },
])('refuses %j as a wrong use', async (options) => {
  await expect(plan(options)).rejects.toMatchObject({ code: 'usage' });
});

it('names the servers that would share a port', async () => {
  await expect(plan({ ports: [9001, 0, 9001] })).rejects.toThrow(/9001 for both 1 and 3/);
});

it('gives each server less memory where there are many', () => {
  expect(defaultLimits(1).poolBytes).toBe(8 * 1024 * 1024);
  expect(defaultLimits(32).poolBytes).toBe(4 * 1024 * 1024);
});

it('has the limits that SECURITY.md promises', () => {
  const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
  const { connectionsMax, connectionsPerAddressMax, helloMs, idleMs } = defaultLimits(4);
  expect(page).toContain(`${connectionsMax} connections, ${connectionsPerAddressMax} from one address`);
  expect(page).toContain(`${helloMs / 1000} s to the first request; ${idleMs / 60_000} minutes without traffic;`);
  const { rangesMax, headBytesMax } = httpRequestLimits;
  expect(page).toContain(`${rangesMax} ranges and ${headBytesMax / 1024} KiB of head in a request`);
});
