import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { fileVersion } from './file-version.js';
import type { HashTable } from './hash-table.js';

/** Read at once. One buffer serves all jobs of a thread: they take turns. */
export const hashBlockBytes = 1024 * 1024;
/** Read before others get a turn. */
const turnBytes = 16 * 1024 * 1024;

type HashOutcome = 'more' | 'done' | 'changed';

/**
 * Hashes one version of a file into its table, in turns: the pieces and the whole in one pass. Owns the descriptor, from
 * the first turn to `close`.
 */
export class HashJob {
  readonly table: HashTable;
  readonly #buffer: Uint8Array;
  readonly #whole: Hash = createHash('sha256');
  #piece: Hash = createHash('sha256');
  /** Hashed in this turn, not yet in the table. */
  #fresh: Uint8Array[] = [];
  #fd: number | undefined;
  #at = 0;

  constructor(table: HashTable, buffer: Uint8Array) {
    this.table = table;
    this.#buffer = buffer;
  }

  get leftBytes(): number {
    return this.table.data.file.size - this.#at;
  }

  /** Reads and hashes one turn's worth. Throws what the file system throws. */
  turn(): HashOutcome {
    const { file, pieceBytes } = this.table.data;
    this.#fd ??= openSync(file.path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const turnEnd = Math.min(this.#at + turnBytes, file.size);
    while (this.#at < turnEnd) {
      const pieceEnd = Math.min((Math.floor(this.#at / pieceBytes) + 1) * pieceBytes, file.size);
      const bytes = readSync(this.#fd, this.#buffer, 0, Math.min(this.#buffer.length, pieceEnd - this.#at), this.#at);
      if (bytes === 0) return 'changed';
      const block = this.#buffer.subarray(0, bytes);
      this.#piece.update(block);
      this.#whole.update(block);
      this.#at += bytes;
      if (this.#at === pieceEnd) this.#endPiece();
    }
    // Looked at after reading, before telling: what was hashed up to here was this version.
    if (fileVersion(fstatSync(this.#fd, { bigint: true })) !== file.version) return 'changed';
    for (const digest of this.#fresh.splice(0)) this.table.addPiece(digest);
    if (this.#at < file.size) return 'more';
    this.table.finish(this.#whole.digest());
    return 'done';
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #endPiece(): void {
    this.#fresh.push(this.#piece.digest());
    this.#piece = createHash('sha256');
  }
}
