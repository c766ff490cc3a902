import { describe, expect, test } from 'vitest';
import { fetchFile } from '../../support/http-download.js';
import * as quirks from '../../support/http-quirks.js';
import { HttpTestServer, type HttpTestServerOptions, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(3 * 1024 * 1024 + 4321);

interface Row {
  readonly row: string;
  readonly quirk: Quirk;
  readonly options?: Partial<HttpTestServerOptions>;
}

/** Rows in which the server alone is enough. */
const usable: readonly Row[] = [
  { row: '206 with exactly the range', quirk: quirks.exact },
  { row: '206 with a shorter range', quirk: quirks.shorterRange },
  { row: '206 with a longer range', quirk: quirks.longerRange },
  { row: '206 with a wrong total, beside a strong ETag', quirk: quirks.wrongTotal },
  { row: '206 with a wrong total, beside nothing', quirk: quirks.wrongTotal, options: { etag: '' } },
  { row: '206 with a missing total', quirk: quirks.missingTotal },
  { row: '206 without Content-Range', quirk: quirks.missingContentRange },
  { row: '206 that begins too late', quirk: quirks.laterRange },
  { row: '206 in chunks', quirk: quirks.chunked },
  { row: '206 that ends with the connection', quirk: quirks.partsUntilClose },
  { row: 'a multipart answer to a single range', quirk: quirks.multipart },
  { row: '200 to a range', quirk: quirks.ignoresRange },
  { row: '200 to all ranges but the first', quirk: quirks.rangesForProbesOnly },
  { row: '200 to If-Range with a matching ETag', quirk: quirks.ignoresIfRange },
  { row: '416 with Content-Range to any range', quirk: quirks.refusesRanges },
  { row: '416 without Content-Range to any range', quirk: quirks.refusesRangesSilently },
  { row: 'a weak ETag', quirk: quirks.exact, options: { etag: 'W/"v1"' } },
  { row: 'neither ETag nor date', quirk: quirks.exact, options: { etag: '' } },
  {
    row: 'a date alone',
    quirk: quirks.exact,
    options: { etag: '', lastModified: 'Tue, 03 Nov 2020 10:00:00 GMT' },
  },
  { row: 'the type of a web page, and all of the file for its first byte', quirk: quirks.likeBusybox },
  { row: 'a truncated body', quirk: quirks.truncates },
  { row: 'a connection that is closed after each answer', quirk: quirks.closesAfterEach },
];

/** Rows in which nothing of the server can be used. */
const useless: readonly (Row & { readonly says: string; readonly code?: string })[] = [
  { row: 'a coded body (Content-Encoding)', quirk: quirks.gzips, says: 'in the coding "gzip"' },
  { row: 'an error page with 200', quirk: quirks.errorPage, says: 'sends a web page' },
  { row: 'an error page in parts', quirk: quirks.pageInParts, says: 'sends a web page' },
  { row: '404', quirk: quirks.answersStatus(404), says: 'answered 404', code: 'file-not-found' },
  { row: '410', quirk: quirks.answersStatus(410), says: 'answered 410', code: 'file-not-found' },
  { row: '403', quirk: quirks.answersStatus(403), says: 'answered 403' },
  { row: '401', quirk: quirks.answersStatus(401, { 'WWW-Authenticate': 'Basic realm="x"' }), says: 'answered 401' },
  { row: '400', quirk: quirks.answersStatus(400), says: 'answered 400' },
];

describe('a file comes whole from a server with', () => {
  test.each(usable)('$row', async ({ quirk, options }) => {
    const server = await HttpTestServer.start({ file, quirk, ...options });
    const outcome = await fetchFile([server.url]);
    expect(outcome.kind === 'failed' ? outcome.message : outcome.kind).toBe('whole');
    if (outcome.kind === 'whole') expect(file.equals(outcome.bytes)).toBe(true);
  });
});

describe('beside a good server, no wrong byte comes from one with', () => {
  test.each([...usable, ...useless])('$row', async ({ quirk, options }) => {
    const odd = await HttpTestServer.start({ file, quirk, ...options });
    const good = await HttpTestServer.start({ file });
    const outcome = await fetchFile([odd.url, good.url]);
    expect(outcome.kind === 'failed' ? outcome.message : outcome.kind).toBe('whole');
    if (outcome.kind === 'whole') expect(file.equals(outcome.bytes)).toBe(true);
  });
});

describe('a source is left out, with its reason, for', () => {
  test.each(useless)('$row', async ({ quirk, options, says, code }) => {
    const odd = await HttpTestServer.start({ file, quirk, ...options });
    const good = await HttpTestServer.start({ file });
    const outcome = await fetchFile([good.url, odd.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(outcome.report.sources[1]?.note).toContain(says);
    const alone = await fetchFile([odd.url]);
    if (alone.kind === 'whole') throw new Error('a useless answer was used');
    expect(alone.error.code).toBe(code ?? 'no-source');
    expect(alone.message).toContain(`127.0.0.1:${odd.port}`);
    expect(alone.message).toContain(says);
  });
});
