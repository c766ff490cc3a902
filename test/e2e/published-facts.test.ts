import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { download } from '../../src/app/download.js';
import { sourceMaker } from '../../src/app/source-maker.js';
import { describing, digest, file, metalinkOf, mib, other, says, whole } from '../support/described-file.js';
import { DownloadLab, until } from '../support/download-lab.js';
import { fetchFile } from '../support/http-download.js';
import { HttpTestServer, testCertificate } from '../support/http-test-server.js';
import { tempFolder } from '../support/temp-folder.js';

/** What HTTP servers say beside the file, and what is made of it without being asked. */
function duplicate(url: string, more = ''): string {
  return `<${url}>; rel=duplicate${more}`;
}

describe('one address of our own fleet over HTTP', () => {
  let lab: DownloadLab;
  beforeEach(async () => {
    lab = await DownloadLab.create();
  });
  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
  });

  test('finds the other servers and the hashes of all pieces', async () => {
    const served = lab.file('some film ü.bin', 24 * mib + 5);
    const fleet = await lab.serve(served.path, { rateLimits: [16 * mib, 16 * mib, 16 * mib] });
    await until(() => fleet.handle.snapshot().files.every((f) => f.hashed >= 1));
    const handle = lab.get([fleet.url(2).replace('mgp:', 'http:').replace('ü', '%C3%BC')]);
    const report = await handle.done;
    expect(served.bytes.equals(readFileSync(report.outputPath))).toBe(true);
    expect(report).toMatchObject({ piecesVerified: 97, pieceCount: 97 });
    expect(report.sources.map((source) => source.url.startsWith('http://'))).toEqual([true, true, true]);
    for (const source of report.sources) expect(source.bytes).toBeGreaterThan(0);
  });
});

describe('a Metalink that a server names', () => {
  test('verifies the pieces as it cuts them, and finds out who sends wrong ones', async () => {
    const wrong = Buffer.from(file);
    wrong.fill(0, 1000, file.length - 1000);
    const liar = await HttpTestServer.start({ file: wrong });
    const server = await describing(await metalinkOf(file), { Link: duplicate(liar.url) });
    const { report } = whole(await fetchFile([server.url]));
    expect(report).toMatchObject({ piecesVerified: 13, pieceCount: 13 });
    expect(report.sources).toHaveLength(2);
  });

  test('names further sources', async () => {
    const mirror = await HttpTestServer.start({ file });
    const server = await describing(await metalinkOf(file, [mirror.url, 'ftp://127.0.0.1/f.bin']));
    const { report } = whole(await fetchFile([server.url]));
    expect(report.sources.map((source) => source.url)).toEqual([server.url, mirror.url]);
  });

  test('is not used where it describes another file, and that is no fault of anybody', async () => {
    const smaller = await metalinkOf(other.subarray(mib));
    const unsized = Buffer.from(smaller.toString().replace(/<size>\d+<\/size>/, ''));
    for (const document of [await metalinkOf(other.subarray(1)), unsized]) {
      for (const promises of [false, true]) {
        const server = await describing(document, {}, { promises });
        expect(whole(await fetchFile([server.url])).report.piecesVerified).toBe(0);
      }
    }
  });

  test('is not used where it contradicts the digest beside it', async () => {
    const server = await describing(await metalinkOf(other), { Digest: `SHA-256=${digest(file)}` });
    expect(whole(await fetchFile([server.url])).report.piecesVerified).toBe(0);
  });

  test('comes before a disk that refuses, of which the download dies alone', async () => {
    const output = join(tempFolder(), 'out.bin');
    mkdirSync(`${output}.part`);
    const server = await describing(await metalinkOf(file));
    expect(await fetchFile([server.url], { output })).toMatchObject({ kind: 'failed', error: { code: 'io-failed' } });
  });

  test('is not waited for without end', async () => {
    const silent = await DownloadLab.create();
    const port = await silent.listen(() => undefined);
    const link = `<http://127.0.0.1:${port}/f.meta4>; rel=describedby; type="application/metalink4+xml"`;
    const server = await HttpTestServer.start({ file, quirk: says({ Link: link }) });
    whole(await fetchFile([server.url]));
    await silent[Symbol.asyncDispose]();
  });

  test('goes on where a run without it has stopped, and the other way round', async () => {
    const server = await describing(await metalinkOf(file));
    const { quirk } = server;
    for (const first of [undefined, quirk]) {
      const output = join(tempFolder(), 'out.bin');
      server.quirk = (ask, right, all) => {
        const reply = first === undefined ? right : first(ask, right, all);
        return ask.path === '/f.bin' && reply.body.length > mib ? { ...reply, cutAfter: mib } : reply;
      };
      const halted = new AbortController();
      const cut = fetchFile([server.url], { output, signal: halted.signal });
      const before = server.asks.length;
      await until(() => server.asks.slice(before).filter((ask) => ask.path === '/f.bin').length > 2);
      halted.abort();
      expect((await cut).kind).toBe('failed');
      server.quirk = first === undefined ? quirk : undefined;
      whole(await fetchFile([server.url], { output }));
    }
  });
});

describe('a digest that a server states', () => {
  test.each([
    ['Digest with SHA-256', { Digest: `SHA-256=${digest(file)}` }],
    [
      'Digest with SHA-512 and a checksum that nobody knows',
      { Digest: `unixsum=1, SHA-512=${digest(file, 'sha512')}` },
    ],
    ['Repr-Digest with SHA-512', { 'Repr-Digest': `sha-512=:${digest(file, 'sha512')}:` }],
  ])('as %s is checked', async (_how, headers) => {
    const right = await HttpTestServer.start({ file, quirk: says(headers) });
    whole(await fetchFile([right.url]));
    const wrong = await HttpTestServer.start({ file: other, quirk: says(headers) });
    const outcome = await fetchFile([wrong.url]);
    if (outcome.kind === 'whole') throw new Error('another file than was stated was taken');
    expect(outcome.error.code).toBe('verification-failed');
    expect(outcome.message).toContain(`127.0.0.1:${wrong.port} states (--no-follow-links ignores that)`);
  });

  test('is checked also where the file goes by in order', async () => {
    const stated = says({ Digest: `SHA-256=${digest(file)}` });
    const read = async (holds: Uint8Array, manifest = {}): Promise<Buffer> => {
      const { url } = await HttpTestServer.start({ file: holds, quirk: stated });
      const handle = download({ sources: [url], inOrder: {}, http: { netrc: false, proxy: {} }, manifest });
      const chunks: Uint8Array[] = [];
      for await (const chunk of handle.createReader()) chunks.push(chunk);
      await handle.done;
      return Buffer.concat(chunks);
    };
    expect(file.equals(await read(file))).toBe(true);
    await expect(read(other)).rejects.toMatchObject({ code: 'verification-failed' });
    const sha512 = createHash('sha512').update(other).digest('hex');
    expect(other.equals(await read(other, { hashes: { sha512 } }))).toBe(true);
  });

  test("by one of two servers that hold the same is said to be that one's, with what ignores it", async () => {
    const silent = await HttpTestServer.start({ file });
    const wrong = await HttpTestServer.start({ file, quirk: says({ Digest: `SHA-256=${digest(other)}` }) });
    const outcome = await fetchFile([silent.url, wrong.url]);
    expect(outcome.kind === 'failed' ? outcome.message : '').toContain(
      ` as 127.0.0.1:${wrong.port} states (--no-follow-links ignores that)`,
    );
    whole(await fetchFile([silent.url, wrong.url], { followLinks: false }));
  });

  test('does not count with followLinks: false or verify: false, nor beside a hash that the user gives', async () => {
    const server = await HttpTestServer.start({ file, quirk: says({ Digest: `SHA-256=${digest(other)}` }) });
    whole(await fetchFile([server.url], { followLinks: false }));
    whole(await fetchFile([server.url], { verify: false }));
    const sha512 = createHash('sha512').update(file).digest('hex');
    const given = await fetchFile([server.url], { manifest: { hashes: { sha512 } }, sha256: false });
    whole(given);
  });
});

describe('other addresses that a server names', () => {
  test('are not used without anything that proves them right', async () => {
    const mirror = await HttpTestServer.start({ file: other });
    const server = await HttpTestServer.start({ file, quirk: says({ Link: duplicate(mirror.url) }) });
    const { report } = whole(await fetchFile([server.url]));
    expect(report.sources).toHaveLength(1);
    expect(mirror.connections).toBe(0);
  });

  test('are used beside a digest where they have the same ETag or digest, and left out where they show neither', async () => {
    const tagged = await HttpTestServer.start({ file });
    const stating = await HttpTestServer.start({ file, etag: '', quirk: says({ Digest: `SHA-256=${digest(file)}` }) });
    const silent = await HttpTestServer.start({ file: other, etag: '"other"' });
    const links = [tagged, stating, silent].map((server, i) => duplicate(server.url, `; pri=${i + 1}`)).join(', ');
    const server = await HttpTestServer.start({
      file,
      quirk: says({ Digest: `SHA-256=${digest(file)}`, Link: links }),
    });
    const { report } = whole(await fetchFile([server.url]));
    const notes = report.sources.map((source) => source.note.replace(/.*, which .* names, /, ''));
    expect(report.sources.map((source) => source.url)).toEqual([server.url, tagged.url, stating.url, silent.url]);
    expect(notes).toEqual(['', '', '', 'shows neither the same ETag nor the same digest; it is left out']);
    expect(report.sources[3]?.bytes).toBe(0);
  });

  test('have no say: one that holds another file, or states another digest, is left out and that is all', async () => {
    const shorter = await HttpTestServer.start({ file: other.subarray(1) });
    const lying = await HttpTestServer.start({ file: other, quirk: says({ Digest: `SHA-256=${digest(other)}` }) });
    for (const mirrors of [[shorter], [lying], [shorter, lying]]) {
      const links = mirrors.map((server) => duplicate(server.url)).join(', ');
      const digests = `SHA-256=${digest(file)}, SHA-512=${digest(file, 'sha512')}`;
      const server = await HttpTestServer.start({ file, quirk: says({ Digest: digests, Link: links }) });
      const { report } = whole(await fetchFile([server.url]));
      expect(report.sources[0]?.bytes).toBe(file.length);
    }
  });

  test('and manifests of one of several sources do not count against the others', async () => {
    const odd = await HttpTestServer.start({ file: other, quirk: says({ Digest: `SHA-256=${digest(other)}` }) });
    const others = await Promise.all(
      [1, 2].map(() => HttpTestServer.start({ file, quirk: says({ Digest: `SHA-256=${digest(file)}` }) })),
    );
    whole(await fetchFile([odd.url, ...others.map((server) => server.url)]));
  });

  test('are not followed from there', async () => {
    const far = await HttpTestServer.start({ file });
    const headers = { Digest: `SHA-256=${digest(file)}` };
    const near = await HttpTestServer.start({ file, quirk: says({ ...headers, Link: duplicate(far.url) }) });
    const server = await HttpTestServer.start({ file, quirk: says({ ...headers, Link: duplicate(near.url) }) });
    expect(whole(await fetchFile([server.url])).report.sources).toHaveLength(2);
    expect(far.connections).toBe(0);
  });

  test('are sixteen at the most, each server once, and no other protocols', async () => {
    const mirror = await HttpTestServer.start({ file });
    const dead = Array.from({ length: 30 }, (_, i) => `http://127.0.0.1:${mirror.port}/f.bin?${i}`);
    const server = await HttpTestServer.start({
      file,
      quirk: (ask, right) => {
        const links = [`http://127.0.0.1:${server.port}/f.bin`, 'ftp://127.0.0.1/f', 'file:///etc/passwd', ...dead];
        return says({ Digest: `SHA-256=${digest(file)}`, Link: links.map((l) => duplicate(l)).join(', ') })(
          ask,
          right,
          file,
        );
      },
    });
    const { report } = whole(await fetchFile([server.url]));
    expect(report.sources).toHaveLength(17);
    expect(report.sources.slice(1).every((source) => source.url.includes(String(mirror.port)))).toBe(true);
  });

  test('do not lead from TLS to plain HTTP where a digest alone is the proof', async () => {
    const plain = await HttpTestServer.start({ file });
    const headers = { Digest: `SHA-256=${digest(file)}`, Link: duplicate(plain.url) };
    const server = await HttpTestServer.start({ file, tls: true, quirk: says(headers) });
    const http = { caCertificate: testCertificate().certPath };
    expect(whole(await fetchFile([server.url], { http })).report.sources).toHaveLength(1);
    expect(plain.connections).toBe(0);
  });

  test('get no header and no login that was meant for the first one', async () => {
    const mirror = await HttpTestServer.start({ file });
    const manifests = await HttpTestServer.start({ file: await metalinkOf(file), path: '/f.meta4' });
    const link = `<${manifests.url}>; rel=describedby; type="application/metalink4+xml", ${duplicate(mirror.url.replace('//', '//eve:evil@'))}`;
    const server = await HttpTestServer.start({ file, quirk: says({ Link: link }) });
    const http = { headers: ['X-Secret: 1'], user: 'me:secret', cookie: 'a=1' };
    const { report } = whole(await fetchFile([server.url], { http }));
    expect(report.sources).toHaveLength(2);
    expect(server.asks[0]?.headers).toMatchObject({ 'x-secret': '1', cookie: 'a=1' });
    for (const { asks } of [mirror, manifests]) {
      expect(asks.length).toBeGreaterThan(0);
      for (const ask of asks) {
        expect(Object.keys(ask.headers)).not.toEqual(expect.arrayContaining(['x-secret']));
        expect([ask.headers.authorization, ask.headers.cookie]).toEqual([undefined, undefined]);
      }
    }
  });

  test.each([
    'http://127.0.0.1/f',
    'http://[::1]/f',
    'https://localhost/f',
    'http://192.168.1.1/f',
    'mgp://a.example/f',
  ])('are not %s where somebody in the internet names them', (url) => {
    const make = sourceMaker({ sources: ['http://127.0.0.1/f'] });
    expect(() => make(url, { publicOnly: true })).toThrow(/network/);
    expect(make(url, { publicOnly: false }).url).toContain('/f');
  });
});
