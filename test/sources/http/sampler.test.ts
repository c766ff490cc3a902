import { describe, expect, it } from 'vitest';
import type { Sampler } from '../../../src/sources/source.js';
import { httpSourceAt } from '../../support/http-source-at.js';
import { HttpTestServer, type HttpReply, type Quirk } from '../../support/http-test-server.js';
import { RecordingHandler } from '../../support/recording-handler.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(1_000_000);
const ranges = Array.from({ length: 12 }, (_, i) => ({ start: i * 70_001, end: i * 70_001 + 16 }));
const guess = ranges.map(({ start, end }) => file.toString('latin1', start, end));

async function samplerOfServer(quirk?: Quirk): Promise<Sampler> {
  const { url } = await HttpTestServer.start({ file, ...(quirk === undefined ? {} : { quirk }) });
  const source = httpSourceAt(url);
  const handler = new RecordingHandler(file.length);
  handler.use(source.connect(handler, { connectTimeoutMs: 4000 }));
  // How long the file is, it knows from there.
  await handler.whenReady();
  // That it takes requests in their turn, too: the second is sent behind the first.
  handler.connection.request(1, 0, 600_000);
  handler.connection.request(2, 600_000, 700_000);
  await handler.whenEnded(2);
  handler.closeIt();
  return source.sampler();
}

describe('samples over HTTP', () => {
  it('that are what was guessed are said to be so from the second answer on, and are not read', async () => {
    const sampler = await samplerOfServer();
    try {
      const first = await sampler.ask(ranges, guess);
      expect(first.isAsGuessed).toBe(false);
      expect(first.parts.map((part) => Buffer.from(part ?? []).toString('latin1'))).toEqual(guess);
      const second = await sampler.ask(ranges.slice(3), guess.slice(3));
      expect(second).toMatchObject({ isAsGuessed: true, parts: [] });
      expect(second.costBytes).toBeGreaterThan(9 * 16);
    } finally {
      sampler.close();
    }
  });

  it('that are not what was guessed are read, however little differs', async () => {
    const sampler = await samplerOfServer();
    try {
      await sampler.ask(ranges, guess);
      for (let i = 0; i < ranges.length; i += 1) {
        const other = guess.with(i, `${(guess[i] ?? '').slice(0, -1)}\u0000`);
        const { isAsGuessed, parts } = await sampler.ask(ranges, other);
        expect(isAsGuessed).toBe(other[i] === guess[i]);
        if (!isAsGuessed) expect(Buffer.from(parts[i] ?? []).toString('latin1')).toBe(guess[i]);
      }
    } finally {
      sampler.close();
    }
  });

  it('of a server that gives one range at a time are asked for as many at once as requests may be out', async () => {
    const oneAtATime: Quirk = (ask, right, bytes) =>
      ask.headers.range?.includes(',') === true
        ? { ...right, status: 200, headers: { ETag: '"v1"' }, body: bytes }
        : right;
    const sampler = await samplerOfServer(oneAtATime);
    try {
      expect(sampler.questionsAtOnce).toBe(3);
      expect((await sampler.ask(ranges)).parts.every((part) => part === undefined)).toBe(true);
      expect([sampler.rangesAtOnce, sampler.questionsAtOnce]).toEqual([1, 16]);
      const answers = await Promise.all(ranges.map((range) => sampler.ask([range])));
      expect(answers.map(({ parts }) => Buffer.from(parts[0] ?? []).toString('latin1'))).toEqual(guess);
    } finally {
      sampler.close();
    }
  });

  const many = (count: number): { start: number; end: number }[] =>
    Array.from({ length: count }, (_, i) => ({ start: i * 4001, end: i * 4001 + 16 }));
  const rightBytes = (asked: readonly { start: number; end: number }[]): Buffer[] =>
    asked.map(({ start, end }) => file.subarray(start, end));
  /** The server answers all in the same moment: each answer is a quick one, as a rule. */
  async function askUntil(sampler: Sampler, rangesAtOnce: number): Promise<void> {
    for (let i = 0; i < 100 && sampler.rangesAtOnce !== rangesAtOnce; i += 1) {
      await sampler.ask(many(sampler.rangesAtOnce)).catch(() => undefined);
    }
    expect(sampler.rangesAtOnce).toBe(rangesAtOnce);
  }

  it('are asked for in larger numbers where the answers come soon, up to a limit', async () => {
    const sampler = await samplerOfServer();
    try {
      expect(sampler.rangesAtOnce).toBe(64);
      await askUntil(sampler, 192);
      const { parts } = await sampler.ask(many(192));
      expect(parts).toEqual(rightBytes(many(192)));
      expect(sampler.rangesAtOnce).toBe(192);
    } finally {
      sampler.close();
    }
  });

  it.each([200, 400, 431])('are asked for in the numbers of before where more are answered with %i', async (status) => {
    const sampler = await samplerOfServer((ask, right) => {
      if ((ask.headers.range ?? '').split(',').length <= 64) return right;
      return {
        status,
        headers: { 'Content-Type': 'application/octet-stream', ETag: '"v1"' },
        body: file,
        framing: 'length',
      };
    });
    try {
      await askUntil(sampler, 128);
      const refused = await sampler.ask(many(128));
      expect(refused.parts.every((part) => part === undefined)).toBe(true);
      for (let i = 0; i < 4; i += 1) {
        expect(sampler.rangesAtOnce).toBe(64);
        expect((await sampler.ask(many(64))).parts).toEqual(rightBytes(many(64)));
      }
    } finally {
      sampler.close();
    }
  });

  it.each<[string, Partial<HttpReply>]>([
    ['a fault of the server', { status: 500 }],
    ['the end of the connection', { cutAfter: 10 }],
  ])('are asked for in the numbers of before where more are answered with %s', async (_what, changed) => {
    const sampler = await samplerOfServer((ask, right) =>
      (ask.headers.range ?? '').split(',').length <= 64 ? right : { ...right, ...changed },
    );
    try {
      await askUntil(sampler, 128);
      await expect(sampler.ask(many(128))).rejects.toThrow();
      for (let i = 0; i < 4; i += 1) {
        expect(sampler.rangesAtOnce).toBe(64);
        expect((await sampler.ask(many(64))).parts).toEqual(rightBytes(many(64)));
      }
    } finally {
      sampler.close();
    }
  });
});
