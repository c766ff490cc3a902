import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { QueueStore } from '../../../src/daemon/queue/queue-store.js';
import { DownloadLab } from '../../support/download-lab.js';
import { startTestDaemon, type TestDaemon } from '../../support/test-daemon.js';

let lab: DownloadLab;
let one: TestDaemon;

beforeEach(async () => {
  lab = await DownloadLab.create();
  one = lab.use(await startTestDaemon(lab.folder));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await lab[Symbol.asyncDispose]();
});

/** Paused ones, so that nothing begins. */
async function addPaused(...names: readonly string[]): Promise<string[]> {
  const downloads = names.map((out) => ({ sources: ['http://127.0.0.1:9/f'], options: { out, pause: 'true' } }));
  return (await one.client.addAll(downloads, undefined)).map((item) => item.gid);
}

const order = (daemon: TestDaemon): string[] => daemon.daemon.queue.lists.queued.map((entry) => entry.gid);

test('a queue keeps its order however often one is moved between the same two, also over a restart', async () => {
  const [first = '', second = '', third = '', fourth = ''] = await addPaused('a', 'b', 'c', 'd');
  const { queue } = one.daemon;
  for (let round = 0; round < 200; round += 1) {
    // Whoever is third goes between the first and the second: the gap halves each time.
    const [, , moved] = order(one);
    queue.move(queue.lists.get(moved ?? ''), 1, 'POS_SET');
  }
  expect(order(one)).toEqual([first, second, third, fourth]);
  const places = queue.lists.queued.map((entry) => entry.place);
  expect(new Set(places).size).toBe(4);
  await one[Symbol.asyncDispose]();
  await using next = await startTestDaemon(lab.folder);
  expect(order(next)).toEqual([first, second, third, fourth]);
});

test('one that the store does not take where it is moved to stays where it was', async () => {
  const gids = await addPaused('a', 'b', 'c');
  vi.spyOn(QueueStore.prototype, 'save').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  const { queue } = one.daemon;
  expect(() => queue.move(queue.lists.get(gids[2] ?? ''), 0, 'POS_SET')).toThrow('disk is full');
  expect(order(one)).toEqual(gids);
});

test('several go to one position in the order in which they were named', async () => {
  const [a = '', b = ''] = await addPaused('a', 'b');
  const options = { pause: 'true' };
  const downloads = ['c', 'd'].map((out) => ({ sources: ['http://127.0.0.1:9/f'], options: { ...options, out } }));
  const [c = '', d = ''] = (await one.client.addAll(downloads, 1)).map((item) => item.gid);
  expect(order(one)).toEqual([a, c, d, b]);
});

const good = { sources: ['http://127.0.0.1:9/f'], options: { pause: 'true' } };

test.each<[string, object, string]>([
  ['an address that is none', { sources: ['ftp://a.example/f'] }, '"ftp://a.example/f" is not an address'],
  ['a document that is no Metalink', { metalink: 'no xml' }, 'metalink'],
  ['a header without a colon', { ...good, options: { header: 'foo' } }, 'the header "foo" has no colon'],
  ['a header for two origins', { sources: ['http://a/f', 'http://b/f'], options: { header: 'A: b' } }, '2 origins'],
  ['a checksum that is none', { ...good, options: { checksum: 'sha-256=12' } }, 'checksum'],
  ['a proxy that is none', { ...good, options: { 'all-proxy': 'gopher://x' } }, 'proxy'],
  ['cookies that cannot be read', { ...good, options: { 'load-cookies': '/no/such/file' } }, '/no/such/file'],
  ['nothing at all', { sources: [] }, 'no source was given'],
  ['a GID that is taken by another of them', { ...good, options: { gid: 'abcdef0123456789' } }, 'is taken'],
])('of several that are added none is where there is %s', async (_what, bad, sentence) => {
  const first = { ...good, options: { pause: 'true', gid: 'abcdef0123456789' } };
  const answer = await one.ask('/api/downloads', {
    method: 'POST',
    headers: { authorization: `Bearer ${one.daemon.token}` },
    body: JSON.stringify({ downloads: [first, good, bad] }),
  });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(await answer.json()).toLowerCase()).toContain(
    JSON.stringify(sentence).slice(1, -1).toLowerCase(),
  );
  expect(one.daemon.queue.lists.all).toEqual([]);
});

test('of several that are added none is where the store takes nothing', async () => {
  const spied = vi.spyOn(QueueStore.prototype, 'save').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  await expect(addPaused('a', 'b')).rejects.toThrow('disk is full');
  spied.mockRestore();
  expect(one.daemon.queue.lists.all).toEqual([]);
  expect(await addPaused('a', 'b')).toEqual(order(one));
});

test('what a download would fail of is refused also where it is changed', async () => {
  const [item] = await one.client.add({
    sources: ['http://127.0.0.1:9/f'],
    options: { pause: 'true', header: 'A: b' },
  });
  const entry = one.daemon.queue.lists.get(item?.gid ?? '');
  await expect(one.daemon.queue.change(entry, { header: 'foo' })).rejects.toThrow('has no colon');
  await expect(one.daemon.queue.steering.add(entry, ['http://127.0.0.1:10/f'])).rejects.toThrow('2 origins');
  expect(entry.spec).toMatchObject({ options: { header: 'A: b' }, sources: ['http://127.0.0.1:9/f'] });
});
