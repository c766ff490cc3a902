import { createHash, type Hash } from 'node:crypto';
import { ManygetError } from '../base/errors.js';
import type { HashAlgorithm } from '../base/hash-algorithm.js';
import { diskError, quoted } from './disk-error.js';
import { openFlags, type Disk } from './disk.js';

/** Digests of a file from its first byte on, computed while the file is still growing. Runs in the hashing thread. */
export class PrefixDigest {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #hashes: readonly Hash[];
  readonly #fd: number;
  #at = 0;

  /** @throws ManygetError `io-failed`. */
  constructor(disk: Disk, path: string, algorithms: readonly HashAlgorithm[]) {
    this.#disk = disk;
    this.#path = path;
    this.#hashes = algorithms.map((algorithm) => createHash(algorithm));
    try {
      this.#fd = disk.open(path, openFlags.readFollowing);
    } catch (error) {
      throw diskError(error, `open ${quoted(path)}`);
    }
  }

  /** Reads on to byte `end`, through `step`. @throws ManygetError `io-failed`, also where the file ends before. */
  extend(end: number, step: Uint8Array): void {
    while (this.#at < end) {
      const bytes = Math.min(step.length, end - this.#at);
      let got: number;
      try {
        got = this.#disk.read(this.#fd, step, 0, bytes, this.#at);
      } catch (error) {
        throw diskError(error, `read ${bytes} bytes at offset ${this.#at} of ${quoted(this.#path)}`);
      }
      if (got === 0) {
        throw new ManygetError('io-failed', `${quoted(this.#path)} ends at byte ${this.#at}, expected byte ${end}`);
      }
      const read = got === step.length ? step : step.subarray(0, got);
      for (const hash of this.#hashes) hash.update(read);
      this.#at += got;
    }
  }

  /** The digests, one behind the other, in the order of the algorithms. Nothing can be read after that. */
  finish(): Uint8Array {
    this.close();
    return Buffer.concat(this.#hashes.map((hash) => hash.digest()));
  }

  close(): void {
    this.#disk.close(this.#fd);
  }
}
