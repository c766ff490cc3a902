import { messageOf } from '../../base/message-of.js';
import type { QueueEntry } from './queue-entry.js';
import type { QueueStore } from './queue-store.js';

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
    this.#store.save([{ ...entry.toStore(), state }]);
    this.#unsaved.delete(entry);
  }

  /** For what happens by itself. */
  note(...entries: readonly QueueEntry[]): void {
    for (const entry of entries) this.#unsaved.add(entry);
    if (this.#unsaved.size === 0) return;
    this.attempt(() => {
      this.#store.save([...this.#unsaved].map((entry) => entry.toStore()));
      this.#unsaved.clear();
    });
  }

  /** For a command. Throws what the store throws. */
  remove(entries: readonly QueueEntry[]): void {
    this.#store.remove(entries.map((entry) => entry.gid));
    for (const entry of entries) this.#unsaved.delete(entry);
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
