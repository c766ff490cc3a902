import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeManifest } from '../../src/app/make-manifest.js';
import { runGet } from '../../src/cli/get/run-get.js';
import { parseArguments } from '../../src/cli/program.js';
import { download } from '../../src/index.js';
import { memoryIo } from '../support/cli-streams.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { HttpTestServer } from '../support/http-test-server.js';
import { tempFolder } from '../support/temp-folder.js';

/** A manifest is told by what its server calls it, whatever its address looks like. */
const file = randomBytesOf(3_000_000, 3);

interface Served {
  readonly url: string;
  readonly text: string;
  readonly mirror: HttpTestServer;
  readonly server: HttpTestServer;
}

async function serveManifest(type: string): Promise<Served> {
  const mirror = await HttpTestServer.start({ file });
  const path = join(tempFolder(), 'the real name.bin');
  writeFileSync(path, file);
  const text = await makeManifest({ files: [path], urls: [mirror.url] });
  const quirk = { path: '/mirrors?file=7', file: Buffer.from(text) };
  const server = await HttpTestServer.start({
    ...quirk,
    quirk: (_ask, right) => ({ ...right, headers: { ...right.headers, 'Content-Type': type } }),
  });
  return { url: server.url, text, mirror, server };
}

async function get(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const invocation = parseArguments(['get', '--no-netrc', '--all-proxy', '', ...args]);
  if (invocation.type !== 'get') throw new Error(invocation.type);
  const io = memoryIo();
  const status = await runGet(invocation.request, { download, listFiles: () => Promise.resolve([]) }, io);
  return { status, stdout: io.stdout.text, stderr: io.stderr.text };
}

describe('an address that gives a Metalink', () => {
  test.each(['application/metalink4+xml', 'application/metalink+xml; charset=utf-8'])(
    'as %s is a manifest for get',
    async (type) => {
      const { url } = await serveManifest(type);
      const folder = tempFolder();
      const { status, stdout, stderr } = await get(url, '-d', folder, '--no-progress');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('12 of 12 verified');
      expect(readFileSync(join(folder, 'the real name.bin')).equals(file)).toBe(true);
    },
  );

  test('gets what is a secret of its own origin, and what it names gets none of it', async () => {
    const { url, mirror, server } = await serveManifest('application/metalink4+xml');
    expect((await get(url, '-d', tempFolder(), '--header', 'X-Secret: 1', '--user', 'a:b', '-q')).status).toBe(0);
    expect(server.asks.every((ask) => ask.headers['x-secret'] === '1')).toBe(true);
    expect(mirror.asks.length).toBeGreaterThan(0);
    for (const { headers } of mirror.asks)
      expect([headers['x-secret'], headers.authorization]).toEqual([undefined, undefined]);
  });

  test('is one with a checksum of the file that it names, too', async () => {
    const { url } = await serveManifest('application/metalink4+xml');
    const { status, stderr } = await get(url, '-d', tempFolder(), '--checksum', `md5=${'0'.repeat(32)}`, '-q');
    expect(status).toBe(32);
    expect(stderr).toContain('md5 of the whole file');
  });

  test('is a file like any other for the library, and under another type', async () => {
    const { url, text } = await serveManifest('application/metalink4+xml');
    const http = { netrc: false, proxy: {} } as const;
    const { outputPath } = await download({ sources: [url], output: join(tempFolder(), 'x'), http }).done;
    expect(readFileSync(outputPath, 'utf8')).toBe(text);
    const other = await serveManifest('text/xml');
    const folder = tempFolder();
    expect((await get(other.url, '-d', folder, '-q')).status).toBe(0);
    expect(readFileSync(join(folder, 'mirrors'), 'utf8')).toBe(other.text);
  });
});
