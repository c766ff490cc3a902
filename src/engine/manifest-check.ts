import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, strongestFirst, type HashAlgorithm } from '../base/hash-algorithm.js';
import type { FileHashes } from '../base/manifest.js';
import { PrefixHasher } from '../store/prefix-hasher.js';

/**
 * Holds the whole file against the hashes that were stated for it, computed while it comes in. Begins nothing where
 * there is no such hash.
 */
export class ManifestCheck {
  #expected: FileHashes;
  /** Who says so, as the end of a sentence; empty where the user does. */
  #origin = '';
  #hasher: PrefixHasher | undefined;

  constructor(expected: FileHashes) {
    this.#expected = expected;
  }

  /** Somebody states hashes. To be said before the first byte is hashed; who says so last counts. */
  expect(hashes: FileHashes, origin: string): void {
    this.#expected = hashes;
    this.#origin = origin;
  }

  get isWanted(): boolean {
    return this.#algorithms.length > 0;
  }

  /** What is checked, for people: "sha-256, md5". */
  get names(): string {
    return this.#algorithms.map((algorithm) => hashAlgorithms[algorithm].ianaName).join(', ');
  }

  /** The strongest of the expected hashes, in hex. */
  get strongest(): { readonly algorithm: HashAlgorithm; readonly hex: string } | undefined {
    const [algorithm] = this.#algorithms;
    const hex = algorithm === undefined ? undefined : this.#expected[algorithm];
    return algorithm === undefined || hex === undefined ? undefined : { algorithm, hex };
  }

  /** The first `prefixBytes` bytes of the part file are there. */
  follow(partPath: string, prefixBytes: number): void {
    if (this.isWanted) this.#at(partPath).follow(prefixBytes);
  }

  /** Bytes from `start` on, or some of them, are missing again. */
  forget(start: number): void {
    this.#hasher?.forget(start);
  }

  /**
   * All bytes are there: returns the digests, which are the expected ones. Rejects with `verification-failed` where
   * they are not, and with `io-failed` or `unexpected`.
   */
  async finish(partPath: string, sizeBytes: number): Promise<FileHashes> {
    if (!this.isWanted) return {};
    const actual = await this.#at(partPath).finish(sizeBytes);
    for (const algorithm of this.#algorithms) {
      const [is, expected] = [actual[algorithm], this.#expected[algorithm]];
      if (is === expected) continue;
      throw new ManygetError(
        'verification-failed',
        `the ${hashAlgorithms[algorithm].ianaName} of the whole file is ${is ?? ''}, expected ${expected ?? ''}${this.#origin}; it is kept as ${partPath}, and --no-resume starts over`,
      );
    }
    return actual;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hasher?.[Symbol.asyncDispose]();
  }

  get #algorithms(): readonly (keyof FileHashes)[] {
    return strongestFirst.filter((algorithm) => this.#expected[algorithm] !== undefined);
  }

  #at(partPath: string): PrefixHasher {
    this.#hasher ??= new PrefixHasher(partPath, this.#algorithms);
    return this.#hasher;
  }
}
