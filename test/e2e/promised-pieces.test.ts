import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describing, digest, file, metalinkOf, mib, other, says, whole } from '../support/described-file.js';
import { until } from '../support/download-lab.js';
import { fetchFile } from '../support/http-download.js';
import { HttpTestServer } from '../support/http-test-server.js';
import { tempFolder } from '../support/temp-folder.js';

describe('a Metalink whose pieces are promised', () => {
  const promises = true;
  const cut = 256 * 1024;

  test('is fetched behind the first bytes of the file, and verifies them as well', async () => {
    const server = await describing(await metalinkOf(file, [], cut), {}, { promises });
    const { report } = whole(await fetchFile([server.url]));
    expect(report).toMatchObject({ piecesVerified: 25, pieceCount: 25 });
    const paths = server.asks.map((ask) => ask.path);
    expect(paths.filter((path) => path === '/f.meta4')).toHaveLength(1);
    expect(paths.indexOf('/f.meta4')).toBeGreaterThan(1);
  });

  test('finds out who sent wrong bytes before it was there', async () => {
    const wrong = Buffer.from(file);
    wrong.fill(0, 0, 100);
    const document = await metalinkOf(file, [], cut);
    const headers = { Digest: `SHA-256=${digest(file)}` };
    const liar = await describing(document, headers, { promises, holds: wrong });
    const right = await describing(document, headers, { promises });
    const { report } = whole(await fetchFile([liar.url, right.url]));
    expect(report.piecesVerified).toBe(25);
  });

  test('may take its time while bytes of the file are missing', async () => {
    const sent = new EventEmitter();
    const manifestIsSent = once(sent, 'sent').then(() => undefined);
    const manifests = await HttpTestServer.start({
      file: await metalinkOf(file, [], cut),
      path: '/f.meta4',
      held: async ({ headers }) => {
        if (headers.range !== 'bytes=0-0') return;
        const sinceMs = performance.now();
        await until(() => performance.now() - sinceMs > 1700);
        sent.emit('sent');
      },
    });
    const link = `<${manifests.url}>; rel=describedby; type="application/metalink4+xml"; piece-length=${cut}`;
    const server = await HttpTestServer.start({
      file,
      quirk: says({ Link: link }),
      held: ({ headers }) => (headers.range === 'bytes=0-0' ? undefined : manifestIsSent),
    });
    expect(whole(await fetchFile([server.url])).report.piecesVerified).toBe(25);
  });

  test('proves a file wrong that no other server can mend', async () => {
    const server = await describing(await metalinkOf(file, [], cut), {}, { promises, holds: other });
    expect((await fetchFile([server.url])).kind).toBe('failed');
  });

  test('and has others is used all the same: what came is fetched anew', async () => {
    const server = await describing(await metalinkOf(file), {}, { promises });
    const { report } = whole(await fetchFile([server.url]));
    expect(report).toMatchObject({ piecesVerified: 13, pieceCount: 13 });
  });

  test('and that is not there leaves the digest to decide', async () => {
    const stated = { Digest: `SHA-256=${digest(file)}` };
    const nothing = new Uint8Array();
    const right = await describing(nothing, stated, { promises });
    expect(whole(await fetchFile([right.url])).report.piecesVerified).toBe(0);
    const wrong = await describing(nothing, stated, { promises, holds: other });
    const outcome = await fetchFile([wrong.url]);
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'verification-failed' } });
  });

  test('and has another hash of the file than the answer decides by that one', async () => {
    const sums: string[] = [];
    for (let at = 0; at < file.length; at += cut) {
      const sum = createHash('sha1')
        .update(file.subarray(at, at + cut))
        .digest('hex');
      sums.push(`<hash>${sum}</hash>`);
    }
    const sha512 = createHash('sha512').update(file).digest('hex');
    const document = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f.bin"><size>${file.length}</size>
      <hash type="sha-512">${sha512}</hash><pieces length="${cut}" type="sha-1">${sums.join('')}</pieces></file></metalink>`;
    // All of the file is there before.
    const held = async (): Promise<void> => {
      const sinceMs = performance.now();
      await until(() => performance.now() - sinceMs > 300);
    };
    const manifests = await HttpTestServer.start({ file: Buffer.from(document), path: '/f.meta4', held });
    const link = `<${manifests.url}>; rel=describedby; type="application/metalink4+xml"; piece-length=${cut}`;
    const server = await HttpTestServer.start({
      file,
      quirk: says({ Link: link, Digest: `SHA-256=${digest(file)}` }),
    });
    const { report } = whole(await fetchFile([server.url], { sha256: true }));
    expect(report).toMatchObject({ piecesVerified: 25, wholeVerified: 'sha-512' });
  });

  test('waits for the word of the others', async () => {
    const document = await metalinkOf(file, [], cut);
    const stated = { Digest: `SHA-256=${digest(file)}` };
    const first = await describing(document, stated, { promises });
    const held = until(() => first.asks.some((ask) => ask.path === '/f.meta4'));
    const others = [await describing(document, stated, { held }), await describing(document, stated, { held })];
    const { report } = whole(await fetchFile([first.url, ...others.map((server) => server.url)]));
    expect(report.piecesVerified).toBe(25);
  });

  test('goes on where a run without it has stopped', async () => {
    const server = await describing(await metalinkOf(file, [], cut), {}, { promises });
    const { quirk } = server;
    server.quirk = (ask, right) => (ask.range?.end === 1 ? right : { ...right, cutAfter: mib });
    const output = join(tempFolder(), 'out.bin');
    const halted = new AbortController();
    const stopped = fetchFile([server.url], { output, signal: halted.signal });
    await until(() => server.asks.length > 2);
    halted.abort();
    expect((await stopped).kind).toBe('failed');
    server.quirk = quirk;
    expect(whole(await fetchFile([server.url], { output })).report.piecesVerified).toBe(25);
  });
});
