import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FleetStore } from '../../../src/daemon/fleets/fleet-store.js';
import { QueueStore } from '../../../src/daemon/queue/queue-store.js';
import type { DownloadLab, LabFleet } from '../../support/download-lab.js';
import { startDaemonAndServers, startTestDaemon, type TestDaemon } from '../../support/test-daemon.js';

/** What libsql throws on a full disk. */
const full = new Error('database or disk is full');

let lab: DownloadLab;
let fleet: LabFleet;
let one: TestDaemon;
let bytes: Buffer;
let notices: readonly string[];

beforeEach(async () => {
  ({ lab, fleet, one, bytes, notices } = await startDaemonAndServers(3_000_000, [1_500_000, 1_500_000]));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await lab[Symbol.asyncDispose]();
});

async function add(out: string): Promise<string> {
  const [item] = await one.client.add({ sources: fleet.urls(), options: { out } });
  if (item === undefined) throw new Error('nothing was added');
  return item.gid;
}

async function stateOf(gid: string): Promise<string> {
  return (await one.client.detail(gid)).item.state;
}

function takeNothing(): void {
  const refuse = (): never => {
    throw full;
  };
  for (const method of ['save', 'remove', 'saveOptions', 'addServerFacts'] as const) {
    vi.spyOn(QueueStore.prototype, method).mockImplementation(refuse);
  }
  for (const method of ['add', 'save', 'remove'] as const) {
    vi.spyOn(FleetStore.prototype, method).mockImplementation(refuse);
  }
}

test('downloads go on where the store takes nothing, and are in it once it does', async () => {
  one.daemon.queue.changeAll({ 'max-concurrent-downloads': '1' });
  const [gid, next] = [await add('first.bin'), await add('second.bin')];
  takeNothing();
  await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
  expect(readFileSync(join(one.output, 'first.bin')).equals(bytes)).toBe(true);
  await expect.poll(() => stateOf(next)).toBe('active');
  expect(notices).toEqual([expect.stringContaining('disk is full')]);
  vi.restoreAllMocks();
  const save = vi.spyOn(QueueStore.prototype, 'save');
  await expect
    .poll(() => save.mock.calls.flatMap(([saved]) => saved.map((each) => [each.gid, each.state])))
    .toContainEqual([gid, 'complete']);
});

test('who gives a command is told that it cannot be kept, and nothing has changed', async () => {
  const gid = await add('film.bin');
  takeNothing();
  await expect(one.client.pause(gid)).rejects.toThrow('disk is full');
  await expect(one.client.remove(gid)).rejects.toThrow('disk is full');
  await expect(add('other.bin')).rejects.toThrow('disk is full');
  expect((await one.client.list()).map((item) => [item.gid, item.state])).toEqual([[gid, 'active']]);
  vi.restoreAllMocks();
  expect((await one.client.pause(gid)).item.state).toBe('paused');
});

test('options that cannot be kept count for nothing', async () => {
  const gid = await add('film.bin');
  const before = await one.client.queueOptions();
  const { options } = await one.client.detail(gid);
  takeNothing();
  await expect(one.client.setQueueOptions({ 'max-concurrent-downloads': '9' })).rejects.toThrow('disk is full');
  await expect(one.client.setOptions(gid, { 'max-download-limit': '1000' })).rejects.toThrow('disk is full');
  expect(await one.client.queueOptions()).toEqual(before);
  expect((await one.client.detail(gid)).options).toEqual(options);
});

test('a download that failed still says of what, where it cannot be kept that it is tried again', async () => {
  const options = { checksum: `sha-256=${'0'.repeat(64)}` };
  const [item] = await one.client.add({ sources: fleet.urls(), options });
  const gid = item?.gid ?? '';
  await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('error');
  const before = await one.client.detail(gid);
  takeNothing();
  await expect(one.client.resume(gid)).rejects.toThrow('disk is full');
  expect((await one.client.detail(gid)).item).toEqual(before.item);
});

test('a fleet that cannot be changed or forgotten is as before, and comes back from a store that takes nothing', async () => {
  const { path } = lab.file('served.bin', 1000);
  const folder = join(lab.folder, 'other');
  const states = async ({ client }: TestDaemon): Promise<unknown> =>
    (await client.fleets()).map(({ servers }) => servers.map(({ state }) => state));
  {
    await using other = await startTestDaemon(folder);
    const { id } = await other.client.addFleet({ paths: [path], ports: [0, 0] });
    takeNothing();
    await expect(other.client.removeFleet(id)).rejects.toThrow('disk is full');
    await expect(other.client.steerFleet('close', id, 1)).rejects.toThrow('disk is full');
    expect(await states(other)).toEqual([['alive', 'alive']]);
  }
  await using again = await startTestDaemon(folder);
  await expect.poll(() => states(again)).toEqual([['alive', 'alive']]);
});
