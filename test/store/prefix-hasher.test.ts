import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PrefixHasher } from '../../src/store/prefix-hasher.js';
import { tempFolder } from '../support/temp-folder.js';

const mebibyte = 1024 * 1024;

function bytesOf(seed: number, count: number): Buffer {
  return Buffer.alloc(count, createHash('sha256').update(String(seed)).digest());
}

function hex(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

describe('a hasher that follows a file', () => {
  test('has the digests of the whole, whatever it was told on the way', async () => {
    const at = path.join(tempFolder(), 'f');
    const bytes = Buffer.concat([bytesOf(1, 20 * mebibyte), bytesOf(2, 3 * mebibyte + 5)]);
    writeFileSync(at, bytes.subarray(0, 20 * mebibyte));
    await using hasher = new PrefixHasher(at, ['sha512', 'sha256', 'md5']);
    hasher.follow(mebibyte);
    hasher.follow(9 * mebibyte);
    hasher.follow(20 * mebibyte);
    appendFileSync(at, bytes.subarray(20 * mebibyte));
    expect(await hasher.finish(bytes.length)).toEqual({
      sha512: hex('sha512', bytes),
      sha256: hex('sha256', bytes),
      md5: hex('md5', bytes),
    });
  });

  test('begins anew where bytes that it had read are taken back', async () => {
    const at = path.join(tempFolder(), 'f');
    writeFileSync(at, bytesOf(1, 16 * mebibyte));
    await using hasher = new PrefixHasher(at, ['sha1']);
    hasher.follow(10 * mebibyte);
    hasher.forget(9 * mebibyte);
    const right = bytesOf(2, 16 * mebibyte);
    writeFileSync(at, right, { flag: 'r+' });
    hasher.forget(12 * mebibyte);
    expect(await hasher.finish(right.length)).toEqual({ sha1: hex('sha1', right) });
  });

  test('has the digests of an empty file, and of another one after that', async () => {
    const at = path.join(tempFolder(), 'f');
    writeFileSync(at, '');
    await using hasher = new PrefixHasher(at, ['md5']);
    expect(await hasher.finish(0)).toEqual({ md5: hex('md5', new Uint8Array(0)) });
    writeFileSync(at, 'abc');
    expect(await hasher.finish(3)).toEqual({ md5: hex('md5', Buffer.from('abc')) });
  });

  test('tells a file that is gone or too short, and recovers where it is there again', async () => {
    const at = path.join(tempFolder(), 'f');
    await using hasher = new PrefixHasher(at, ['md5']);
    hasher.follow(8 * mebibyte);
    await expect(hasher.finish(5)).rejects.toMatchObject({ code: 'io-failed' });
    writeFileSync(at, 'abc');
    await expect(hasher.finish(5)).rejects.toMatchObject({
      code: 'io-failed',
      message: expect.stringContaining('ends at byte 3, expected byte 5') as string,
    });
    hasher.follow(3);
    writeFileSync(at, 'abcde');
    hasher.forget(0);
    expect(await hasher.finish(5)).toEqual({ md5: hex('md5', Buffer.from('abcde')) });
  });
});
