import { Worker } from 'node:worker_threads';
import type { ServedFileSnapshot } from '../base/snapshot.js';
import { choosePieceBytes } from '../wire/content-id.js';
import type { FileFacts } from './file-version.js';
import { HashTable, type HashTableData } from './hash-table.js';
import { workerOptions } from './worker-options.js';
import type { FromHasher, HashNews, HashWorkerData, ToHasher } from './worker-messages.js';
import { threadFile } from '../base/built-file.js';

/** Tables kept in memory; the oldest finished ones go first, and come back from the cache when asked for. */
const tableBytesMax = 32 * 1024 * 1024;
const tablesMax = 10_000;
/** Files that wait to be hashed, at most: a client that asks for a million of them does not make a queue of a million. */
const pendingMax = 4096;
/** Files shown in a snapshot: the ones asked for last. */
const filesShownMax = 1000;

interface HashBoardOptions {
  readonly cacheFolder: string;
  /** To every server. */
  readonly broadcast: (news: HashNews) => void;
  /** To the operator. */
  readonly notice: (name: string, reason: string) => void;
}

/**
 * The fleet's one place for hashes: who wants some asks here, one thread computes them, all servers hear of them.
 *
 * Invariant: at most one table for each path: that of the version asked for last.
 */
export class HashBoard {
  readonly #options: HashBoardOptions;
  readonly #tables = new Map<string, HashTable>();
  readonly #names = new Map<string, FileFacts>();
  #tableBytes = 0;
  /** Given to the hashing thread and not answered yet. */
  #pending = 0;
  #worker: Worker | undefined;
  #stopped = false;

  constructor(options: HashBoardOptions) {
    this.#options = options;
  }

  /** All tables, for a server that starts. */
  get tables(): HashTableData[] {
    return [...this.#tables.values()].map((table) => table.data);
  }

  /** Has this version of the file hashed, unless it is or is about to be. */
  want(name: string, file: FileFacts): void {
    if (this.#stopped) return;
    this.#show(name, file);
    const known = this.#tables.get(file.path);
    if (known?.data.file.version === file.version) return;
    if (known !== undefined) this.#forget(known);
    if (this.#pending >= pendingMax) {
      const reason = `${pendingMax} files wait to be hashed already`;
      this.#options.broadcast({ type: 'hash-failed', file, problem: 'busy', reason });
      return;
    }
    this.#pending += 1;
    const table = HashTable.create(file, choosePieceBytes(file.size));
    this.#tables.set(file.path, table);
    this.#tableBytes += table.data.memory.byteLength;
    this.#shrink();
    this.#options.broadcast({ type: 'hash-table', table: table.data });
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ type: 'hash', table: table.data } satisfies ToHasher);
  }

  snapshot(): ServedFileSnapshot[] {
    return [...this.#names].map(([name, file]) => {
      const table = this.#tables.get(file.path);
      return { name, sizeBytes: file.size, hashed: table === undefined ? 0 : hashedShare(table) };
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker?.terminate();
  }

  #show(name: string, file: FileFacts): void {
    this.#names.delete(name);
    this.#names.set(name, file);
    const [oldest] = this.#names.keys();
    if (this.#names.size > filesShownMax && oldest !== undefined) this.#names.delete(oldest);
  }

  #startWorker(): Worker {
    const workerData: HashWorkerData = { cacheFolder: this.#options.cacheFolder };
    const worker = new Worker(threadFile('server/hash-worker.js'), {
      ...workerOptions,
      workerData,
    });
    let fault = 'the hashing thread ended by itself';
    worker.on('error', (error) => (fault = `the hashing thread failed: ${error.message}`));
    worker.on('message', (message: FromHasher) => this.#heard(message));
    worker.on('exit', () => this.#workerLost(fault));
    return worker;
  }

  #heard(message: FromHasher): void {
    const table = this.#tables.get(message.file.path);
    const current = table?.data.file.version === message.file.version ? table : undefined;
    const name = this.#nameOf(message.file);
    switch (message.type) {
      case 'hashed':
        this.#pending -= 1;
        if (current === undefined) return;
        this.#options.broadcast({ type: 'hashed', file: message.file });
        this.#options.notice(name, message.fromCache ? 'its hashes are known from an earlier run' : 'it is hashed');
        break;
      case 'hash-failed':
        this.#pending -= 1;
        if (current !== undefined) this.#drop(current);
        this.#options.broadcast(message);
        this.#options.notice(name, `it could not be hashed: ${message.reason}`);
        break;
      case 'not-cached':
        this.#options.notice(name, `its hashes could not be kept for the next run: ${message.reason}`);
        break;
    }
  }

  /** What was being hashed fails; the next one who asks starts a new thread. */
  #workerLost(reason: string): void {
    this.#worker = undefined;
    if (this.#stopped) return;
    for (const table of [...this.#tables.values()].filter((t) => !t.done)) {
      this.#heard({ type: 'hash-failed', file: table.data.file, problem: 'read-failed', reason });
    }
    this.#pending = 0;
  }

  #shrink(): void {
    for (const table of this.#tables.values()) {
      if (this.#tableBytes <= tableBytesMax && this.#tables.size <= tablesMax) return;
      if (table.done) this.#forget(table);
    }
  }

  #forget(table: HashTable): void {
    this.#drop(table);
    // Who follows hears "changed": a table is forgotten while it is being filled only if its file has a newer version.
    const { file } = table.data;
    const reason = 'it changed while it was being hashed';
    if (table.done) this.#options.broadcast({ type: 'hash-forget', file });
    else this.#options.broadcast({ type: 'hash-failed', file, problem: 'changed', reason });
  }

  #drop(table: HashTable): void {
    this.#tables.delete(table.data.file.path);
    this.#tableBytes -= table.data.memory.byteLength;
  }

  #nameOf(file: FileFacts): string {
    for (const [name, shown] of this.#names) if (shown.path === file.path) return name;
    return file.path;
  }
}

function hashedShare(table: HashTable): number {
  if (table.done) return 1;
  const { size } = table.data.file;
  return size === 0 ? 0 : table.hashedBytes / size;
}
