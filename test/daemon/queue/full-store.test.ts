import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { QueueStore } from '../../../src/daemon/queue/queue-store.js';
import type { DownloadLab, LabFleet } from '../../support/download-lab.js';
import { startDaemonAndServers, type TestDaemon } from '../../support/test-daemon.js';

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
  for (const method of ['save', 'remove', 'addServerFacts'] as const) {
    vi.spyOn(QueueStore.prototype, method).mockImplementation(() => {
      throw full;
    });
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
