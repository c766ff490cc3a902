import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { download } from '../../../src/app/download.js';
import { fetchFile } from '../../support/http-download.js';
import { HttpTestServer } from '../../support/http-test-server.js';
import { tempFolder } from '../../support/temp-folder.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const first = randomBytesOf(4 * 1024 * 1024 + 3, 1);
const second = randomBytesOf(first.length, 2);

/** Begins a download of `server`'s file and ends it once some of it has come. */
async function beginAt(server: HttpTestServer, output: string): Promise<void> {
  const quirk = server.quirk;
  // Of all answers together: each alone may be shorter than that.
  let left = 2 * 1024 * 1024;
  server.quirk = (_ask, right) => {
    const { length } = right.body;
    if (length < 2) return right;
    const whole = length <= left;
    const cutAfter = Math.max(1, left);
    left = Math.max(0, left - length);
    return whole ? right : { ...right, cutAfter };
  };
  const handle = download({ sources: [server.url], output, http: { netrc: false, proxy: {} } });
  const ended = handle.done.catch((error: unknown) => error);
  for await (const event of handle.events()) {
    if (event.type === 'source-lost') break;
  }
  await handle.cancel();
  await ended;
  server.quirk = quirk;
}

describe('a download that was ended', () => {
  test('goes on where it was while the server holds the same version', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const server = await HttpTestServer.start({ file: first });
    await beginAt(server, output);
    expect(existsSync(`${output}.part`)).toBe(true);
    const outcome = await fetchFile([server.url], { output });
    if (outcome.kind === 'failed') throw outcome.error;
    expect(first.equals(outcome.bytes)).toBe(true);
    expect(outcome.report.resumedBytes).toBeGreaterThan(1024 * 1024);
  });

  test.each([
    ['an address', 9000, '"v1"'],
    ['a tag', 10, `"${'/'.repeat(4000)}"`],
    ['both', 9000, `"${'/'.repeat(4000)}"`],
  ])(
    'goes on from a server with %s for which the journal has no room, and mixes no version',
    async (_what, bytes, etag) => {
      const output = path.join(tempFolder(), 'out.bin');
      const server = await HttpTestServer.start({ file: first, etag, path: `/f.bin?${'a'.repeat(bytes)}` });
      await beginAt(server, output);
      const again = await fetchFile([server.url], { output, overwrite: true });
      if (again.kind === 'failed') throw again.error;
      expect(first.equals(again.bytes)).toBe(true);
      expect(again.report.resumedBytes).toBeGreaterThan(1024 * 1024);
      const other = path.join(tempFolder(), 'out.bin');
      await beginAt(server, other);
      server.file = second;
      server.etag = etag.replace(/^"./, '"w');
      const outcome = await fetchFile([server.url], { output: other });
      if (outcome.kind === 'failed') throw outcome.error;
      expect(second.equals(outcome.bytes)).toBe(true);
    },
  );

  test('mixes nothing of the old version in where the server holds another one of the same size', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const server = await HttpTestServer.start({ file: first, etag: '"v1"' });
    await beginAt(server, output);
    server.file = second;
    server.etag = '"v2"';
    const outcome = await fetchFile([server.url], { output });
    if (outcome.kind === 'failed') throw outcome.error;
    expect(second.equals(outcome.bytes)).toBe(true);
  });
});
