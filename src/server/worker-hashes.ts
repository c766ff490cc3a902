import type { FileFacts } from './file-version.js';
import { HashTable } from './hash-table.js';
import type { HashNews, HashProblem } from './worker-messages.js';

/** Who asked to be told when a file's hashes are known. */
export interface HashFollower {
  hashesKnown(table: HashTable): void;
  hashesFailed(file: FileFacts, problem: HashProblem, reason: string): void;
}

/** What one server knows of the hashes of its files; the fleet feeds it, sessions ask it. */
export class WorkerHashes {
  readonly #ask: (name: string, file: FileFacts) => void;
  readonly #tables = new Map<string, HashTable>();
  readonly #asked = new Set<string>();
  readonly #followers = new Map<string, Set<HashFollower>>();

  /** @param ask Has a file hashed; what comes of it arrives by `news`. */
  constructor(ask: (name: string, file: FileFacts) => void) {
    this.#ask = ask;
  }

  /** The table of this version of the file; where there is none yet, it is asked for. */
  want(name: string, file: FileFacts): HashTable | undefined {
    const key = keyOf(file);
    const table = this.#tables.get(key);
    if (table === undefined && !this.#asked.has(key)) {
      this.#asked.add(key);
      this.#ask(name, file);
    }
    return table;
  }

  /** Tells `follower` once what becomes of the hashes of `file`, which has been asked for. */
  follow(file: FileFacts, follower: HashFollower): void {
    const key = keyOf(file);
    const followers = this.#followers.get(key) ?? new Set();
    this.#followers.set(key, followers.add(follower));
  }

  unfollow(file: FileFacts, follower: HashFollower): void {
    const key = keyOf(file);
    const followers = this.#followers.get(key);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(key);
  }

  news(news: HashNews): void {
    if (news.type === 'hash-table') {
      const table = new HashTable(news.table);
      this.#asked.delete(keyOf(news.table.file));
      this.#tables.set(keyOf(news.table.file), table);
      if (table.done) this.#tellKnown(table);
      return;
    }
    const key = keyOf(news.file);
    const table = this.#tables.get(key);
    switch (news.type) {
      case 'hashed':
        if (table !== undefined) this.#tellKnown(table);
        break;
      case 'hash-failed':
        this.#tables.delete(key);
        this.#asked.delete(key);
        for (const f of this.#takeFollowers(key)) f.hashesFailed(news.file, news.problem, news.reason);
        break;
      case 'hash-forget':
        this.#tables.delete(key);
        break;
    }
  }

  #tellKnown(table: HashTable): void {
    for (const follower of this.#takeFollowers(keyOf(table.data.file))) follower.hashesKnown(table);
  }

  #takeFollowers(key: string): Iterable<HashFollower> {
    const followers = this.#followers.get(key) ?? [];
    this.#followers.delete(key);
    return followers;
  }
}

function keyOf(file: FileFacts): string {
  return `${file.version} ${file.path}`;
}
