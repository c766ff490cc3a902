import { describe, expect, test } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import type { Source } from '../../src/sources/source.js';
import { RecordingHandler } from '../support/recording-handler.js';
import { randomBytesOf } from '../support/random-bytes.js';

/** A server of one file, as one protocol has it. */
export interface ServedFile {
  /** A new source of it, as the app makes it. */
  source(): Source;
  /** A source at the same address of a file that is not there. */
  missing(): Source;
  /** Ends the server as a crash would. */
  kill(): Promise<void>;
}

const file = randomBytesOf(3 * 1024 * 1024 + 777);
const timing = { connectTimeoutMs: 4000 };

/**
 * What the engine relies on, whatever a source speaks: run against a real server on loopback for every protocol.
 */
export function sourceCases(protocol: string, serveFile: (bytes: Uint8Array) => Promise<ServedFile>): void {
  describe(`a source that speaks ${protocol}`, () => {
    test('says that it is connected and then, once, what it holds', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      const info = await handler.whenReady();
      expect(info.sizeBytes).toBe(file.length);
      expect(info.pieceBytes).toBe(256 * 1024);
      expect(handler.calls).toEqual(['connected', 'ready']);
      handler.closeIt();
    });

    test('has a short label without path, and the name of the file', async () => {
      const source = (await serveFile(file)).source();
      expect(source.label).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(source.fileName).toBe('f.bin');
      expect(source.url).toContain('/f.bin');
    });

    test('delivers exactly the ranges that are asked for, one after another', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      const ranges = [
        [5, 6],
        [1_000_000, 2_500_001],
        [file.length - 1, file.length],
        [0, 100_000],
      ] as const;
      for (const [index, [start, end]] of ranges.entries()) handler.connection.request(index + 1, start, end);
      for (const [index, [start, end]] of ranges.entries()) {
        expect(await handler.whenEnded(index + 1)).toBe(end);
        expect(file.subarray(start, end).equals(handler.bytes.subarray(start, end))).toBe(true);
      }
      expect(handler.order).toEqual([1, 2, 3, 4]);
      handler.closeIt();
    });

    test('stops where it is told that there is no room, and goes on when there is', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      handler.roomBytes = 700_000;
      handler.connection.request(1, 0, file.length);
      await handler.whenFull();
      expect(handler.receivedBytes).toBe(700_000);
      handler.roomBytes = Infinity;
      handler.connection.resume();
      expect(await handler.whenEnded(1)).toBe(file.length);
      expect(file.equals(handler.bytes)).toBe(true);
      handler.closeIt();
    });

    test('can be paused at every few bytes without a byte going astray', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      handler.targetBytesMax = 4099;
      handler.pausesEvery = 50_000;
      handler.connection.request(1, 0, 600_000);
      handler.connection.request(2, 600_000, 900_000);
      expect([await handler.whenEnded(1), await handler.whenEnded(2)]).toEqual([600_000, 900_000]);
      expect(file.subarray(0, 900_000).equals(handler.bytes.subarray(0, 900_000))).toBe(true);
      handler.closeIt();
    });

    test('ends a trimmed range at or behind the new end, with right bytes up to there', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      handler.roomBytes = 300_000;
      handler.connection.request(1, 0, file.length);
      await handler.whenFull();
      handler.connection.trim(1, 1_000_000);
      handler.roomBytes = Infinity;
      handler.connection.resume();
      const end = await handler.whenEnded(1);
      expect(end).toBeGreaterThanOrEqual(1_000_000);
      expect(file.subarray(0, end).equals(handler.bytes.subarray(0, end))).toBe(true);
      handler.connection.request(2, 2_000_000, file.length);
      expect(await handler.whenEnded(2)).toBe(file.length);
      expect(file.subarray(2_000_000).equals(handler.bytes.subarray(2_000_000))).toBe(true);
      handler.closeIt();
    });

    test('ends a range that is trimmed to nothing, and then does the next', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      handler.connection.request(1, 0, 500_000);
      handler.connection.request(2, 1_000_000, 1_500_000);
      handler.connection.trim(2, 1_000_000);
      handler.connection.request(3, 2_000_000, 2_100_000);
      await Promise.all([handler.whenEnded(1), handler.whenEnded(2), handler.whenEnded(3)]);
      expect(file.subarray(0, 500_000).equals(handler.bytes.subarray(0, 500_000))).toBe(true);
      expect(file.subarray(2_000_000, 2_100_000).equals(handler.bytes.subarray(2_000_000, 2_100_000))).toBe(true);
      handler.closeIt();
    });

    test('closes when it is told to, with that very error, and says nothing more', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      const error = new ManygetError('aborted', 'enough');
      handler.connection.close(error);
      handler.connection.close(new ManygetError('aborted', 'twice'));
      expect(await handler.whenClosed()).toBe(error);
      expect(handler.calls.at(-1)).toBe('closed');
      handler.connection.request(9, 0, 10);
      handler.connection.trim(9, 5);
      handler.connection.ping();
      handler.connection.resume();
      expect(handler.calls.filter((call) => call === 'closed')).toEqual(['closed']);
    });

    test('wants no room for bytes any more once it is closed, by what came of them as well', async () => {
      const handler = new RecordingHandler(file.length);
      handler.targetBytesMax = 1000;
      handler.closesAt = 100_500;
      handler.use((await serveFile(file)).source().connect(handler, timing));
      await handler.whenReady();
      handler.connection.request(1, 0, file.length);
      await handler.whenClosed();
      await new Promise(setImmediate);
      expect(handler.calls).toEqual(['connected', 'ready', 'closed']);
    });

    test('closes with an error of its own where the server dies in mid-range', async () => {
      // More than the buffers of both sides hold together.
      const large = Buffer.alloc(48 * 1024 * 1024);
      const served = await serveFile(large);
      const handler = new RecordingHandler(large.length);
      handler.use(served.source().connect(handler, timing));
      await handler.whenReady();
      handler.roomBytes = 100_000;
      handler.connection.request(1, 0, large.length);
      await handler.whenFull();
      await served.kill();
      handler.roomBytes = Infinity;
      handler.connection.resume();
      const error = await handler.whenClosed();
      expect(error.scope).toBe('source');
      expect(error.message).toContain('127.0.0.1');
    });

    test('closes with "not-found" for a file that is not there', async () => {
      const handler = new RecordingHandler(file.length);
      handler.use((await serveFile(file)).missing().connect(handler, timing));
      expect((await handler.whenClosed()).code).toBe('not-found');
      expect(handler.calls).not.toContain('ready');
    });

    test('closes with "connect-refused" where nothing listens, after connect has returned', async () => {
      const served = await serveFile(file);
      await served.kill();
      const handler = new RecordingHandler(file.length);
      handler.use(served.source().connect(handler, timing));
      expect(handler.calls).toEqual([]);
      expect((await handler.whenClosed()).code).toBe('connect-refused');
    });

    test.each([0, 1])('holds a file of %i bytes', async (sizeBytes) => {
      const small = file.subarray(0, sizeBytes);
      const handler = new RecordingHandler(sizeBytes);
      handler.use((await serveFile(small)).source().connect(handler, timing));
      expect((await handler.whenReady()).sizeBytes).toBe(sizeBytes);
      if (sizeBytes > 0) {
        handler.connection.request(1, 0, sizeBytes);
        expect(await handler.whenEnded(1)).toBe(sizeBytes);
        expect(small.equals(handler.bytes)).toBe(true);
      }
      handler.closeIt();
    });
  });
}
