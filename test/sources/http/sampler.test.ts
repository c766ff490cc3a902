import { describe, expect, it } from 'vitest';
import type { Sampler } from '../../../src/sources/source.js';
import { HttpClient } from '../../../src/sources/http/http-client.js';
import { HttpSource } from '../../../src/sources/http/http-source.js';
import { HttpTestServer } from '../../support/http-test-server.js';
import { RecordingHandler } from '../../support/recording-handler.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(1_000_000);
const ranges = Array.from({ length: 12 }, (_, i) => ({ start: i * 70_001, end: i * 70_001 + 16 }));
const guess = ranges.map(({ start, end }) => file.toString('latin1', start, end));

async function samplerOfServer(): Promise<Sampler> {
  const { url } = await HttpTestServer.start({ file });
  const clock = { nowMs: () => performance.now(), random: () => 0.5 };
  const client = new HttpClient([new URL(url)], { netrc: false, proxy: {} }, { agent: 'test/1', env: {}, clock });
  const source = new HttpSource(url, client);
  const handler = new RecordingHandler(file.length);
  handler.use(source.connect(handler, { connectTimeoutMs: 4000 }));
  // How long the file is, it knows from there.
  await handler.whenReady();
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
});
