import { describe, expect, test } from 'vitest';
import { fetchFile } from '../../support/http-download.js';
import { untilClose } from '../../support/http-quirks.js';
import { HttpTestServer, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(5 * 1024 * 1024 + 77);

/** Makes the file as it goes: in chunks, without a length, without ranges. */
const made: Quirk = (_ask, right, bytes) => ({
  ...right,
  status: 200,
  headers: { 'Content-Type': 'application/octet-stream' },
  body: bytes,
  framing: 'chunked',
});

describe('a file of no stated size', () => {
  test.each([
    ['in chunks', made],
    ['up to the end of the connection', untilClose],
  ])('comes as one stream %s', async (_how, quirk) => {
    const server = await HttpTestServer.start({ file, quirk });
    const outcome = await fetchFile([server.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(file.equals(outcome.bytes)).toBe(true);
    expect(outcome.report).toMatchObject({ sizeBytes: file.length, fetchedBytes: file.length, piecesVerified: 0 });
    expect(outcome.report.sources[0]?.bytes).toBe(file.length);
  });

  test.each([0, 1, 1024 * 1024])('may have %i bytes', async (sizeBytes) => {
    const small = file.subarray(0, sizeBytes);
    const server = await HttpTestServer.start({ file: small, quirk: made });
    const outcome = await fetchFile([server.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(small.equals(outcome.bytes)).toBe(true);
  });

  test('is begun anew where the stream is cut', async () => {
    let cuts = 0;
    const server = await HttpTestServer.start({
      file,
      quirk: (ask, right, bytes) => ({ ...made(ask, right, bytes), ...(cuts++ < 1 ? { cutAfter: 2_000_000 } : {}) }),
    });
    const outcome = await fetchFile([server.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(file.equals(outcome.bytes)).toBe(true);
  });

  test('is given up where the stream is cut again and again and gets no further', async () => {
    const cut: Quirk = (ask, right, bytes) => ({ ...made(ask, right, bytes), cutAfter: 1_000_000 });
    const server = await HttpTestServer.start({ file, quirk: cut });
    const outcome = await fetchFile([server.url], { giveUpAfterMs: 1500 });
    expect(outcome.kind === 'failed' ? [outcome.error.code, outcome.error.message] : '').toEqual([
      'gave-up',
      expect.stringMatching(/was cut \d+ times after .* at the most, and got no further in 1\.5s/),
    ]);
    // Each time later than the last: 0.25, 0.5 and 1 s.
    expect(server.asks.length).toBeLessThan(10);
  });

  test('comes from where its size is known, if anywhere', async () => {
    const unsized = await HttpTestServer.start({ file, quirk: made });
    const sized = await HttpTestServer.start({ file });
    const outcome = await fetchFile([unsized.url, sized.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(file.equals(outcome.bytes)).toBe(true);
    expect(outcome.report.sources.map((source) => source.bytes)).toEqual([0, file.length]);
  });

  test('is held against the hash and the size that a manifest states', async () => {
    const server = await HttpTestServer.start({ file, quirk: made });
    const wrongSize = await fetchFile([server.url], { manifest: { sizeBytes: 5 } });
    expect(wrongSize.kind === 'failed' ? wrongSize.error.code : '').toBe('verification-failed');
    const wrongHash = await fetchFile([server.url], { manifest: { hashes: { sha256: '0'.repeat(64) } } });
    expect(wrongHash.kind === 'failed' ? wrongHash.error.code : '').toBe('verification-failed');
  });
});
