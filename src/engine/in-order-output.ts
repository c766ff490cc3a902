import { randomBytes, createHash, type Hash } from 'node:crypto';
import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, strongestFirst, type HashAlgorithm } from '../base/hash-algorithm.js';
import { strongestHash, type FileHashes } from '../base/manifest.js';
import { formatBytes } from '../base/units.js';
import type { ByteReader } from '../store/file-reader.js';
import { Journal } from '../store/journal.js';
import { PartFile } from '../store/part-file.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import { WindowDisk, windowPath } from '../store/window-disk.js';
import type { DownloadOutput, FileDigest } from './download-output.js';
import type { FileFacts } from './resume-state.js';

/** A piece is handed out when all of it is verified: so many have to fit, for the others to come meanwhile. */
const piecesMin = 4;
const windowBytesLimit = 1024 * 1024 * 1024;
const streamBlockBytes = 1024 * 1024;
/** A stream is taken up to one block before the end of the window: with no more than one nothing would ever come. */
const streamBlocksMin = 2;

interface InOrderOptions {
  readonly windowBytes: number;
  /** Hashes that the whole file has to have. */
  readonly expected: FileHashes;
  /** Compute the SHA-256 of what is handed out. */
  readonly sha256: boolean;
}

/**
 * A download whose bytes are kept until its one reader has had them, in order: a window of the file in memory. Hashes of
 * the whole file are computed as it goes by.
 *
 * Invariant: bytes before `handedOutBytes` are the reader's alone.
 */
export class InOrderOutput implements DownloadOutput {
  readonly path = windowPath;
  readonly partPath = windowPath;
  readonly waitsForName = false;
  readonly isOpen = true;
  readonly earlier = undefined;
  /** A full block is in the window at once, and memory is what the window is made of. */
  readonly memory = { poolBytesMax: 16 * 1024 * 1024, openBlocksBytesMax: 3 * 1024 * 1024 };
  readonly hashDisk: WindowDisk;
  readonly #options: InOrderOptions;
  readonly #hashes = new Map<HashAlgorithm, Hash>();
  #expected: FileHashes;
  #part: PartFile | undefined;
  #journal: Journal | undefined;
  #handedOut = 0;
  #sizeBytes: number | undefined;
  #fault: ManygetError | undefined;
  #wake: () => void = () => undefined;

  constructor(options: InOrderOptions) {
    this.#options = options;
    this.hashDisk = new WindowDisk(options.windowBytes);
    this.#expected = options.expected;
    this.#beginHashes();
  }

  get windowBytes(): number {
    return this.hashDisk.windowBytes;
  }

  get handedOutBytes(): number {
    return this.#handedOut;
  }

  get streamEnd(): number {
    return this.hashDisk.end - streamBlockBytes;
  }

  expect(hashes: FileHashes): void {
    // What the user says counts alone, and of bytes that have gone by nothing can be computed any more.
    if (strongestHash(this.#options.expected) !== undefined || this.#handedOut > 0) return;
    this.#expected = hashes;
    this.#beginHashes();
  }

  open(): void {
    // There is no name to settle and nobody to lock out.
  }

  /** @throws ManygetError `usage`: pieces too large for any window. */
  begin(facts: FileFacts): { part: PartFile; journal: Journal; replay: undefined } {
    const windowBytes = Math.max(this.#options.windowBytes, piecesMin * facts.pieceBytes);
    if (windowBytes > windowBytesLimit) {
      const size = formatBytes(facts.pieceBytes);
      throw new ManygetError(
        'usage',
        `the pieces of this file, of ${size}, are too large to be kept in memory: use a file`,
      );
    }
    this.hashDisk.reset(windowBytes);
    this.#sizeBytes = facts.sizeBytes;
    this.#part = PartFile.open(this.hashDisk, windowPath, facts.sizeBytes, { fresh: true });
    this.#journal = Journal.create(this.hashDisk, `${windowPath}.journal`, {
      sizeBytes: facts.sizeBytes,
      pieceBytes: facts.pieceBytes,
      name: facts.name,
      id: randomBytes(16).toString('hex'),
      createdMs: Date.now(),
    });
    return { part: this.#part, journal: this.#journal, replay: undefined };
  }

  /** @throws ManygetError `gave-up`: it was begun before, and what has gone by cannot be taken back. */
  beginStream(): PartFile {
    if (this.#handedOut > 0) {
      const text = `the stream was cut after ${this.#handedOut} bytes, which have been handed out: it cannot begin anew`;
      throw new ManygetError('gave-up', text);
    }
    this.hashDisk.reset(Math.max(this.windowBytes, streamBlocksMin * streamBlockBytes));
    this.#part = PartFile.open(this.hashDisk, windowPath, 0, { fresh: true });
    return this.#part;
  }

  endStream(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  discard(): void {
    this.#part?.close();
    this.#journal?.close();
    this.#part = undefined;
    this.#journal = undefined;
  }

  noteContent(): void {
    // Nobody goes on from here in a later run.
  }

  checkEarlier(): Promise<never> {
    return Promise.reject(new Error('there is no earlier run'));
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits until all has been read. Rejects with `verification-failed` where that was not what it should have been. */
  async finish(_hasher: PieceHasher, { stated }: { forced: boolean; stated: string | undefined }): Promise<FileDigest> {
    while (this.#handedOut < (this.#sizeBytes ?? 0)) {
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const sha256 = this.#compare(stated);
    this.discard();
    return {
      sha256: sha256 ?? stated,
      origin: (sha256 !== undefined && 'computed') || (stated && 'stated') || undefined,
    };
  }

  abandon(): Promise<void> {
    this.discard();
    return Promise.resolve();
  }

  interrupt(error: ManygetError): void {
    this.#fault ??= error;
    this.#wake();
  }

  /** To be read from the first byte to the last, once. */
  openReader(): Promise<ByteReader> {
    return Promise.resolve({
      read: (target, offset) => Promise.resolve(this.#handOut(target, offset)),
      close: () => Promise.resolve(),
    });
  }

  #handOut(target: Uint8Array, offset: number): void {
    // What is left of a download that has ended is not its bytes.
    if (this.#part === undefined) throw this.#fault ?? new ManygetError('aborted', 'the download has ended');
    if (offset !== this.#handedOut) throw new Error(`bytes are read from ${offset} on, expected ${this.#handedOut}`);
    this.#part.read(target, offset);
    for (const hash of this.#hashes.values()) hash.update(target);
    this.#handedOut += target.length;
    this.hashDisk.release(this.#handedOut);
    this.#wake();
  }

  #beginHashes(): void {
    this.#hashes.clear();
    for (const algorithm of strongestFirst) {
      const wanted = this.#expected[algorithm] !== undefined || (algorithm === 'sha256' && this.#options.sha256);
      if (wanted) this.#hashes.set(algorithm, createHash(algorithm));
    }
  }

  /** The SHA-256 where it was computed. */
  #compare(stated: string | undefined): string | undefined {
    const expected: FileHashes = { ...(stated === undefined ? {} : { sha256: stated }), ...this.#expected };
    let sha256: string | undefined;
    for (const [algorithm, hash] of this.#hashes) {
      const actual = hash.digest('hex');
      if (algorithm === 'sha256') sha256 = actual;
      const wanted = expected[algorithm];
      if (wanted === undefined || wanted === actual) continue;
      const name = hashAlgorithms[algorithm].ianaName;
      throw new ManygetError(
        'verification-failed',
        `the ${name} of what was handed out is ${actual}, expected ${wanted}: do not use it`,
      );
    }
    return sha256;
  }
}
