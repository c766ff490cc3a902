import { messageOf } from '../../base/message-of.js';
import type { QueueEntry } from './queue-entry.js';
import type { QueueStore, StoredDownload } from './queue-store.js';

/**
 * Keeps the store at what the downloads are. Where it takes nothing, as on a full disk, whoever gave a command hears of
 * it; what happens by itself goes on, and the store is tried again with the next thing that it is to keep.
 *
 * Invariant: in `#unsaved` is every entry whose newest state the store has not taken.
 */
export class Bookkeeper {
  readonly #store: QueueStore;
  readonly #onNotice: (sentence: string) => void;
  readonly #unsaved = new Set<QueueEntry>();
  /** What was told last: once is enough for as long as it stays so. */
  #fault: string | undefined;

  constructor(store: QueueStore, onNotice: (sentence: string) => void) {
    this.#store = store;
    this.#onNotice = onNotice;
  }

  /** For a command: on the disk when this returns, as it will be in `state`. Throws what the store throws. */
  save(entry: QueueEntry, state = entry.state): void {
    this.#saveWith([{ ...entry.toStore(), state }]);
  }

  /** For a command: all of them on the disk when this returns, or none. Throws what the store throws. */
  saveAll(entries: readonly QueueEntry[]): void {
    this.#saveWith(entries.map((entry) => entry.toStore()));
  }

  /** What `entries` are now is kept together with the next thing that is. */
  owe(entries: readonly QueueEntry[]): void {
    for (const entry of entries) this.#unsaved.add(entry);
  }

  /** They never came to be. */
  drop(entries: readonly QueueEntry[]): void {
    for (const entry of entries) this.#unsaved.delete(entry);
  }

  /** For what happens by itself. */
  note(...entries: readonly QueueEntry[]): void {
    this.owe(entries);
    if (this.#unsaved.size === 0) return;
    this.attempt(() => {
      this.#store.save([...this.#unsaved].map((entry) => entry.toStore()));
      this.#unsaved.clear();
    });
  }

  /** One transaction: places that have changed together are never on the disk in part. */
  #saveWith(downloads: readonly StoredDownload[]): void {
    const gids = new Set(downloads.map(({ gid }) => gid));
    const owed = [...this.#unsaved].filter(({ gid }) => !gids.has(gid)).map((entry) => entry.toStore());
    this.#store.save([...owed, ...downloads]);
    this.#unsaved.clear();
  }

  /** For a command. Throws what the store throws. */
  remove(entries: readonly QueueEntry[]): void {
    this.#store.remove(entries.map((entry) => entry.gid));
    this.drop(entries);
  }

  /** Something that nobody waits for, and that may come to nothing now. */
  attempt(write: () => void): void {
    try {
      write();
      this.#fault = undefined;
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== this.#fault) this.#onNotice(`the daemon's store takes nothing: ${fault}; downloads go on`);
      this.#fault = fault;
    }
  }
}
