import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Block } from '../../src/store/block-pool.js';
import { meansOf, SharedMeans, type Means } from '../../src/store/shared-means.js';
import { tempFolder } from '../support/temp-folder.js';

const mebibyte = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A block of the pool with these bytes. */
function filled({ pool }: Means, bytes: Uint8Array): Block {
  const block = pool(4 * mebibyte).take(mebibyte);
  if (block === undefined) throw new Error('expected a block');
  block.bytes.set(bytes);
  return block;
}

const hashed = ({ hasher }: Means, block: Block, bytes: number): Promise<string> =>
  new Promise((resolve) => hasher.hashBlock(block, bytes, (digest) => resolve(Buffer.from(digest).toString('hex'))));

describe('means that downloads share', () => {
  let shared: SharedMeans;
  beforeEach(() => {
    shared = new SharedMeans(64 * mebibyte);
  });
  afterEach(() => shared.rest());

  it('give each download an equal part of the memory, what it asks for at the most, and enough to work with', () => {
    const bytes = (downloads: number): number => shared.share(downloads).pool(28 * mebibyte).bytesMax / mebibyte;
    expect([1, 2, 3, 5, 16, 1000].map(bytes)).toEqual([28, 28, 21, 12, 4, 4]);
  });

  it('hash for all, and go on for the others when one has ended', async () => {
    const means = [1, 2, 3].map(() => meansOf(shared.share(3), undefined));
    for (const { hasher } of means) hasher.setThreads(1);
    const contents = means.map(() => randomBytes(mebibyte));
    const digests = means.map((each, n) => hashed(each, filled(each, contents[n] ?? Buffer.of()), mebibyte));
    await means[0]?.hasher[Symbol.asyncDispose]();
    expect(await Promise.all(digests)).toEqual(contents.map(sha256));
    const last = means[2];
    if (last === undefined) throw new Error('expected three');
    const bytes = randomBytes(1000);
    expect(await hashed(last, filled(last, bytes), 1000)).toBe(sha256(bytes));
    await Promise.all(means.map(({ hasher }) => hasher[Symbol.asyncDispose]()));
  });

  it('are not held up by what takes long: a whole file has a thread of its own', async () => {
    const path = join(tempFolder(), 'file');
    const bytes = randomBytes(20 * mebibyte);
    writeFileSync(path, bytes);
    const asked: string[] = [];
    const share = shared.share(1);
    const counted = meansOf({ ...share, hashThread: () => (asked.push('thread'), share.hashThread()) }, undefined);
    counted.hasher.setThreads(1);
    expect(await counted.hasher.hashWholeFile(path)).toBe(sha256(bytes));
    expect(asked).toEqual([]);
    const piece = await counted.hasher.hashFile(path, 0, mebibyte);
    expect(Buffer.from(piece).toString('hex')).toBe(sha256(bytes.subarray(0, mebibyte)));
    expect(asked).toEqual(['thread']);
    await counted.hasher[Symbol.asyncDispose]();
  });
});
