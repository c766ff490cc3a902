import { afterEach, beforeEach, expect, test } from 'vitest';
import { namedOrigin } from '../../src/daemon/named-origin.js';
import { specFromJson, specToJson } from '../../src/daemon/queue/download-spec.js';
import { DownloadLab } from '../support/download-lab.js';
import { HttpTestServer, type Quirk } from '../support/http-test-server.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';

const file = randomBytesOf(200_000);
let lab: DownloadLab;
let one: TestDaemon;
/** What the sources of all downloads here are on; nobody has named it himself. */
let away: HttpTestServer;
let metalink: string;

beforeEach(async () => {
  lab = await DownloadLab.create();
  one = lab.use(await startTestDaemon(lab.folder));
  away = await HttpTestServer.start({ file });
  metalink = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f.bin"><url>${away.url}</url></file></metalink>`;
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

const wantsSecret: Quirk = (ask, right) =>
  JSON.stringify(ask.headers).includes('secret') ? right : { ...right, status: 401, body: new Uint8Array(0) };

/** A server that gives the Metalink to who shows the secret. */
function guarded(): Promise<HttpTestServer> {
  return HttpTestServer.start({ file: Buffer.from(metalink), path: '/f.meta4', quirk: wantsSecret });
}

const saw = (server: HttpTestServer, text: string): boolean =>
  server.asks.some((ask) => JSON.stringify(ask.headers).includes(text));

async function becomes(gid: string | undefined, wanted: string): Promise<void> {
  let state = '';
  while (state !== 'complete' && state !== 'error') ({ state } = (await one.client.detail(gid ?? '')).item);
  expect(state).toBe(wanted);
}

test.each([
  ['a header', { header: 'X-Token: secret' }, 'secret'],
  ['a login', { 'http-user': 'me', 'http-passwd': 'pw', header: 'X-Token: secret' }, 'authorization'],
  ['a referer', { referer: 'http://a.example/secret' }, 'secret'],
])('%s goes to the origin that was named, not to what a Metalink from there names', async (_what, options, secret) => {
  const home = await guarded();
  const [item] = await one.client.add({ sources: [home.url], options });
  await becomes(item?.gid, 'complete');
  expect(away.asks.length).toBeGreaterThan(0);
  expect(saw(away, secret)).toBe(false);
  expect(one.daemon.queue.lists.get(item?.gid ?? '').spec.origin).toBe(home.origin);
});

test('what the daemon sends to all goes to the origin that was named, too, and no further', async () => {
  one.daemon.queue.changeAll({ header: 'X-Token: secret' });
  const home = await guarded();
  const [item] = await one.client.add({ sources: [home.url], options: {} });
  await becomes(item?.gid, 'complete');
  expect([saw(home, 'secret'), saw(away, 'secret')]).toEqual([true, false]);
});

test('a header for one of several goes to that one', async () => {
  const home = await guarded();
  const other = await HttpTestServer.start({ file });
  const options = { 'header-for': [`${home.origin} X-Token: secret`, `${away.origin} X-Other: for-away`] };
  const [item] = await one.client.add({ sources: [home.url], options });
  await becomes(item?.gid, 'complete');
  expect([saw(away, 'secret'), saw(away, 'for-away'), saw(home, 'for-away')]).toEqual([false, true, false]);
  const [direct] = await one.client.add({ sources: [away.url, other.url], options: { ...options, out: 'g.bin' } });
  await becomes(direct?.gid, 'complete');
  expect(saw(other, 'for-away')).toBe(false);
  const bad = one.client.add({ sources: [home.url], options: { 'header-for': 'secret-without-origin' } });
  await expect(bad).rejects.toThrow('the option header-for takes an origin and a header');
});

test('a Metalink that is handed over speaks for who hands it over', async () => {
  const [item] = await one.client.add({ sources: [], metalink, options: { header: 'X-Token: secret' } });
  await becomes(item?.gid, 'complete');
  expect(saw(away, 'secret')).toBe(true);
});

test('the origin that was named is one, or there is nothing to send', () => {
  const secret = { header: 'A: b' };
  const manifests = ['https://a.example/x.meta4', 'mgp://b.example/y.meta4'];
  expect(namedOrigin(manifests, false, secret)).toBe('https://a.example');
  expect(namedOrigin(['mgp://b.example/y.meta4'], false, {})).toBe('');
  expect(namedOrigin([...manifests, 'https://c.example/f'], false, {})).toBe('');
  expect(namedOrigin([], true, secret)).toBeUndefined();
  expect(() => namedOrigin(['mgp://b.example/y.meta4'], false, secret)).toThrow('none was named: use header-for');
  expect(() => namedOrigin([...manifests, 'https://c.example/f'], false, secret)).toThrow(
    'the option header is for one origin, not for 2 (https://a.example, https://c.example): use header-for',
  );
});

test.each(['https://a.example', '', undefined])('the store keeps who was named (%j)', (origin) => {
  const spec = { sources: ['https://b.example/f'], options: {}, content: {}, relativePath: undefined, origin };
  expect(specFromJson(specToJson(spec)).origin).toBe(origin);
});
