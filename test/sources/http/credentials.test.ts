import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../../src/base/http-options.js';
import type { HttpSource } from '../../../src/sources/http/http-source.js';
import { fetchFile } from '../../support/http-download.js';
import { httpSourceAt } from '../../support/http-source-at.js';
import { wantsBasic } from '../../support/http-quirks.js';
import { HttpTestServer, type Quirk } from '../../support/http-test-server.js';
import { RecordingHandler } from '../../support/recording-handler.js';
import { tempFolder } from '../../support/temp-folder.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(300_000);

function redirectTo(target: () => string): Quirk {
  return (_ask, right) => ({ ...right, status: 302, headers: { Location: target() }, body: new Uint8Array(0) });
}

/** Three origins with the same file: the first two have it, the third sends everybody on to a fourth. */
async function threeOrigins() {
  const [a, b, end] = await Promise.all([0, 1, 2].map(() => HttpTestServer.start({ file })));
  if (a === undefined || b === undefined || end === undefined) throw new Error('no servers');
  const c = await HttpTestServer.start({ file, quirk: redirectTo(() => end.url) });
  return { a, b, c, end };
}

function sawAnywhere(server: HttpTestServer, text: string): boolean {
  return server.asks.some((ask) => JSON.stringify(ask.headers).includes(text));
}

function sourceAt(server: HttpTestServer, header: string): HttpSource {
  return httpSourceAt(server.url, { headersFor: [{ origin: server.origin, header }] });
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

async function fetchFrom(sources: string[], http: HttpOptions): Promise<void> {
  const outcome = await fetchFile(sources, { http });
  if (outcome.kind === 'failed') throw outcome.error;
  expect(file.equals(outcome.bytes)).toBe(true);
}

describe('credentials', () => {
  test('go to the origin that they were given for, and to no other of three, nor to where one of them redirects', async () => {
    const { a, b, c, end } = await threeOrigins();
    await fetchFrom([a.url, b.url, c.url], {
      headersFor: [
        { origin: a.origin, header: 'X-Token: secret-of-a' },
        { origin: b.origin, header: 'Authorization: Bearer secret-of-b' },
        { origin: c.origin, header: 'Cookie: session=secret-of-c' },
      ],
    });
    const saw = (secret: string): boolean[] => [a, b, c, end].map((server) => sawAnywhere(server, secret));
    expect(saw('secret-of-a')).toEqual([true, false, false, false]);
    expect(saw('secret-of-b')).toEqual([false, true, false, false]);
    expect(saw('secret-of-c')).toEqual([false, false, true, false]);
  });

  test('in a URL are sent to its origin, and shown to nobody', async () => {
    const server = await HttpTestServer.start({ file, quirk: wantsBasic });
    const other = await HttpTestServer.start({ file });
    const outcome = await fetchFile([server.url.replace('//', '//me:pass%20word@'), other.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(server.asks[1]?.headers.authorization).toBe(`Basic ${Buffer.from('me:pass word').toString('base64')}`);
    expect(sawAnywhere(other, 'Basic')).toBe(false);
    expect(JSON.stringify(outcome.report)).not.toContain('pass');
  });

  test('of --user, --cookie and --referer go to the one origin there is', async () => {
    const server = await HttpTestServer.start({ file, quirk: wantsBasic });
    await fetchFrom([server.url], { user: 'me:secret', cookie: 'a=1', referer: 'http://here/' });
    expect(server.asks[1]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('me:secret').toString('base64')}`,
      cookie: 'a=1',
      referer: 'http://here/',
    });
  });

  test('for two origins at once are a question of usage', async () => {
    const options: HttpOptions[] = [{ headers: ['X: 1'] }, { user: 'a:b' }, { cookie: 'a=b' }, { referer: 'x' }];
    for (const http of options) {
      await expect(fetchFile(['http://127.0.0.1:1/f', 'http://127.0.0.1:2/f'], { http })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('--header-for') as string,
      });
    }
  });

  test('of a netrc file go to its hosts', async () => {
    const netrc = path.join(tempFolder(), 'netrc');
    writeFileSync(netrc, 'machine example.org login no password no\nmachine 127.0.0.1\n  login me\n  password "a b"\n');
    const server = await HttpTestServer.start({ file, quirk: wantsBasic });
    await fetchFrom([server.url], { netrc });
    expect(server.asks[1]?.headers.authorization).toBe(`Basic ${Buffer.from('me:a b').toString('base64')}`);
  });

  test('of a netrc file are for the user whom a URL names without a password', async () => {
    const netrc = path.join(tempFolder(), 'netrc');
    writeFileSync(netrc, 'machine 127.0.0.1 login me password a\nmachine 127.0.0.1 login you password b\n');
    for (const [user, login] of [
      ['you', 'you:b'],
      ['they', 'they:'],
      ['me:own', 'me:own'],
    ]) {
      const server = await HttpTestServer.start({ file, quirk: wantsBasic });
      await fetchFrom([server.url.replace('://', `://${user}@`)], { netrc });
      expect(server.asks[1]?.headers.authorization).toBe(`Basic ${Buffer.from(login ?? '').toString('base64')}`);
    }
  });

  test("of a netrc file's default go to a host that the user names, and not to where a server leads", async () => {
    const netrc = path.join(tempFolder(), 'netrc');
    writeFileSync(netrc, 'default login me password secret\n');
    const server = await HttpTestServer.start({ file, quirk: wantsBasic });
    const named = server.url.replace('127.0.0.1', 'localhost');
    const away = await HttpTestServer.start({ file, quirk: redirectTo(() => named) });
    const outcome = await fetchFile([away.url], { http: { netrc } });
    expect(outcome.kind === 'failed' ? outcome.error.cause : outcome.kind).toMatchObject({ code: 'http-unauthorized' });
    expect(server.asks.map((ask) => ask.headers.authorization)).toEqual([undefined]);
    await fetchFrom([named], { netrc });
  });

  test('of a cookie file go where their lines say', async () => {
    const cookieFile = path.join(tempFolder(), 'cookies.txt');
    const line = (domain: string, secure: string, name: string): string =>
      [domain, 'FALSE', '/', secure, '0', name, 'v'].join('\t');
    writeFileSync(
      cookieFile,
      `# Netscape HTTP Cookie File\n${line('127.0.0.1', 'FALSE', 'mine')}\n${line('127.0.0.1', 'TRUE', 'secure')}\n${line('example.org', 'FALSE', 'other')}\n`,
    );
    const server = await HttpTestServer.start({ file });
    await fetchFrom([server.url], { cookieFile });
    expect(server.asks[0]?.headers.cookie).toBe('mine=v');
  });

  test('of a cookie file go out byte by byte as they are in it, whatever is before its first line', async () => {
    const cookieFile = path.join(tempFolder(), 'cookies.txt');
    writeFileSync(cookieFile, '\ufeff127.0.0.1\tFALSE\t/\tFALSE\t0\tname\tŁódź\n');
    const server = await HttpTestServer.start({ file });
    await fetchFrom([server.url], { cookieFile });
    expect(Buffer.from(server.asks[0]?.headers.cookie ?? '', 'latin1').toString()).toBe('name=Łódź');
  });

  test('set by a server come back to it, as a login page on the way wants', async () => {
    const server = await HttpTestServer.start({
      file,
      quirk: (ask, right) =>
        ask.headers.cookie === 'ticket=42'
          ? right
          : {
              ...right,
              status: 302,
              headers: { Location: '/f.bin', 'Set-Cookie': 'ticket=42; Path=/' },
              body: new Uint8Array(0),
            },
    });
    await fetchFrom([server.url], {});
  });

  test.each([['Host: x'], ['Range: bytes=0-1'], ['no colon'], ['A b: c'], ['X: a\r\nY: b']])(
    'a header like "%s" is refused',
    async (header) => {
      await expect(fetchFile(['http://127.0.0.1:1/f'], { http: { headers: [header] } })).rejects.toMatchObject({
        code: 'usage',
      });
    },
  );

  test('are not sent over a connection that was made to where an address had led before', async () => {
    let signature = 1;
    let isExpired = false;
    let held = 0;
    const askedAnew = withResolvers();
    const allAsked = withResolvers();
    const goOn = withResolvers();
    const end = await HttpTestServer.start({
      file,
      quirk: (ask, right) =>
        ask.path.endsWith(`?sig=${signature}`)
          ? right
          : { ...right, status: 403, headers: {}, body: Buffer.from('expired') },
    });
    const start = await HttpTestServer.start({
      file,
      held: () => {
        if (!isExpired) return undefined;
        held += 1;
        askedAnew.resolve();
        if (held === 3) allAsked.resolve();
        return goOn.promise;
      },
      quirk: redirectTo(() => `${end.url}?sig=${signature}`),
    });
    const source = sourceAt(start, 'X-Token: secret');
    const [first, second] = [new RecordingHandler(file.length), new RecordingHandler(file.length)];
    for (const handler of [first, second]) {
      handler.use(source.connect(handler, { connectTimeoutMs: 4000 }));
      await handler.whenReady();
      handler.connection.request(0, 0, 1000);
      await handler.whenEnded(0);
    }
    const sampler = source.sampler();
    const ask = async (): Promise<unknown> => (await sampler.ask([{ start: 0, end: 16 }])).parts;
    expect(await ask()).toEqual([new Uint8Array(file.subarray(0, 16))]);
    signature = 2;
    isExpired = true;
    first.connection.request(1, 1000, 2000);
    // The address is followed anew by now, and it is not known yet where to: the second has its connection to the old place.
    await askedAnew.promise;
    second.connection.request(1, 2000, 3000);
    const sampled = expect(ask()).rejects.toMatchObject({ code: 'server-read-failed' });
    await allAsked.promise;
    goOn.resolve();
    await Promise.all([first.whenEnded(1), second.whenEnded(1)]);
    expect(first.bytes.subarray(1000, 2000).equals(file.subarray(1000, 2000))).toBe(true);
    expect(second.bytes.subarray(2000, 3000).equals(file.subarray(2000, 3000))).toBe(true);
    await sampled;
    expect(await ask()).toEqual([new Uint8Array(file.subarray(0, 16))]);
    sampler.close();
    expect(sawAnywhere(end, 'secret')).toBe(false);
    expect(sawAnywhere(start, 'secret')).toBe(true);
    for (const handler of [first, second]) handler.closeIt();
  });
});
