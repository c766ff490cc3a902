import { messageOf } from '../../base/message-of.js';
import { printable } from '../../base/printable.js';
import { Bookkeeper } from './bookkeeper.js';
import type { QueueEntry } from './queue-entry.js';
import { QueueLists, type PositionRule } from './queue-lists.js';
import type { QueueStore, StoredDownload } from './queue-store.js';

type EntryChanges = Partial<Pick<QueueEntry, 'endedAtMs' | 'place' | 'progress' | 'spec'>>;

/**
 * The lists of a queue, and the store that keeps them, in step: what a command changes is on the disk when the call
 * returns, and where the disk does not take it nothing has changed.
 */
export class KeptLists {
  readonly lists: QueueLists;
  readonly books: Bookkeeper;
  readonly #store: QueueStore;
  readonly #onNotice: (sentence: string) => void;

  constructor(store: QueueStore, onNotice: (sentence: string) => void) {
    this.#store = store;
    this.#onNotice = onNotice;
    this.books = new Bookkeeper(store, onNotice);
    this.lists = new QueueLists((entries) => this.books.owe(entries));
  }

  /**
   * Takes in what the store has. One that cannot be read keeps nobody else from going on: it is left out, and in the
   * store, for a program that understands it.
   */
  load(read: (stored: StoredDownload) => QueueEntry): void {
    for (const stored of this.#store.downloads()) {
      try {
        this.lists.insert(read(stored));
      } catch (error) {
        const gid = printable(stored.gid, 40);
        this.#onNotice(
          `the download ${gid} is left out, since the store's record of it makes no sense: ${messageOf(error)}`,
        );
      }
    }
  }

  /** Takes in as many as `makers` make, or none. @param makers Each makes one once those before it are in the lists. */
  addAll(makers: readonly (() => QueueEntry)[]): QueueEntry[] {
    const entries: QueueEntry[] = [];
    try {
      for (const make of makers) {
        const entry = make();
        this.lists.insert(entry);
        entries.push(entry);
      }
      this.books.saveAll(entries);
    } catch (error) {
      for (const entry of entries) this.lists.delete(entry);
      this.books.drop(entries);
      throw error;
    }
    return entries;
  }

  forget(entries: readonly QueueEntry[]): void {
    this.books.remove(entries);
    for (const entry of entries) this.lists.delete(entry);
  }

  /** Moves one that waits; returns its position then. */
  move(entry: QueueEntry, position: number, rule: PositionRule): number {
    const to = this.lists.positionFor(entry, position, rule);
    const place = this.lists.placeAt(to, entry);
    const before = entry.place;
    this.lists.put(entry, place);
    try {
      this.books.save(entry);
    } catch (error) {
      this.lists.put(entry, before);
      throw error;
    }
    return to;
  }

  /** For a command, of which `changes` are a part. */
  become(entry: QueueEntry, state: QueueEntry['state'], changes: EntryChanges = {}): void {
    this.keep(entry, changes, state);
    this.lists.become(entry, state);
  }

  /** For a command that leaves the entry where it is. */
  keep(entry: QueueEntry, changes: EntryChanges, state = entry.state): void {
    const { endedAtMs, place, progress, spec } = entry;
    Object.assign(entry, changes);
    try {
      this.books.save(entry, state);
    } catch (error) {
      Object.assign(entry, { endedAtMs, place, progress, spec });
      throw error;
    }
  }

  /** By itself. */
  turn(entry: QueueEntry, state: QueueEntry['state']): void {
    this.lists.become(entry, state);
    this.books.note(entry);
  }
}
