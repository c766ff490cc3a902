import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QueueDetail } from '../../src/base/queue-snapshot.js';
import { runLimitCommand } from '../../src/cli/daemon/run-limit-command.js';
import { parseArguments } from '../../src/cli/program.js';
import { memoryIo } from '../support/cli-streams.js';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';

let lab: DownloadLab;
let fleet: LabFleet;
let one: TestDaemon;
const names = ['a.bin', 'b.bin', 'c.bin'];

beforeEach(async () => {
  lab = await DownloadLab.create();
  const files = names.map((name, n) => lab.file(name, 3_000_000, n + 1).path);
  fleet = await lab.serve(files, { rateLimits: [600_000] });
  one = lab.use(await startTestDaemon(lab.folder));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

async function details(): Promise<QueueDetail[]> {
  const items = await one.client.list();
  return Promise.all(items.map((item) => one.client.detail(item.gid)));
}

/** Connections that downloads have now, all together. */
const connections = async (): Promise<number> =>
  (await one.client.list()).reduce((sum, item) => sum + item.connections, 0);

/** What `manyget limit ...words` prints. */
async function limit(...words: readonly string[]): Promise<string> {
  const invocation = parseArguments(['limit', ...words]);
  if (invocation.type !== 'daemon' || invocation.command.kind !== 'limit') throw new Error('no limit command');
  const io = memoryIo();
  await runLimitCommand(invocation.command, one.client, io);
  return io.stdout.text;
}

describe('limits of the queue', () => {
  test('connections to one host are counted over all downloads, and the limit changes live', async () => {
    await limit('--connections-per-host', '2');
    for (const name of names) await one.client.add({ sources: [fleet.url(1, name)], options: {} });
    await expect.poll(async () => (await details()).filter(({ item }) => item.speedBytesPerSec > 0).length).toBe(2);
    const waiting = (await details()).find(({ item }) => item.speedBytesPerSec === 0);
    expect(waiting?.sources[0]?.note).toContain('waits for other downloads');
    expect(await connections()).toBe(2);
    await limit('--connections-per-host', '0');
    await expect.poll(async () => (await details()).filter(({ item }) => item.speedBytesPerSec > 0).length).toBe(3);
    await limit('--connections-per-host', '1');
    await expect.poll(connections).toBe(1);
    await limit('--connections-per-host', '3');
    await expect
      .poll(async () => (await one.client.list()).map(({ state }) => state), { timeout: 60_000 })
      .toEqual(['complete', 'complete', 'complete']);
  }, 90_000);

  test('a schedule counts before the limit, for one download and for all, at once', async () => {
    const [item] = await one.client.add({ sources: fleet.urls('a.bin'), options: { 'max-download-limit': '400K' } });
    const gid = item?.gid ?? '';
    const handle = one.daemon.queue.lists.get(gid).handle;
    await expect.poll(() => handle?.snapshot()?.limitBytesPerSec).toBe(400 * 1024);
    expect(await limit(gid, '--schedule', '00:00-24:00 100K')).toBe('rate: 400 KiB/s\nschedule: 00:00-24:00 100K\n');
    await expect.poll(() => handle?.snapshot()?.limitBytesPerSec).toBe(100 * 1024);
    expect(await limit('--schedule', '50K')).toBe('rate: no limit\nschedule: 50K\nconnections per host: no limit\n');
    await expect.poll(() => handle?.snapshot()?.limitBytesPerSec).toBe(50 * 1024);
    await limit('--schedule', '', '--rate', '0');
    await limit(gid, '--schedule', '', '--rate', '0');
    await expect.poll(() => handle?.snapshot()?.limitBytesPerSec).toBeUndefined();
    // It went on all the time, and did not begin anew.
    expect(one.daemon.queue.lists.get(gid).handle).toBe(handle);
  });

  test('what makes no sense is refused, on both sides', async () => {
    expect(() => parseArguments(['limit', '--schedule', 'sometimes 2M'])).toThrow('a schedule has rules like');
    expect(() => parseArguments(['limit', 'abcd', '--connections-per-host', '2'])).toThrow('leave the GID out');
    const refused = one.client.setQueueOptions({ 'max-overall-download-limit-schedule': 'sometimes 2M' });
    await expect(refused).rejects.toMatchObject({ code: 'usage' });
    expect(parseArguments(['add', 'mgp://a:1/x', '--limit-schedule', 'sat 1M'])).toMatchObject({
      command: { request: { options: { 'max-download-limit-schedule': 'sat 1M' } } },
    });
  });
});
