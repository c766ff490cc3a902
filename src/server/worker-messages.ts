import type { ErrorCode } from '../base/errors.js';
import type { FileFacts } from './file-version.js';
import type { HashTableData } from './hash-table.js';
import type { ServedRoot } from './served-roots.js';

/** What the fleet and its worker threads tell each other. Plain data only. */

/** How patient and how generous a server is. Times in milliseconds. */
export interface ServerLimits {
  readonly connectionsMax: number;
  /** Of them, from one address. */
  readonly connectionsPerAddressMax: number;
  /** From the connection to a whole HELLO, or from its first byte to a whole HTTP request. */
  readonly helloMs: number;
  /** Without any traffic. */
  readonly idleMs: number;
  /** From an HTTP answer to the next request. */
  readonly keepAliveMs: number;
  /** A client that takes nothing for so long is dropped, if others wait for the memory that it holds. */
  readonly stallMs: number;
  /** From GOODBYE, or from the last HTTP answer, to the end of the connection. */
  readonly graceMs: number;
  /** Memory for file data. */
  readonly poolBytes: number;
}

/** A certificate chain and its key, in PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/** What a server's thread starts with. */
export interface ServerWorkerData {
  /** What it calls itself. */
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly roots: readonly ServedRoot[];
  readonly bytesPerSec: number | undefined;
  readonly limits: ServerLimits;
  readonly counters: SharedArrayBuffer;
  readonly tables: readonly HashTableData[];
  readonly token: string | undefined;
  /** PEM; undefined: no TLS. */
  readonly tls: ServerTls | undefined;
  /** Ports of the fleet's servers that are alive. */
  readonly alivePorts: readonly number[];
}

export type HashProblem = 'changed' | 'read-failed' | 'busy';

/** About hashes, from the fleet to every server. */
export type HashNews =
  | { readonly type: 'hash-table'; readonly table: HashTableData }
  | { readonly type: 'hashed'; readonly file: FileFacts }
  | { readonly type: 'hash-failed'; readonly file: FileFacts; readonly problem: HashProblem; readonly reason: string }
  | { readonly type: 'hash-forget'; readonly file: FileFacts };

export type ToServer =
  | HashNews
  | { readonly type: 'alive-ports'; readonly ports: readonly number[] }
  | { readonly type: 'close'; readonly reason: string }
  | { readonly type: 'kill' };

export type FromServer =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'listen-failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'want-hashes'; readonly name: string; readonly file: FileFacts };

/** What the hashing thread starts with. */
export interface HashWorkerData {
  readonly cacheFolder: string;
}

export interface ToHasher {
  readonly type: 'hash';
  readonly table: HashTableData;
}

export type FromHasher =
  | { readonly type: 'hashed'; readonly file: FileFacts; readonly fromCache: boolean }
  | { readonly type: 'hash-failed'; readonly file: FileFacts; readonly problem: HashProblem; readonly reason: string }
  | { readonly type: 'not-cached'; readonly file: FileFacts; readonly reason: string };
