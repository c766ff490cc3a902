import { describe, expect, test } from 'vitest';
import { HttpOrigins } from '../../../src/sources/http/http-origins.js';
import { fetchFile } from '../../support/http-download.js';
import { HttpTestServer, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(2 * 1024 * 1024);

/** Says busy to the first `times` questions. */
function busy(times: number, status: number, retryAfter: () => string | undefined): Quirk {
  return (ask, right) =>
    ask.number < times
      ? { ...right, status, headers: { 'Retry-After': retryAfter() }, body: Buffer.from('later') }
      : right;
}

describe('a busy server', () => {
  test.each([
    [429, 'seconds', () => '1'],
    [503, 'a date', () => new Date(Date.now() + 1500).toUTCString()],
    [503, 'nothing', () => undefined],
  ])('that says %i with %s is asked again when it said, and then used', async (status, _form, retryAfter) => {
    const server = await HttpTestServer.start({ file, quirk: busy(1, status, retryAfter) });
    const outcome = await fetchFile([server.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(file.equals(outcome.bytes)).toBe(true);
    // Two questions for the facts, and a file of 2 MiB in a few parts.
    expect(server.asks.length).toBeLessThanOrEqual(8);
  });

  test.each([500, 502, 504, 520])('with status %i is tried again', async (status) => {
    const server = await HttpTestServer.start({ file, quirk: busy(2, status, () => undefined) });
    const outcome = await fetchFile([server.url]);
    expect(outcome.kind).toBe('whole');
  });

  test('is left alone by all sources and connections on that host, until the time has come', () => {
    let nowMs = 1000;
    const origins = new HttpOrigins({ nowMs: () => nowMs, random: () => 0.5 });
    const one = origins.of(new URL('http://host/a'));
    const other = origins.of(new URL('http://host/b'));
    const elsewhere = origins.of(new URL('https://host/a'));
    one.saysBusy(8000);
    expect([other.waitMs, elsewhere.waitMs]).toEqual([9000, 0]);
    expect(other.tooEarly().retryAfterMs).toBe(9000);
    nowMs += 9000;
    expect(other.waitMs).toBe(0);
  });

  test('that does not say for how long is left alone longer each time, but never for ever', () => {
    const origin = new HttpOrigins({ nowMs: () => 0, random: () => 0 }).of(new URL('http://host/'));
    const waits = Array.from({ length: 8 }, () => {
      origin.saysBusy(undefined);
      return origin.waitMs;
    });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    origin.saysBusy(1e12);
    expect(origin.waitMs).toBe(600_000);
  });
});
