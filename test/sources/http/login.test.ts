import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../../src/base/http-options.js';
import { DigestGuard, type DigestGuardOptions } from '../../support/digest-guard.js';
import { fetchFile, type Outcome } from '../../support/http-download.js';
import { answersStatus, wantsBasic } from '../../support/http-quirks.js';
import { HttpTestServer, testCertificate, type Quirk } from '../../support/http-test-server.js';
import { tempFolder } from '../../support/temp-folder.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(300_000);
const large = randomBytesOf(24_000_000);
const login = { user: 'me', password: 'very:secret' };
const user = `${login.user}:${login.password}`;

async function guarded(
  options: Partial<DigestGuardOptions> = {},
  more: { file?: Uint8Array; tls?: boolean; etag?: string } = {},
): Promise<{ server: HttpTestServer; guard: DigestGuard }> {
  const guard = new DigestGuard({ ...login, ...options });
  return { server: await HttpTestServer.start({ file, ...more, quirk: guard.quirk }), guard };
}

function expectWhole(outcome: Outcome, bytes: Uint8Array = file): void {
  if (outcome.kind === 'failed') throw outcome.error;
  expect(Buffer.from(outcome.bytes).equals(bytes)).toBe(true);
}

function expectTurnedAway(outcome: Outcome): void {
  expect(outcome.kind === 'failed' && outcome.message).toContain('answered 401');
}

async function fetchFrom(server: HttpTestServer, http: HttpOptions = { user }): Promise<void> {
  expectWhole(await fetchFile([server.url], { http }), server.file);
}

function authorizations(server: HttpTestServer): (string | undefined)[] {
  return server.asks.map((ask) => ask.headers.authorization);
}

/** Nobody was shown the password. */
function expectNoPassword(...servers: readonly HttpTestServer[]): void {
  for (const server of servers) {
    expect(authorizations(server).filter((given) => given?.startsWith('Digest ') === false)).toEqual([]);
    expect(JSON.stringify(server.asks)).not.toContain(login.password);
  }
}

describe('a login where Digest is asked for', () => {
  test.each(['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'])(
    'is shown by %s',
    async (algorithm) => {
      const { server, guard } = await guarded({ algorithms: [algorithm] });
      await fetchFrom(server);
      expect(guard.refusals).toEqual([]);
      expectNoPassword(server);
    },
  );

  test('is shown without qop, too', async () => {
    const { server, guard } = await guarded({ qop: false });
    await fetchFrom(server);
    expect(guard.refusals).toEqual([]);
  });

  test('is shown by the strongest of several, and never by Basic beside them', async () => {
    const { server, guard } = await guarded({ algorithms: ['MD5', 'SHA-256', 'MD5-sess'], basicToo: true });
    await fetchFrom(server);
    expect(guard.refusals).toEqual([]);
    expect(authorizations(server).slice(1)).toEqual(
      expect.arrayContaining([expect.stringContaining('algorithm=SHA-256,')]),
    );
    expectNoPassword(server);
  });

  test('may have its user name hashed, and letters beyond ASCII', async () => {
    const german = { user: 'J\u00fcrgen', password: 'gr\u00fc\u00dfe' };
    const { server, guard } = await guarded({ ...german, userhash: true, algorithms: ['SHA-512-256'] });
    await fetchFrom(server, { user: `${german.user}:${german.password}` });
    expect(guard.refusals).toEqual([]);
  });

  test('of a URL and of a netrc file is shown in the same way', async () => {
    const { server } = await guarded();
    expectWhole(await fetchFile([server.url.replace('//', `//me:${encodeURIComponent(login.password)}@`)]));
    const netrc = path.join(tempFolder(), 'netrc');
    writeFileSync(netrc, `machine 127.0.0.1 login me password ${login.password}\n`);
    await fetchFrom(server, { netrc });
    expectNoPassword(server);
  });

  test('counts each use of a nonce once, over connections side by side and requests one behind the other', async () => {
    const { server, guard } = await guarded({}, { file: large });
    expectWhole(await fetchFile([server.url, `${server.url}?again`], { http: { user } }), large);
    expect(guard.refusals).toEqual([]);
    expect(server.connections).toBeGreaterThan(1);
    const used = [...guard.uses.values()].filter((counts) => counts.length > 0);
    expect(used).toHaveLength(1);
    expect([...(used[0] ?? [])].sort((a, b) => a - b)).toEqual(used[0]?.map((_, i) => i + 1));
    // Asked for once, not for each connection: one request without a login, and those that were sent beside it.
    expect(authorizations(server).filter((given) => given === undefined).length).toBeLessThanOrEqual(2);
  });

  test('is shown anew where a nonce has become stale', async () => {
    const { server, guard } = await guarded({ usesMax: 3 }, { file: large });
    await fetchFrom(server);
    expect(new Set(guard.refusals)).toEqual(new Set(['stale']));
    expect([...guard.uses.values()].filter((counts) => counts.length > 0).length).toBeGreaterThan(1);
  });

  test('goes on with the next nonce where an answer names one', async () => {
    const { server, guard } = await guarded({ namesNext: true, usesMax: 2 }, { file: large });
    await fetchFrom(server);
    expect(guard.refusals.filter((reason) => reason !== 'stale')).toEqual([]);
    expect(guard.uses.size).toBeGreaterThan(2);
  });

  test('is shown on each connection to a server that closes it', async () => {
    const { server } = await guarded({ close: true });
    await fetchFrom(server);
    expectNoPassword(server);
  });

  test('serves to compare sources, as well', async () => {
    const { server, guard } = await guarded({ usesMax: 2 }, { file: large, etag: '' });
    const other = await HttpTestServer.start({ file: large, etag: '' });
    const headersFor = [{ origin: other.origin, header: 'X-None: 1' }];
    expectWhole(await fetchFile([server.url, other.url], { http: { origin: server.origin, user, headersFor } }), large);
    expect(guard.refusals.filter((reason) => reason !== 'stale')).toEqual([]);
    expectNoPassword(server, other);
  });

  test('that is wrong ends after one try, and is named nowhere', async () => {
    const { server, guard } = await guarded();
    const outcome = await fetchFile([server.url], { http: { user: 'me:wrong-one' } });
    expectTurnedAway(outcome);
    expect(outcome.kind === 'failed' && outcome.message).not.toContain('wrong-one');
    expect(guard.refusals).toEqual(['the response']);
  });

  test('comes to an end where a server calls every nonce stale', async () => {
    const { server, guard } = await guarded({ usesMax: 0 });
    expectTurnedAway(await fetchFile([server.url], { http: { user } }));
    expect(guard.refusals.length).toBeLessThan(20);
  });

  test('is shown to no other origin, not even where that asks for it behind a redirect', async () => {
    const { server: end } = await guarded();
    const sendsOn: Quirk = (_ask, right) => ({
      ...right,
      status: 302,
      headers: { Location: end.url },
      body: new Uint8Array(0),
    });
    const guard = new DigestGuard(login);
    const quirk: Quirk = (ask, right, bytes) => {
      const answer = guard.quirk(ask, right, bytes);
      return answer.status === 401 ? answer : sendsOn(ask, right, bytes);
    };
    const first = await HttpTestServer.start({ file, quirk });
    const outcome = await fetchFile([first.url], { http: { user } });
    expectTurnedAway(outcome);
    expect(authorizations(first).at(-1)).toMatch(/^Digest /);
    expect(authorizations(end).filter((given) => given !== undefined)).toEqual([]);
  });
});

describe('a login by Basic', () => {
  test('is not sent in the clear before it is asked for, and with every request from then on', async () => {
    const server = await HttpTestServer.start({ file: large, quirk: wantsBasic });
    await fetchFrom(server);
    const [first, ...others] = authorizations(server);
    expect(first).toBeUndefined();
    expect(new Set(others)).toEqual(new Set([`Basic ${Buffer.from(user).toString('base64')}`]));
  });

  test('is not sent in the clear to a server that never asks', async () => {
    const server = await HttpTestServer.start({ file });
    await fetchFrom(server);
    expect(authorizations(server).filter((given) => given !== undefined)).toEqual([]);
  });

  test.each([401, 403, 404])('is tried where strangers are told %d, without a word on logins', async (status) => {
    const quirk: Quirk = (ask, right, bytes) =>
      ask.headers.authorization === undefined ? answersStatus(status)(ask, right, bytes) : right;
    await fetchFrom(await HttpTestServer.start({ file, quirk }));
  });

  test('is sent at once over TLS, and gives way to Digest where that is asked for', async () => {
    const http = { user, caCertificate: testCertificate().certPath };
    const basic = await HttpTestServer.start({ file, tls: true, quirk: wantsBasic });
    await fetchFrom(basic, http);
    expect(authorizations(basic)[0]).toMatch(/^Basic /);
    const { server, guard } = await guarded({}, { tls: true });
    await fetchFrom(server, http);
    expect(guard.refusals).toHaveLength(1);
    expect(
      authorizations(server)
        .slice(1)
        .filter((given) => given?.startsWith('Digest ') !== true),
    ).toEqual([]);
  });

  test.each([false, true])('with a colon in its name ends the source, not the process (TLS: %s)', async (tls) => {
    const server = await HttpTestServer.start({ file, tls, quirk: wantsBasic });
    const http = { caCertificate: testCertificate().certPath };
    const outcome = await fetchFile([server.url.replace('://', '://a%3Ab:pw@')], { http, giveUpAfterMs: 500 });
    expect(outcome.kind === 'failed' ? outcome.message : '').toContain('cannot send a user name with a colon');
    const { server: digests } = await guarded({ user: 'a:b', password: 'pw' }, { tls });
    expectWhole(await fetchFile([digests.url.replace('://', '://a%3Ab:pw@')], { http }));
  });

  test.each([
    ['Basic', answersStatus(401, { 'WWW-Authenticate': 'Basic realm="x"' })],
    ['Digest', new DigestGuard(login).quirk],
  ])('that is wrong is said to be, and not that one is wanted: %s', async (_scheme, quirk) => {
    const server = await HttpTestServer.start({ file, quirk });
    const wrong = await fetchFile([server.url], { http: { user: 'me:wrong' } });
    expectTurnedAway(wrong);
    expect(wrong.kind === 'failed' && wrong.message).toContain('it does not accept the login that it was given');
    const none = await fetchFile([server.url]);
    expectTurnedAway(none);
    expect(none.kind === 'failed' && none.message).toContain('it wants a login by ');
  });

  test('is not tried where the server wants something else, and the message says what', async () => {
    const server = await HttpTestServer.start({
      file,
      quirk: answersStatus(401, { 'WWW-Authenticate': 'Negotiate, Digest realm="x", nonce="y", algorithm=SHA-3' }),
    });
    const outcome = await fetchFile([server.url], { http: { user } });
    expectTurnedAway(outcome);
    expect(outcome.kind === 'failed' && outcome.message).toContain('it wants a login by negotiate or digest');
    expect(authorizations(server).filter((given) => given !== undefined)).toEqual([]);
  });
});
