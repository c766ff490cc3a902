import { ManygetError } from '../../base/errors.js';
import type { QueueItem, QueueState } from '../../base/queue-snapshot.js';
import type { QueueEntry } from './queue-entry.js';

export type PositionRule = 'POS_SET' | 'POS_CUR' | 'POS_END';

/**
 * The entries of a queue in their three lists: those that run, those that wait or are paused, in their order, and those
 * that have ended, the oldest first. An entry is in exactly one of them.
 */
export class QueueLists {
  readonly #onPlaces: (entries: readonly QueueEntry[]) => void;
  readonly #byGid = new Map<string, QueueEntry>();
  #active: QueueEntry[] = [];
  #queued: QueueEntry[] = [];
  #stopped: QueueEntry[] = [];

  /** @param onPlaces Told of entries that have other numbers for their places, in the same order as before. */
  constructor(onPlaces: (entries: readonly QueueEntry[]) => void) {
    this.#onPlaces = onPlaces;
  }

  get active(): readonly QueueEntry[] {
    return this.#active;
  }

  get queued(): readonly QueueEntry[] {
    return this.#queued;
  }

  get stopped(): readonly QueueEntry[] {
    return this.#stopped;
  }

  get all(): QueueEntry[] {
    return [...this.#active, ...this.#queued, ...this.#stopped];
  }

  has(gid: string): boolean {
    return this.#byGid.has(gid);
  }

  /** The entry of that GID, or the only one whose GID begins so. */
  find(prefix: string): QueueEntry | undefined {
    const wanted = prefix.toLowerCase();
    const exact = this.#byGid.get(wanted);
    if (exact !== undefined || wanted.length === 16) return exact;
    const all = [...this.#byGid.values()].filter((entry) => entry.gid.startsWith(wanted));
    return all.length === 1 ? all[0] : undefined;
  }

  /** @throws ManygetError `gid-unknown`. */
  get(prefix: string): QueueEntry {
    const entry = this.find(prefix);
    if (entry === undefined) throw new ManygetError('gid-unknown', `there is no download "${prefix.slice(0, 40)}"`);
    return entry;
  }

  positionOf(entry: QueueEntry): number {
    return this.#queued.indexOf(entry);
  }

  /** All of them as lists show them. */
  items(): QueueItem[] {
    const queued = this.#queued.map((entry, position) => entry.item(position));
    return [...this.#active.map((entry) => entry.item(-1)), ...queued, ...this.#stopped.map((entry) => entry.item(-1))];
  }

  insert(entry: QueueEntry): void {
    this.#byGid.set(entry.gid, entry);
    const list = this.#listOf(entry.state);
    list.push(entry);
    if (list === this.#queued && (list.at(-2)?.place ?? -Infinity) > entry.place) list.sort(byPlace);
    if (list === this.#stopped && (list.at(-2)?.endedAtMs ?? 0) > (entry.endedAtMs ?? 0)) list.sort(byEnd);
  }

  delete(entry: QueueEntry): void {
    this.#byGid.delete(entry.gid);
    this.#take(entry);
  }

  become(entry: QueueEntry, state: QueueState): void {
    this.#take(entry);
    entry.state = state;
    this.insert(entry);
  }

  /** The place of something that shall be at `position` among those that wait; at their end where it is left out. */
  placeAt(position: number | undefined, without?: QueueEntry): number {
    const others = this.#queued.filter((entry) => entry !== without);
    const at = Math.min(Math.max(0, position ?? others.length), others.length);
    const [before, after] = [others[at - 1], others[at]];
    if (before !== undefined && after !== undefined) return this.#placeBetween(before, after);
    if (after !== undefined) return after.place - 1;
    // Those that run come before all that wait also after a restart.
    return (before?.place ?? this.#lastActivePlace()) + 1;
  }

  /** Where one that waits ends up that shall go to `position`, counted as `rule` says. */
  positionFor(entry: QueueEntry, position: number, rule: PositionRule): number {
    const current = this.positionOf(entry);
    if (current < 0) throw new ManygetError('state-conflict', `${entry.gid} is ${entry.state} and waits for nothing`);
    const last = this.#queued.length - 1;
    const wanted = rule === 'POS_SET' ? position : rule === 'POS_CUR' ? current + position : last + position;
    return Math.min(Math.max(0, wanted), last);
  }

  /** Puts one that waits where `place` is. */
  put(entry: QueueEntry, place: number): void {
    entry.place = place;
    this.#queued.sort(byPlace);
  }

  /** Halving a gap fifty times uses up the digits of a number: the places are then spread anew. */
  #placeBetween(before: QueueEntry, after: QueueEntry): number {
    const middle = (before.place + after.place) / 2;
    if (middle > before.place && middle < after.place) return middle;
    const first = this.#lastActivePlace() + 1;
    for (const [index, entry] of this.#queued.entries()) entry.place = first + index;
    this.#onPlaces(this.#queued);
    return (before.place + after.place) / 2;
  }

  #lastActivePlace(): number {
    return Math.max(0, ...this.#active.map((entry) => entry.place));
  }

  #listOf(state: QueueState): QueueEntry[] {
    if (state === 'active') return this.#active;
    return state === 'waiting' || state === 'paused' ? this.#queued : this.#stopped;
  }

  #take(entry: QueueEntry): void {
    const others = (list: QueueEntry[]): QueueEntry[] =>
      list.includes(entry) ? list.filter((e) => e !== entry) : list;
    this.#active = others(this.#active);
    this.#queued = others(this.#queued);
    this.#stopped = others(this.#stopped);
  }
}

const byPlace = (a: QueueEntry, b: QueueEntry): number => a.place - b.place;
const byEnd = (a: QueueEntry, b: QueueEntry): number => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0);
