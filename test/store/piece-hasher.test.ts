import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { BlockPool, type Block } from '../../src/store/block-pool.js';
import { PieceHasher } from '../../src/store/piece-hasher.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const mebibyte = 1024 * 1024;

function noise(bytes: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = seed;
  for (let i = 0; i < words.length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, bytes);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function filled(pool: BlockPool, bytes: Uint8Array): Block {
  const block = pool.take(64 * 1024);
  if (block === undefined) throw new Error('expected a block');
  block.bytes.set(bytes);
  return block;
}

function hashed(hasher: PieceHasher, block: Block, bytes: number): Promise<{ digest: string; block: Block }> {
  return new Promise((resolve) => {
    hasher.hashBlock(block, bytes, (digest, same) => {
      resolve({ digest: Buffer.from(digest).toString('hex'), block: same });
    });
  });
}

function fileOf(bytes: Uint8Array): string {
  const at = path.join(tempFolder(), 'a.bin.part');
  writeFileSync(at, bytes);
  return at;
}

/** Ends every hashing thread that is started meanwhile, as a crash of it would. */
async function withCrashingThreads(run: () => Promise<void>): Promise<void> {
  const post = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker) {
    void this.terminate();
  });
  try {
    await run();
  } finally {
    post.mockRestore();
  }
}

describe('the hasher of blocks', () => {
  it('answers at once without threads', async () => {
    await using hasher = new PieceHasher({ threads: 0 });
    const block = filled(new BlockPool({ bytesMax: mebibyte }), noise(1000));
    let answer = '';
    hasher.hashBlock(block, 1000, (digest) => (answer = Buffer.from(digest).toString('hex')));
    expect(answer).toBe(sha256(noise(1000)));
  });

  for (const threads of [0, 1, 2]) {
    it(`gives each block back with its own digest with ${threads} threads`, async () => {
      await using hasher = new PieceHasher({ threads });
      const pool = new BlockPool({ bytesMax: 8 * mebibyte });
      const sizes = Array.from({ length: 60 }, (_, i) => (i * 1111) % 65_537);
      const answers = await Promise.all(sizes.map((bytes, i) => hashed(hasher, filled(pool, noise(bytes, i)), bytes)));
      answers.forEach(({ digest, block }, i) => {
        expect(digest).toBe(sha256(noise(sizes[i] ?? 0, i)));
        expect(sha256(block.bytes.subarray(0, sizes[i]))).toBe(digest);
      });
      expect(hasher.pending).toBe(0);
    });
  }

  it('may get more threads and lose them again while it works', async () => {
    await using hasher = new PieceHasher({ threads: 0 });
    const pool = new BlockPool({ bytesMax: 8 * mebibyte });
    for (const threads of [0, 2, 1, 0, 2]) {
      hasher.setThreads(threads);
      const work = Array.from({ length: 10 }, (_, i) => hashed(hasher, filled(pool, noise(500, i)), 500));
      for (const { digest, block } of await Promise.all(work)) {
        expect(sha256(block.bytes.subarray(0, 500))).toBe(digest);
        pool.release(block);
      }
    }
  });

  it('answers for every block of a thread that dies, and goes on without threads if they keep dying', async () => {
    await using hasher = new PieceHasher({ threads: 1 });
    const pool = new BlockPool({ bytesMax: mebibyte });
    await withCrashingThreads(async () => {
      for (let i = 0; i < 6; i += 1) {
        const block = filled(pool, noise(700, i));
        expect((await hashed(hasher, block, 700)).digest).toBe(sha256(noise(700, i)));
        pool.release(block);
      }
    });
    expect(hasher.pending).toBe(0);
    expect((await hashed(hasher, filled(pool, noise(9)), 9)).digest).toBe(sha256(noise(9)));
  });

  it('computes digests of other algorithms, of blocks and of files', async () => {
    const bytes = noise(70_000);
    const at = fileOf(bytes);
    for (const threads of [0, 1]) {
      await using hasher = new PieceHasher({ threads });
      for (const algorithm of ['sha512', 'sha1', 'md5'] as const) {
        const hex = createHash(algorithm).update(bytes.subarray(0, 60_000)).digest('hex');
        const block = filled(new BlockPool({ bytesMax: 1024 * 1024 }), bytes.subarray(0, 60_000));
        const digest = await new Promise<Uint8Array>((resolve) => hasher.hashBlock(block, 60_000, resolve, algorithm));
        expect(Buffer.from(digest).toString('hex')).toBe(hex);
        expect(Buffer.from(await hasher.hashFile(at, 0, 60_000, { algorithm })).toString('hex')).toBe(hex);
      }
    }
  });

  it('is of no use after its disposal', async () => {
    const hasher = new PieceHasher({ threads: 1 });
    await hasher[Symbol.asyncDispose]();
    const block = filled(new BlockPool({ bytesMax: mebibyte }), noise(5));
    expect(() => hasher.hashBlock(block, 5, () => undefined)).toThrow('after its disposal');
  });
});

describe('the hasher of files', () => {
  const bytes = noise(5 * mebibyte + 123);

  for (const [where, disk] of [
    ['in a thread', undefined],
    ['on this thread, for a disk of a test', new FaultyDisk()],
  ] as const) {
    it(`reads ranges, sums and whole files ${where}`, async () => {
      await using hasher = new PieceHasher({ threads: 0, ...(disk === undefined ? {} : { disk }) });
      const at = fileOf(bytes);
      const piece = await hasher.hashFile(at, mebibyte, 3 * mebibyte + 7);
      expect(Buffer.from(piece).toString('hex')).toBe(sha256(bytes.subarray(mebibyte, 3 * mebibyte + 7)));
      const ranges = [
        { start: 0, end: 1 },
        { start: 10, end: 2 * mebibyte + 10 },
        { start: 5 * mebibyte, end: bytes.length },
      ];
      expect(await hasher.crcFile(at, ranges)).toEqual(ranges.map((r) => crc32(bytes.subarray(r.start, r.end))));
      const both = await hasher.hashRanges(at, ranges);
      expect(Buffer.from(both.subarray(64)).toString('hex')).toBe(sha256(bytes.subarray(5 * mebibyte)));
      let read = 0;
      expect(await hasher.hashWholeFile(at, { onProgress: (n) => (read += n) })).toBe(sha256(bytes));
      expect(read).toBe(bytes.length);
      expect(await hasher.hashWholeFile(fileOf(new Uint8Array(0)))).toBe(sha256(new Uint8Array(0)));
      expect(await hasher.crcFile(at, [])).toEqual([]);
      expect(hasher.pending).toBe(0);
    });
  }

  it('names the file that is gone or too short', async () => {
    await using hasher = new PieceHasher({ threads: 1 });
    const gone = path.join(tempFolder(), 'gone.part');
    await expect(hasher.hashWholeFile(gone)).rejects.toMatchObject({
      code: 'io-failed',
      message: expect.stringContaining(gone) as string,
    });
    const at = fileOf(bytes);
    truncateSync(at, 100);
    await expect(hasher.hashFile(at, 0, 101)).rejects.toThrow(
      `"${at}" ends at byte 100, expected it to reach byte 101`,
    );
    await expect(hasher.hashFile(at, 0, 100)).resolves.toHaveLength(32);
  });

  it('stops when it is told to, before and while it reads', async () => {
    await using hasher = new PieceHasher({ threads: 1 });
    const at = fileOf(new Uint8Array(0));
    truncateSync(at, 64 * 1024 ** 3);
    await expect(hasher.hashWholeFile(at, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    const abort = new AbortController();
    const whole = hasher.hashWholeFile(at, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(whole).rejects.toMatchObject({ code: 'aborted' });
    await expect(hasher.hashFile(at, 0, 10)).resolves.toHaveLength(32);
  });

  it('fails what a dying thread was reading, with its name, and a disposal ends the rest', async () => {
    const at = fileOf(bytes);
    const hasher = new PieceHasher({ threads: 1 });
    await withCrashingThreads(async () => {
      await expect(hasher.hashWholeFile(at)).rejects.toMatchObject({
        code: 'unexpected',
        message: expect.stringContaining(at) as string,
      });
    });
    await expect(hasher.hashWholeFile(at)).resolves.toBe(sha256(bytes));
    truncateSync(at, 64 * 1024 ** 3);
    const endless = hasher.hashWholeFile(at);
    const ended = expect(endless).rejects.toMatchObject({ code: 'aborted' });
    await hasher[Symbol.asyncDispose]();
    await ended;
  });
});
