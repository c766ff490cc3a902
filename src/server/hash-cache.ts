import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../store/cache-folder.js';
import { makeFolder } from '../store/make-folder.js';
import type { FileFacts } from './file-version.js';
import type { HashTable } from './hash-table.js';

/**
 * Hashes of served files, kept between runs: one small file for each served path. Only ever an optimisation: what is
 * missing, damaged or of another version of the file is as if it were not there.
 *
 * Format: the magic line, a line of JSON (the key), the file's SHA-256, the pieces' SHA-256s, and the SHA-256 of all
 * that comes before it.
 */
const magic = 'manyget-hashes/1\n';
const hashBytes = 32;
const keyBytesMax = 64 * 1024;
/** Beyond this many, the oldest ones are removed: files come and go, their hashes should not stay for ever. */
const entriesMax = 20_000;
const suffix = '.hashes';

/** The folder of the cache: `$XDG_CACHE_HOME/manyget/hashes` or `~/.cache/manyget/hashes`. */
export function hashCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(env), 'hashes');
}

interface CachedHashes {
  readonly sha256: Uint8Array;
  readonly pieces: Uint8Array;
}

export class HashCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The hashes of this version of the file, or undefined. */
  read(table: HashTable): CachedHashes | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#pathOf(table.data.file));
    } catch {
      return undefined; // Not there, or not to be read: the file is hashed again.
    }
    return decode(bytes, keyLine(table), table.pieceCount);
  }

  /** Keeps a finished table. Throws what the file system throws. */
  write(table: HashTable): void {
    const pieces = table.pieces(0, table.pieceCount);
    if (pieces === undefined || table.sha256 === null) throw new Error('hashes to keep that are not finished');
    const body = Buffer.concat([Buffer.from(magic + keyLine(table)), Buffer.from(table.sha256, 'hex'), pieces]);
    makeFolder(this.#folder, 0o700);
    const path = this.#pathOf(table.data.file);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      writeFileSync(temporary, Buffer.concat([body, sha256(body)]), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** Removes the oldest entries beyond the limit, and what a crash left half-written. */
  prune(max: number = entriesMax): void {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      return; // No folder yet.
    }
    for (const name of names.filter((n) => n.endsWith('.tmp'))) this.#removeIfOlder(name, 3_600_000);
    const entries = names.filter((n) => n.endsWith(suffix));
    if (entries.length <= max) return;
    const dated = entries.map((name) => ({ name, atMs: this.#mtimeMs(name) })).sort((a, b) => a.atMs - b.atMs);
    for (const { name } of dated.slice(0, entries.length - max)) this.#remove(name);
  }

  #removeIfOlder(name: string, ageMs: number): void {
    if (Date.now() - this.#mtimeMs(name) > ageMs) this.#remove(name);
  }

  #remove(name: string): void {
    try {
      rmSync(join(this.#folder, name), { force: true });
    } catch {
      // It stays, as in a folder that may only be read: files are hashed all the same.
    }
  }

  #mtimeMs(name: string): number {
    try {
      return statSync(join(this.#folder, name)).mtimeMs;
    } catch {
      return Date.now(); // Gone meanwhile, or not to be looked at: nothing that is to be removed.
    }
  }

  #pathOf(file: FileFacts): string {
    return join(this.#folder, createHash('sha256').update(file.path).digest('hex').slice(0, 40) + suffix);
  }
}

function keyLine(table: HashTable): string {
  const { file, pieceBytes } = table.data;
  return `${JSON.stringify({ path: file.path, version: file.version, size: file.size, pieceBytes })}\n`;
}

function decode(bytes: Buffer, key: string, pieces: number): CachedHashes | undefined {
  const head = Buffer.from(magic + key);
  const bodyBytes = head.length + hashBytes * (1 + pieces);
  if (head.length > keyBytesMax || bytes.length !== bodyBytes + hashBytes) return undefined;
  if (!bytes.subarray(0, head.length).equals(head)) return undefined;
  if (!sha256(bytes.subarray(0, bodyBytes)).equals(bytes.subarray(bodyBytes))) return undefined;
  const sha256End = head.length + hashBytes;
  return { sha256: bytes.subarray(head.length, sha256End), pieces: bytes.subarray(sha256End, bodyBytes) };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
