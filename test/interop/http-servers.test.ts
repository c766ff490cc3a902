import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { download } from '../../src/app/download.js';
import type { DownloadOptions } from '../../src/base/download-handle.js';
import type { HttpOptions } from '../../src/base/http-options.js';
import type { DownloadReport } from '../../src/base/snapshot.js';
import { reportLines } from '../../src/cli/get/report-lines.js';
import { makeTheme } from '../../src/cli/terminal/theme.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';
import {
  type DigestLogin,
  findWebServer,
  WebServer,
  webServerKinds,
  type WebServerKind,
} from '../support/web-servers.js';

/** Other people's web servers, and ours beside them, as sources of one download. */
const MiB = 1024 * 1024;
const name = 'some file ü.bin';
const bytes = randomBytesOf(64 * MiB + 4321, 17);
const inCi = process.env['CI'] === 'true';
const running: AsyncDisposable[] = [];
let temp: TempFolder;
let folders = 0;

beforeAll(async () => {
  temp = await TempFolder.create();
  mkdirSync(temp.join('root'));
  writeFileSync(temp.join('root', name), bytes);
  // Servers that leave root behind have to get at it.
  for (const folder of [temp.path, temp.join('root')]) chmodSync(folder, 0o755);
});

afterAll(async () => {
  await temp[Symbol.asyncDispose]();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server[Symbol.asyncDispose]()));
});

/** A server of the folder, until the end of the test. */
async function serve(kind: WebServerKind, login?: DigestLogin): Promise<WebServer> {
  folders += 1;
  const server = await WebServer.start(kind, temp.join('root'), name, temp.join(`${kind.name}-${folders}`), login);
  running.push(server);
  return server;
}

/** Fetches from `sources` into a folder of the test's own. */
async function fetchFrom(
  sources: readonly string[],
  folder: string,
  more: HttpOptions = {},
  limit: Pick<DownloadOptions, 'limitBytesPerSec'> = {},
): Promise<DownloadReport> {
  mkdirSync(temp.join(folder));
  const output = temp.join(folder, 'out.bin');
  const http: HttpOptions = { netrc: false, proxy: {}, ...more };
  const report = await download({ sources, output, giveUpAfterMs: 10_000, http, ...limit }).done;
  const received = readFileSync(output);
  expect(received.length).toBe(bytes.length);
  expect(received.equals(bytes)).toBe(true);
  return report;
}

/** The text of a report, for a message and for what it says of a source. */
function textOf(report: DownloadReport): string {
  return reportLines(report, 120, makeTheme(0, false)).join('\n');
}

describe('a download', () => {
  const there = webServerKinds.filter((kind) => findWebServer(kind) !== undefined);
  const missing = webServerKinds.filter((kind) => !there.includes(kind)).map((kind) => kind.name);
  const without = missing.length === 0 ? '' : ` (${missing.join(', ')}: not installed, left out)`;

  test.each(there)('from $name alone is whole', { timeout: 60_000 }, async (kind) => {
    const server = await serve(kind);
    const report = await fetchFrom([server.url(name)], `from-${kind.name}`);
    expect(report.sources[0], textOf(report)).toMatchObject({ bytes: bytes.length, ranges: kind.ranges });
  });

  const guarded = (['MD5', 'SHA-256'] as const).flatMap((algorithm) =>
    there
      .filter(({ name }) => name === 'lighttpd' || (name === 'apache2' && algorithm === 'MD5'))
      .map((kind) => ({ kind, name: kind.name, algorithm })),
  );

  test.each(guarded)(
    'from $name is whole where that asks for a login by Digest with $algorithm',
    { timeout: 60_000 },
    async ({ kind, algorithm }) => {
      const login = { user: 'me', password: 'p:\u00e4 "ss', algorithm };
      const server = await serve(kind, login);
      const folder = `digest-${kind.name}-${algorithm}`;
      const report = await fetchFrom([server.url(name)], folder, { user: `${login.user}:${login.password}` });
      expect(report.sources[0], textOf(report)).toMatchObject({ bytes: bytes.length, faults: 0 });
      await expect(fetchFrom([server.url(name)], `${folder}-wrong`, { user: 'me:wrong' })).rejects.toThrow('401');
    },
  );

  test(`from all of them and our own servers at once is whole${without}`, { timeout: 60_000 }, async () => {
    if (inCi) expect(missing, 'a run with CI=true leaves nobody out').toEqual([]);
    const servers = await Promise.all(there.map((kind) => serve(kind)));
    const own = await TestFleet.start([temp.join('root', name)], { servers: 2, cacheFolder: temp.join('cache') });
    running.push(own);
    const ours = ['mgp', 'http'].map(
      (scheme, i) => `${scheme}://127.0.0.1:${own.port(i + 1)}/${encodeURIComponent(name)}`,
    );
    // At full speed a few of them bring it all before the last one has begun.
    const all = [...ours, ...servers.map((server) => server.url(name))];
    const report = await fetchFrom(all, 'from-all', {}, { limitBytesPerSec: bytes.length / 4 });
    const text = textOf(report);
    expect(
      report.sources.reduce((sum, source) => sum + source.bytes, 0),
      text,
    ).toBe(bytes.length);
    for (const [i, { ranges }] of [...ours.map(() => ({ ranges: true })), ...there].entries()) {
      const source = report.sources[i];
      expect(source, text).toMatchObject({ ranges });
      if (ranges) expect(source?.bytes, text).toBeGreaterThan(0);
    }
    const withoutRanges = there.filter((kind) => !kind.ranges);
    expect(text.match(/gives no ranges/g) ?? []).toHaveLength(withoutRanges.length);
    expect(report.piecesVerified).toBe(report.pieceCount);
  });
});
