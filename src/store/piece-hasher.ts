import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ManygetError } from '../base/errors.js';
import type { ByteRange } from '../base/byte-range.js';
import type { HashAlgorithm } from '../base/hash-algorithm.js';
import type { Block } from './block-pool.js';
import { quoted } from './disk-error.js';
import { realDisk, type Disk } from './disk.js';
import type { HashJob } from './hash-messages.js';
import { HashCrew } from './hash-crew.js';
import { threadLost, type HashThread } from './hash-thread.js';
import { digestOf, digestRanges, stepBytes, type DigestKind } from './range-digest.js';

/** To hash so much takes less than to start a thread for it. */
const readHereBytesMax = 8 * 1024 * 1024;
/** More than this at once keeps the others waiting who share a thread. */
const sharedBytesMax = 16 * 1024 * 1024;
/** From here on a second thread hashes: its start pays within a second. */
const hashThreadBytesPerSec = 120e6;

/** Threads of several downloads. */
export interface HashThreads {
  /** One for a block or a single piece: what takes long would hold up the others. Undefined where none can be had. */
  hashThread(): HashThread | undefined;
}

interface FileDigestOptions {
  /** Default: SHA-256. */
  readonly algorithm?: HashAlgorithm;
  /** Called with the bytes read since the last call. */
  readonly onProgress?: (bytes: number) => void;
  /** Ends the work soon; the promise then rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/**
 * Owns the hashing threads: digests of blocks that are still in memory, digests and CRC-32 of what is in a file.
 * Never keeps a block longer than until its `done`, never copies one, and never leaves a caller without an answer.
 */
export class PieceHasher {
  readonly #disk: Disk;
  #wantedThreads: number;
  readonly #own = new HashCrew();
  readonly #shared: HashThreads | undefined;
  #pending = 0;
  #disposed = false;

  /**
   * @param options.threads How many threads hash blocks; 0 hashes them in `hashBlock` itself.
   * @param options.disk For tests: threads reach the real disk only, so any other is read on this thread.
   * @param options.shared Whose threads hash blocks and single pieces; threads of its own read what is longer.
   */
  constructor(options: {
    readonly threads: number;
    readonly disk?: Disk | undefined;
    readonly shared?: HashThreads | undefined;
  }) {
    this.#wantedThreads = options.threads;
    this.#shared = options.shared;
    this.#disk = options.disk ?? realDisk;
  }

  /** Calls that wait for their answer. */
  get pending(): number {
    return this.#pending;
  }

  get threads(): number {
    return this.#wantedThreads;
  }

  /** Takes effect for the next call; threads that are no longer wanted end when they have nothing to do. */
  setThreads(threads: number): void {
    this.#wantedThreads = threads;
    this.#own.stopSpare(Math.max(1, threads));
  }

  /** How fast bytes come: a fast download hashes on a thread. */
  noteSpeed(bytesPerSec: number): void {
    if (bytesPerSec > hashThreadBytesPerSec && availableParallelism() > 1) this.setThreads(1);
  }

  /**
   * Digest of `block.bytes[0, bytes)`. The block is not to be touched until `done`, which is called exactly once,
   * before this returns where there are no threads, and for a CRC-32. After a disposal it is not called any more, but by shared threads.
   */
  hashBlock(
    block: Block,
    bytes: number,
    done: (digest: Uint8Array, block: Block) => void,
    kind: DigestKind = 'sha256',
  ): void {
    // The way to a thread and back, and that its memory is cold there, cost as much as a CRC-32.
    const isHere = this.#wantedThreads === 0 || kind === 'crc32';
    const thread = isHere ? undefined : this.#thread(this.#wantedThreads, bytes);
    if (thread === undefined) {
      done(digestOfBlock(block, bytes, kind), block);
      return;
    }
    this.#pending += 1;
    const waiter = new BlockWaiter(this, block, bytes, done, kind);
    thread.post({ kind: 'block', bytes: block.bytes, length: bytes, digest: kind }, bytes, waiter);
  }

  /** Digest of the file's bytes [start, end). Rejects with `io-failed`, `unexpected` or `aborted`. */
  async hashFile(path: string, start: number, end: number, options: FileDigestOptions = {}): Promise<Uint8Array> {
    return this.hashRanges(path, [{ start, end }], options);
  }

  /** Digest of each range, one behind the other. */
  async hashRanges(path: string, ranges: readonly ByteRange[], options: FileDigestOptions = {}): Promise<Uint8Array> {
    return this.#digest(path, options.algorithm ?? 'sha256', flat(ranges), options);
  }

  /** Digest of the whole file, in hex. @param sizeBytes Its size, where it is known. */
  async hashWholeFile(path: string, options: FileDigestOptions = {}, sizeBytes = Infinity): Promise<string> {
    const digest = await this.#digest(path, options.algorithm ?? 'sha256', Float64Array.of(0, sizeBytes), options);
    return Buffer.from(digest).toString('hex');
  }

  /** CRC-32 of each range. */
  async crcFile(path: string, ranges: readonly ByteRange[], options: FileDigestOptions = {}): Promise<number[]> {
    const digests = await this.#digest(path, 'crc32', flat(ranges), options);
    const view = new DataView(digests.buffer, digests.byteOffset, digests.length);
    return ranges.map((_, i) => view.getUint32(i * 4));
  }

  /** Ends all threads. Files being read reject with `aborted`; blocks under way stay without their `done`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#own[Symbol.asyncDispose]();
  }

  /** @internal A block came back, or its thread died: it is still whole, so it is hashed here. */
  blockSettled(waiter: BlockWaiter, digest: Uint8Array | undefined): void {
    this.#pending -= 1;
    if (this.#disposed && this.#shared === undefined) return;
    waiter.done(digest ?? digestOfBlock(waiter.block, waiter.bytes, waiter.kind), waiter.block);
    this.#own.stopSpare(Math.max(1, this.#wantedThreads));
  }

  async #digest(path: string, kind: DigestKind, ranges: Float64Array, options: FileDigestOptions): Promise<Uint8Array> {
    if (options.signal?.aborted === true) throw aborted(path);
    this.#pending += 1;
    try {
      const bytes = bytesOf(ranges);
      const sharesThreads = this.#shared !== undefined && this.#wantedThreads > 0;
      const isSmall = this.#own.size === 0 && !sharesThreads && bytes <= readHereBytesMax;
      const isElsewhere = this.#disk === realDisk && !isSmall;
      const thread = isElsewhere ? this.#thread(Math.max(1, this.#wantedThreads), bytes) : undefined;
      if (thread === undefined) return await digestHere(this.#disk, path, kind, ranges, options);
      return await digestThere(thread, path, kind, ranges, options);
    } finally {
      this.#pending -= 1;
      this.#own.stopSpare(Math.max(1, this.#wantedThreads));
    }
  }

  #thread(max: number, bytes: number): HashThread | undefined {
    if (this.#disposed) throw new Error('a PieceHasher was used after its disposal');
    const shared = this.#wantedThreads > 0 && bytes <= sharedBytesMax ? this.#shared : undefined;
    return shared === undefined ? this.#own.thread(max) : shared.hashThread();
  }
}

/** One object for each block under way, instead of a closure for each kind of answer. */
class BlockWaiter {
  readonly block: Block;
  readonly bytes: number;
  readonly done: (digest: Uint8Array, block: Block) => void;
  readonly kind: DigestKind;
  readonly #hasher: PieceHasher;

  constructor(
    hasher: PieceHasher,
    block: Block,
    bytes: number,
    done: (digest: Uint8Array, block: Block) => void,
    kind: DigestKind,
  ) {
    this.#hasher = hasher;
    this.block = block;
    this.bytes = bytes;
    this.done = done;
    this.kind = kind;
  }

  digests(digest: Uint8Array): void {
    this.#hasher.blockSettled(this, digest);
  }

  progress(): void {
    // A block is one step.
  }

  stopped(): void {
    this.#hasher.blockSettled(this, undefined);
  }

  failed(): void {
    this.#hasher.blockSettled(this, undefined);
  }

  lost(): void {
    this.#hasher.blockSettled(this, undefined);
  }
}

function digestThere(
  thread: HashThread,
  path: string,
  kind: DigestKind,
  ranges: Float64Array,
  options: FileDigestOptions,
): Promise<Uint8Array> {
  const { signal, onProgress } = options;
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const job: HashJob = { kind: 'ranges', path, ranges, digest: kind, stop };
  return new Promise<Uint8Array>((resolve, reject) => {
    const onAbort = (): void => {
      Atomics.store(stop, 0, 1);
    };
    const settle = (run: () => void): void => {
      signal?.removeEventListener('abort', onAbort);
      run();
    };
    signal?.addEventListener('abort', onAbort);
    thread.post(job, bytesOf(ranges), {
      digests: (digests) => settle(() => resolve(digests)),
      progress: (bytes) => onProgress?.(bytes),
      stopped: () => settle(() => reject(aborted(path))),
      failed: (code, message) => settle(() => reject(new ManygetError(code, message))),
      lost: (reason) => settle(() => reject(threadLost(path, reason))),
    });
  });
}

let stepHere: Uint8Array | undefined;

async function digestHere(
  disk: Disk,
  path: string,
  kind: DigestKind,
  ranges: Float64Array,
  options: FileDigestOptions,
): Promise<Uint8Array> {
  // Between two steps nobody needs what was read: all calls on this thread share the memory.
  stepHere ??= new Uint8Array(stepBytes);
  const steps = digestRanges(disk, path, ranges, kind, stepHere);
  for (;;) {
    const result = steps.next();
    if (result.done === true) return result.value;
    options.onProgress?.(result.value);
    await nextTurn();
    if (options.signal?.aborted === true) {
      steps.return(new Uint8Array(0));
      throw aborted(path);
    }
  }
}

function digestOfBlock(block: Block, bytes: number, kind: DigestKind): Uint8Array {
  return digestOf(kind, bytes === block.bytes.length ? block.bytes : block.bytes.subarray(0, bytes));
}

function flat(ranges: readonly ByteRange[]): Float64Array {
  const numbers = new Float64Array(ranges.length * 2);
  ranges.forEach((range, i) => {
    numbers[i * 2] = range.start;
    numbers[i * 2 + 1] = range.end;
  });
  return numbers;
}

/** An unknown end counts as much. */
function bytesOf(ranges: Float64Array): number {
  let bytes = 0;
  for (let i = 0; i < ranges.length; i += 2) bytes += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0);
  return Math.min(bytes, Number.MAX_SAFE_INTEGER);
}

function aborted(path: string): ManygetError {
  return new ManygetError('aborted', `reading ${quoted(path)} was stopped`);
}
