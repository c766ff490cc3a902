import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, type HashAlgorithm } from '../base/hash-algorithm.js';
import type { FileHashes } from '../base/manifest.js';
import { quoted } from './disk-error.js';
import { HashThread, threadLost } from './hash-thread.js';

/** Less than this is not worth a message to the thread. */
const strideBytesMin = 8 * 1024 * 1024;

/**
 * Owns one thread that hashes a file from its first byte on, behind what has been written without a gap, so that the
 * digests of the whole file are there soon after its last byte. Reads from the page cache as a rule.
 *
 * Invariant: at most one stretch is under way; `#asked` is where it ends, or where the last one ended.
 */
export class PrefixHasher {
  readonly #path: string;
  readonly #algorithms: readonly HashAlgorithm[];
  #thread: HashThread | undefined;
  #busy: Promise<void> = Promise.resolve();
  #isBusy = false;
  #asked = 0;
  #fresh = true;
  #fault: ManygetError | undefined;
  #stopped = false;

  constructor(path: string, algorithms: readonly HashAlgorithm[]) {
    this.#path = path;
    this.#algorithms = algorithms;
  }

  /** The first `prefixBytes` bytes of the file are written, and are to stay. */
  follow(prefixBytes: number): void {
    if (this.#isBusy || this.#fault !== undefined || prefixBytes - this.#asked < strideBytesMin) return;
    this.#isBusy = true;
    this.#busy = this.#send(prefixBytes, false).then(
      () => undefined,
      (error: ManygetError) => {
        // The end tries once more, from the beginning; there the same fault would be told.
        this.#fault = error;
      },
    );
    this.#busy = this.#busy.finally(() => (this.#isBusy = false));
  }

  /** Bytes from `start` on were taken back: what was hashed of them does not count. */
  forget(start: number): void {
    if (start >= this.#asked) return;
    this.#asked = 0;
    this.#fresh = true;
  }

  /** The digests of the whole file, which is written to its last byte. Rejects with `io-failed` or `unexpected`. */
  async finish(sizeBytes: number): Promise<FileHashes> {
    await this.#busy;
    if (this.#fault !== undefined) {
      this.#fault = undefined;
      this.forget(-1);
    }
    const digests = await this.#send(sizeBytes, true);
    const hashes: Partial<Record<HashAlgorithm, string>> = {};
    let at = 0;
    for (const algorithm of this.#algorithms) {
      const end = at + hashAlgorithms[algorithm].bytes;
      hashes[algorithm] = Buffer.from(digests.subarray(at, end)).toString('hex');
      at = end;
    }
    return hashes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#thread?.stop();
  }

  async #send(end: number, finish: boolean): Promise<Uint8Array> {
    if (this.#stopped) throw new ManygetError('aborted', `reading ${quoted(this.#path)} was stopped`);
    if (this.#thread?.alive !== true) {
      this.#thread = new HashThread();
      this.#fresh = true;
    }
    const thread = this.#thread;
    const fresh = this.#fresh;
    this.#fresh = finish;
    this.#asked = end;
    return new Promise((resolve, reject) => {
      thread.post({ kind: 'prefix', path: this.#path, algorithms: this.#algorithms, end, fresh, finish }, 0, {
        digests: resolve,
        progress: () => undefined,
        stopped: () => reject(new Error('a stretch was stopped that nobody can stop')),
        failed: (code, message) => reject(new ManygetError(code, message)),
        lost: (reason) => reject(threadLost(this.#path, reason)),
      });
    });
  }
}
