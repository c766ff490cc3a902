import { contentId, pieceCount } from '../wire/content-id.js';
import type { FileFacts } from './file-version.js';

const hashBytes = 32;
/** State and count as 32-bit words, then the SHA-256 of the file, then its content id, then the pieces' hashes. */
const sha256At = 32;
const contentIdAt = 64;
const piecesAt = 96;
const stateWord = 0;
const countWord = 1;
const nameWord = 2;
const stateDone = 1;
/** Whether this version goes by its content id over HTTP; 0 until somebody asks. */
const namedByVersion = 1;
const namedByContent = 2;

/** The plain data of a table, as it goes between threads. */
export interface HashTableData {
  readonly file: FileFacts;
  readonly pieceBytes: number;
  readonly memory: SharedArrayBuffer;
}

/**
 * What is known of the hashes of one version of a file, in memory that all threads see: the hashing worker writes it,
 * every server reads it, nothing is copied.
 *
 * Invariant: pieces are written in order, and counted after they are written; what is counted never changes.
 */
export class HashTable {
  readonly data: HashTableData;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(data: HashTableData) {
    this.data = data;
    this.#words = new Int32Array(data.memory, 0, 8);
    this.#bytes = new Uint8Array(data.memory);
  }

  static create(file: FileFacts, pieceBytes: number): HashTable {
    const memory = new SharedArrayBuffer(piecesAt + pieceCount(file.size, pieceBytes) * hashBytes);
    return new HashTable({ file, pieceBytes, memory });
  }

  get pieceCount(): number {
    return pieceCount(this.data.file.size, this.data.pieceBytes);
  }

  get piecesKnown(): number {
    return Atomics.load(this.#words, countWord);
  }

  get hashedBytes(): number {
    return Math.min(this.piecesKnown * this.data.pieceBytes, this.data.file.size);
  }

  get done(): boolean {
    return Atomics.load(this.#words, stateWord) === stateDone;
  }

  /** Hex, once done. */
  get sha256(): string | null {
    return this.done ? this.#hex(sha256At) : null;
  }

  /** Hex, once done. */
  get contentId(): string | null {
    return this.done ? this.#hex(contentIdAt) : null;
  }

  /** The hashes of `count` pieces from `first`, one after the other; undefined while one of them is not known. */
  pieces(first: number, count: number): Uint8Array | undefined {
    if (first + count > this.piecesKnown) return undefined;
    return this.#bytes.subarray(piecesAt + first * hashBytes, piecesAt + (first + count) * hashBytes);
  }

  /**
   * Whether HTTP clients know this version by its content id: decided for all servers of the fleet when the first one
   * asks, by whether the id is known then.
   */
  get isNamedByContent(): boolean {
    const wish = this.done ? namedByContent : namedByVersion;
    const earlier = Atomics.compareExchange(this.#words, nameWord, 0, wish);
    return (earlier === 0 ? wish : earlier) === namedByContent;
  }

  /** The hash of the next piece. */
  addPiece(sha256: Uint8Array): void {
    const count = Atomics.load(this.#words, countWord);
    this.#bytes.set(sha256, piecesAt + count * hashBytes);
    Atomics.store(this.#words, countWord, count + 1);
  }

  /** All pieces at once, from an earlier run. */
  fill(pieces: Uint8Array): void {
    this.#bytes.set(pieces, piecesAt);
    Atomics.store(this.#words, countWord, this.pieceCount);
  }

  /** The file's own hash, last of all. */
  finish(sha256: Uint8Array): void {
    const id = contentId(this.data.file.size, this.data.pieceBytes, this.#bytes.subarray(piecesAt));
    this.#bytes.set(sha256, sha256At);
    this.#bytes.set(Buffer.from(id, 'hex'), contentIdAt);
    Atomics.store(this.#words, stateWord, stateDone);
  }

  #hex(at: number): string {
    return Buffer.from(this.#bytes.slice(at, at + hashBytes)).toString('hex');
  }
}
