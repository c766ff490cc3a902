import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, type HashAlgorithm } from '../base/hash-algorithm.js';
import { crcOfBytes } from './block-crc.js';
import { diskError, quoted } from './disk-error.js';
import { openFlags, type Disk } from './disk.js';

/**
 * Reads ranges of a file and computes a digest of each: the one loop behind the hash workers and their inline twin.
 * Memory: one step, whatever the ranges.
 */
export type DigestKind = HashAlgorithm | 'crc32';

export function digestBytes(kind: DigestKind): number {
  return kind === 'crc32' ? 4 : hashAlgorithms[kind].bytes;
}

/** Digest of bytes in memory (CRC-32 big-endian). */
export function digestOf(kind: DigestKind, bytes: Uint8Array): Uint8Array {
  if (kind !== 'crc32') return createHash(kind).update(bytes).digest();
  const digest = new Uint8Array(4);
  new DataView(digest.buffer).setUint32(0, crcOfBytes(bytes));
  return digest;
}

/** As fast as larger steps, and small enough to stop soon. */
export const stepBytes = 1024 * 1024;

/**
 * Yields the bytes of each step after it was digested; returns the digests, one behind the other (CRC-32 big-endian).
 * @param ranges Start and end of each, one behind the other; an end of Infinity is the file's end.
 * @param step Memory to read into, `stepBytes` long.
 * @throws ManygetError `io-failed`, also where the file ends before a range does.
 */
export function* digestRanges(
  disk: Disk,
  path: string,
  ranges: Float64Array,
  kind: DigestKind,
  step: Uint8Array,
): Generator<number, Uint8Array> {
  const each = digestBytes(kind);
  const digests = new Uint8Array((ranges.length / 2) * each);
  let fd: number;
  try {
    fd = disk.open(path, openFlags.readFollowing);
  } catch (error) {
    throw diskError(error, `open ${quoted(path)}`);
  }
  try {
    for (let i = 0; i * 2 < ranges.length; i += 1) {
      const digest = kind === 'crc32' ? new Crc32() : new CryptoHash(kind);
      const end = ranges[i * 2 + 1] ?? 0;
      for (let at = ranges[i * 2] ?? 0; at < end;) {
        const got = readStep(disk, fd, path, step, at, Math.min(step.length, end - at));
        if (got === 0) {
          if (end === Infinity) break;
          throw new ManygetError('io-failed', `${quoted(path)} ends at byte ${at}, expected it to reach byte ${end}`);
        }
        digest.update(got === step.length ? step : step.subarray(0, got));
        at += got;
        yield got;
      }
      digest.writeTo(digests, i * each);
    }
  } finally {
    disk.close(fd);
  }
  return digests;
}

function readStep(disk: Disk, fd: number, path: string, step: Uint8Array, offset: number, bytes: number): number {
  try {
    return disk.read(fd, step, 0, bytes, offset);
  } catch (error) {
    throw diskError(error, `read ${bytes} bytes at offset ${offset} of ${quoted(path)}`);
  }
}

class CryptoHash {
  readonly #hash: Hash;

  constructor(algorithm: HashAlgorithm) {
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  writeTo(digests: Uint8Array, at: number): void {
    digests.set(this.#hash.digest(), at);
  }
}

class Crc32 {
  #crc = 0;

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
  }

  writeTo(digests: Uint8Array, at: number): void {
    new DataView(digests.buffer, digests.byteOffset).setUint32(at, this.#crc);
  }
}
