import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { QueueEntry } from '../../../src/daemon/queue/queue-entry.js';
import { mib, until, type DownloadLab, type LabFleet } from '../../support/download-lab.js';
import { startDaemonAndServers, type TestDaemon } from '../../support/test-daemon.js';

const sizeBytes = 4 * mib;

let lab: DownloadLab;
let fleet: LabFleet;
let one: TestDaemon;
let bytes: Buffer;
let notices: readonly string[];

beforeEach(async () => {
  ({ lab, fleet, one, bytes, notices } = await startDaemonAndServers(sizeBytes, [mib, mib]));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

/** A download under way. */
async function add(options: Record<string, string> = {}): Promise<QueueEntry> {
  const [item] = await one.client.add({ sources: fleet.urls(), options });
  return one.daemon.queue.lists.get(item?.gid ?? '');
}

const hasBytes = (entry: QueueEntry, least: number): Promise<void> =>
  until(() => (entry.notice()?.doneBytes ?? 0) >= least);

describe('the thread that downloads', () => {
  test('may break down: its downloads go on from what they had, with another one', async () => {
    const [first, second] = [await add(), await add({ out: 'other.bin' })];
    await Promise.all([hasBytes(first, mib), hasBytes(second, mib)]);
    await one.daemon.engine.breakDown();
    await until(() => first.state === 'complete' && second.state === 'complete');
    for (const name of ['film.bin', 'other.bin']) {
      expect(readFileSync(join(one.output, name)).equals(bytes)).toBe(true);
    }
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('the thread that downloads ended by a fault');
    const reasons = first.events.map(({ event }) => ('reason' in event ? event.reason : ''));
    expect(reasons).toContainEqual(expect.stringContaining('this download goes on from its journal'));
    const { sentBytes } = fleet.handle
      .snapshot()
      .servers.reduce((sum, server) => ({ sentBytes: sum.sentBytes + server.sentBytes }), { sentBytes: 0 });
    // What was received before was not fetched again: less than half of it at the most, which was on its way to the disk.
    expect(sentBytes).toBeLessThan(2 * sizeBytes + mib);
  }, 30_000);

  test('is not started for ever under a download that it breaks down of', async () => {
    const entry = await add();
    for (let time = 1; time <= 4; time += 1) {
      await until(() => entry.handle?.snapshot() !== undefined);
      await one.daemon.engine.breakDown();
    }
    await until(() => entry.state === 'error');
    expect(entry.progress.error?.code).toBe('engine-lost');
    // It is there for others, and for this one once somebody says so.
    await one.client.resume(entry.gid);
    await until(() => entry.state === 'complete');
    expect(readFileSync(join(one.output, 'film.bin')).equals(bytes)).toBe(true);
  }, 30_000);

  test('leaves a paused download paused when it breaks down', async () => {
    const entry = await add();
    await hasBytes(entry, 1);
    await one.client.pause(entry.gid);
    await one.daemon.engine.breakDown();
    await until(() => entry.handle === undefined);
    expect(entry.state).toBe('paused');
    await one.client.resume(entry.gid);
    await until(() => entry.state === 'complete');
  }, 30_000);

  test('hands a file over while it comes in, from any place, to more than one who reads', async () => {
    const entry = await add();
    await until(() => entry.handle !== undefined);
    const read = async (start: number, end?: number): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      const options = end === undefined ? { start } : { start, end };
      for await (const chunk of entry.handle?.createReader(options) ?? []) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    const [tail, middle, all] = await Promise.all([read(sizeBytes - 1000), read(1_500_000, 1_500_100), read(0)]);
    expect(tail.equals(bytes.subarray(sizeBytes - 1000))).toBe(true);
    expect(middle.equals(bytes.subarray(1_500_000, 1_500_100))).toBe(true);
    expect(all.equals(bytes)).toBe(true);
  }, 30_000);

  test('ends a reader with its signal, with its download, and with its own end', async () => {
    const entry = await add({ 'max-download-limit': '20K' });
    await until(() => entry.handle !== undefined);
    const { handle } = entry;
    const leaving = new AbortController();
    const aborted = expect(handle?.createReader({ start: 3 * mib, signal: leaving.signal }).next()).rejects;
    leaving.abort();
    await aborted.toMatchObject({ code: 'aborted' });
    const late = handle?.createReader({ start: 3 * mib });
    const lost = expect(late?.next()).rejects.toMatchObject({ code: 'engine-lost' });
    await one.daemon.engine.breakDown();
    await lost;
    await expect(late?.next()).rejects.toMatchObject({ code: 'engine-lost' });
    await until(() => entry.handle !== undefined && entry.handle !== handle);
    const waiting = entry.handle?.createReader({ start: 3 * mib });
    const ended = expect(waiting?.next()).rejects.toMatchObject({ code: 'aborted' });
    await one.client.remove(entry.gid);
    await ended;
  }, 30_000);

  test('refuses what makes no sense, and shows at once what it has done', async () => {
    const entry = await add({ 'max-download-limit': '100K' });
    await until(() => entry.handle?.snapshot()?.sizeBytes !== undefined);
    await expect(entry.handle?.disableSource(99)).rejects.toMatchObject({ code: 'usage' });
    await expect(entry.handle?.addSource('gopher://a.example/x')).rejects.toMatchObject({ code: 'usage' });
    expect(entry.spec.sources).toHaveLength(2);
    await one.daemon.queue.steering.use(entry, 1, false);
    expect(entry.handle?.snapshot()?.sources[1]?.state).toBe('disabled');
    await one.daemon.queue.steering.add(entry, [`${fleet.url(1)}#again`]);
    expect(entry.handle?.snapshot()?.sources).toHaveLength(3);
  }, 30_000);

  test('makes the map that a page asks for, and shows the pieces as they are', async () => {
    const entry = await add();
    expect((await entry.mapRuns(100)).reduce((sum, [cells]) => sum + cells, 0)).toBe(100);
    await until(() => entry.handle?.pieceStates()?.includes(2) === true);
    expect(entry.handle?.pieceStates()).toHaveLength(16);
    const { handle } = entry;
    await until(() => entry.state === 'complete');
    expect([...(handle?.pieceStates() ?? [])]).toEqual(new Array(16).fill(2));
    const runs = await entry.mapRuns(1000);
    expect(runs.reduce((sum, [cells]) => sum + cells, 0)).toBe(1000);
    expect(runs.every(([, state]) => state === 3)).toBe(true);
    expect(new Set(runs.map(([, , source]) => source))).toEqual(new Set([0, 1]));
    // The next daemon knows it, too.
    expect(await QueueEntry.fromStore(entry.toStore(), '').mapRuns(1000)).toEqual(runs);
  }, 30_000);
});
