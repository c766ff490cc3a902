import { dirname } from 'node:path';
import { checkDownload } from '../../app/check-download.js';
import { makeFolder } from '../../app/make-folder.js';
import { asManygetError, ManygetError } from '../../base/errors.js';
import type { QueueTotals, ServerRecord } from '../../base/queue-snapshot.js';
import type { Engine } from '../engine/engine.js';
import type { EngineDownload } from '../engine/engine-download.js';
import { downloadOptions } from './download-options.js';
import type { DownloadSpec } from './download-spec.js';
import { freeName } from './free-name.js';
import { newGid } from './gid.js';
import { KeptLists } from './kept-lists.js';
import { applyLimits } from './live-limits.js';
import { initialOptions, isGlobalOption, queueOptions, type OptionTexts } from './option-table.js';
import { QueueEntry } from './queue-entry.js';
import type { PositionRule, QueueLists } from './queue-lists.js';
import { SourceSteering } from './source-steering.js';
import { stateConflict } from './state-conflict.js';
import { serverFacts } from './server-facts.js';
import type { QueueStore } from './queue-store.js';
import { isWholeOnDisk } from './whole-on-disk.js';

/**
 * The queue: which downloads run, at most so many at once, in which order the others wait, and what became of them.
 * Everything that a command changes is in the store before the command returns. It begins and ends downloads, and never
 * decides anything inside of one.
 */
interface QueueParts {
  readonly store: QueueStore;
  readonly engine: Engine;
  /** The folder for output where nobody names one. */
  readonly folder: string;
  readonly playPath: (gid: string) => string;
  readonly nowMs: () => number;
  /** Told of what goes wrong without ending anything. */
  readonly onNotice: (sentence: string) => void;
}

export type QueueEvent = 'added' | 'started' | 'paused' | 'stopped' | 'complete' | 'error' | 'changed' | 'forgotten';
export type QueueListener = (event: QueueEvent, entry: QueueEntry) => void;

interface AddWishes {
  readonly spec: DownloadSpec;
  /** Among those that wait, 0 is next; at the end where it is left out. */
  readonly position?: number | undefined;
  readonly gid?: string | undefined;
}

const tickMs = 1000;
const saveEveryTicks = 2;
/** Options that a running download takes on without beginning anew. */
const liveOptions: ReadonlySet<string> = new Set(['max-download-limit', 'max-download-limit-schedule', 'pause']);
/** A paused download keeps its connections for this long: going on is then instant. */
const parkAfterMs = 120_000;
/** A download during which the engine broke down so often is perhaps what it breaks down of. */
const engineLossesMax = 3;

export class DownloadQueue implements AsyncDisposable {
  /** The sources of single downloads, and what is to be done with them. */
  readonly steering: SourceSteering;
  readonly #parts: QueueParts;
  readonly #kept: KeptLists;
  readonly #lists: QueueLists;
  readonly #listeners = new Set<QueueListener>();
  readonly #ticker: NodeJS.Timeout;
  #options: Record<string, string>;
  #ticks = 0;
  #closing = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#kept = new KeptLists(parts.store, parts.onNotice);
    this.#lists = this.#kept.lists;
    this.steering = new SourceSteering({
      check: (spec) => this.#check(spec),
      respec: (entry, spec) => this.#respec(entry, spec),
    });
    this.#options = { ...initialOptions(parts.folder, true), ...queueOptions(parts.store.options()) };
    parts.engine.limitConnectionsPerHost(this.#options['max-connection-per-host']);
    this.#kept.load((stored) => {
      const entry = QueueEntry.fromStore(stored, parts.playPath(stored.gid));
      // Whatever ran when the last daemon ended goes on by itself.
      if (entry.state === 'active') entry.state = 'waiting';
      return entry;
    });
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    this.#pump();
  }

  get lists(): QueueLists {
    return this.#lists;
  }

  /** Of the queue as a whole; every download follows them where it has none of its own. */
  get options(): OptionTexts {
    return this.#options;
  }

  /** @returns what takes the listener off. */
  listen(listener: QueueListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As `addAll`. */
  add(wishes: AddWishes): QueueEntry {
    return this.addAll([wishes])[0] as QueueEntry;
  }

  /** Adds all, or none. @throws ManygetError `usage`, where a gid is taken, or where sources or options make no sense. */
  addAll(all: readonly AddWishes[]): QueueEntry[] {
    for (const { spec } of all) this.#check(spec);
    const entries = this.#kept.addAll(all.map((wishes) => () => this.#newEntry(wishes)));
    for (const entry of entries) this.#tell('added', entry);
    this.#pump();
    return entries;
  }

  /** Frees the place of a running download, or keeps a waiting one from being begun. */
  pause(entry: QueueEntry): void {
    if (entry.state !== 'active' && entry.state !== 'waiting') throw stateConflict(entry, 'paused');
    this.#kept.become(entry, 'paused', entry.state === 'active' ? { place: this.#lists.placeAt(0) } : {});
    entry.pausedAtMs = this.#parts.nowMs();
    void entry.handle?.pause();
    this.#tell('paused', entry);
    this.#pump();
  }

  unpause(entry: QueueEntry): void {
    if (entry.state !== 'paused') throw stateConflict(entry, 'unpaused');
    this.#kept.become(entry, 'waiting');
    this.#tell('changed', entry);
    this.#pump();
  }

  /** Begins a download that failed or was removed once more. */
  retry(entry: QueueEntry): void {
    if (entry.state !== 'error' && entry.state !== 'removed') throw stateConflict(entry, 'tried again');
    const progress = { ...entry.progress, error: undefined };
    this.#kept.become(entry, 'waiting', { endedAtMs: undefined, progress, place: this.#lists.placeAt(undefined) });
    this.#tell('changed', entry);
    this.#pump();
  }

  /** Ends a download for good; what it has fetched stays on the disk. */
  async remove(entry: QueueEntry): Promise<void> {
    if (entry.isStopped) throw stateConflict(entry, 'removed');
    entry.notice();
    const hadBegun = entry.state === 'active';
    this.#kept.become(entry, 'removed', { endedAtMs: this.#parts.nowMs() });
    this.#tell(hadBegun ? 'stopped' : 'changed', entry);
    await this.#leave(entry, 'removed from the queue');
    this.#pump();
  }

  /** Forgets downloads that have ended. */
  forget(entries: readonly QueueEntry[]): void {
    for (const entry of entries) {
      if (!entry.isStopped) throw stateConflict(entry, 'forgotten');
    }
    this.#kept.forget(entries);
    for (const entry of entries) this.#tell('forgotten', entry);
  }

  /** Moves one that waits; returns its position then. */
  move(entry: QueueEntry, position: number, rule: PositionRule): number {
    const moved = this.#kept.move(entry, position, rule);
    this.#tell('changed', entry);
    return moved;
  }

  /** Sets options of one download; one that runs and has to begin anew for them does so. */
  async change(entry: QueueEntry, options: OptionTexts): Promise<void> {
    if (entry.isStopped) throw stateConflict(entry, 'changed');
    const changed = Object.keys(options).filter((name) => options[name] !== entry.spec.options[name]);
    const spec = { ...entry.spec, options: { ...entry.spec.options, ...options } };
    this.#check(spec);
    this.#respec(entry, spec);
    this.#shareRate();
    if (changed.every((name) => liveOptions.has(name)) || entry.handle === undefined) return;
    const wasActive = entry.state === 'active';
    if (wasActive) this.#kept.become(entry, 'waiting', { place: this.#lists.placeAt(0) });
    await this.#leave(entry, 'ended to begin anew with other options');
    this.#pump();
  }

  /** Sets options of the queue, and of downloads that have none of their own. */
  changeAll(wished: OptionTexts): void {
    const options = queueOptions(wished);
    this.#parts.store.saveOptions(options);
    this.#options = { ...this.#options, ...options };
    this.#parts.engine.limitConnectionsPerHost(this.#options['max-connection-per-host']);
    this.#shareRate();
    this.#pump();
  }

  /** What counts for `entry`: its own options over those of the queue. */
  optionsOf(entry: QueueEntry): OptionTexts {
    const shared = Object.entries(this.#options).filter(([name]) => !isGlobalOption(name));
    return { ...Object.fromEntries(shared), ...entry.spec.options };
  }

  /** One of `optionsOf`. */
  optionOf(entry: QueueEntry, name: string): string | undefined {
    return entry.spec.options[name] ?? (isGlobalOption(name) ? undefined : this.#options[name]);
  }

  totals(): QueueTotals {
    const { active, queued, stopped } = this.#lists;
    const speed = active.reduce((sum, entry) => sum + (entry.handle?.snapshot()?.speedBytesPerSec ?? 0), 0);
    return {
      active: active.length,
      waiting: queued.length,
      stopped: stopped.length,
      speedBytesPerSec: Math.round(speed),
    };
  }

  servers(): ServerRecord[] {
    return this.#parts.store.servers();
  }

  /** Ends everything that runs, with its state kept: the next daemon goes on with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    clearInterval(this.#ticker);
    const live = this.#lists.all.filter((entry) => entry.handle !== undefined);
    for (const entry of live) entry.notice();
    this.#kept.books.note(...live);
    await Promise.all(live.map((entry) => this.#leave(entry, 'ended with the daemon')));
    await Promise.all(this.#lists.all.flatMap((entry) => entry.leaving ?? []));
  }

  #pump(): void {
    const most = Number(this.#options['max-concurrent-downloads']);
    for (const entry of this.#lists.queued) {
      if (this.#closing || this.#lists.active.length >= most) return;
      if (entry.state === 'waiting' && entry.leaving === undefined) this.#start(entry);
    }
  }

  #start(entry: QueueEntry): void {
    try {
      if (entry.handle !== undefined) {
        void entry.handle.resume();
        this.#kept.turn(entry, 'active');
      } else if (isWholeOnDisk(entry.progress)) {
        entry.foundWhole(this.#parts.nowMs());
        this.#end(entry, 'complete');
        return;
      } else {
        this.#begin(entry);
      }
      this.#tell('started', entry);
    } catch (error) {
      entry.failed(asManygetError(error), this.#parts.nowMs());
      this.#end(entry, 'error');
    }
  }

  /** @throws ManygetError `usage`: what the download would fail of as soon as it begins. */
  #check(spec: DownloadSpec): void {
    checkDownload(downloadOptions(spec, this.#options, undefined));
  }

  /** One that is not in the lists yet. */
  #newEntry({ spec, gid: wanted, position }: AddWishes): QueueEntry {
    const gid = wanted ?? newGid((taken) => this.#lists.has(taken));
    if (this.#lists.has(gid)) throw new ManygetError('usage', `the GID ${gid} is taken`);
    const state = spec.options['pause'] === 'true' ? 'paused' : 'waiting';
    const stored = { gid, state, place: 0, addedAtMs: this.#parts.nowMs(), endedAtMs: undefined } as const;
    const entry = new QueueEntry(stored, spec, this.#parts.playPath(gid));
    entry.place = this.#lists.placeAt(position);
    return entry;
  }

  #begin(entry: QueueEntry): void {
    const wanted = downloadOptions(entry.spec, this.#options, entry.progress.forcedOutput);
    const output = wanted.output ?? '.';
    const folder = output.endsWith('/') ? output : dirname(output);
    try {
      makeFolder(folder);
    } catch (error) {
      throw asManygetError(error, 'output-not-writable', `cannot make the folder "${folder}"`);
    }
    const handle = this.#parts.engine.begin({
      options: wanted,
      unused: entry.spec.unused ?? [],
      downloadsAtOnce: Number(this.#options['max-concurrent-downloads']),
    });
    entry.handle = handle;
    entry.samples.length = 0;
    entry.limitBytesPerSec = undefined;
    this.#kept.turn(entry, 'active');
    this.#shareRate();
    const following = entry.follow(handle);
    const fail = (error: ManygetError): void =>
      this.#settle(entry, handle, () => entry.failed(error, this.#parts.nowMs()));
    handle.done.then(
      (report) => this.#settle(entry, handle, () => entry.finished(report, this.#parts.nowMs())),
      (thrown: unknown) => {
        const error = asManygetError(thrown);
        if (error.code === 'engine-lost' && this.#goesOn(entry, handle, error)) return;
        fail(error);
      },
    );
    following.catch((error: unknown) => fail(asManygetError(error)));
  }

  /** The end of a handle that nobody took away. */
  #settle(entry: QueueEntry, handle: EngineDownload, book: () => void): void {
    if (entry.handle !== handle || this.#closing) return;
    book();
    const code = entry.progress.error?.code;
    if ((code === 'output-exists' || code === 'output-in-use') && this.#goesElsewhere(entry)) return;
    this.#end(entry, entry.state === 'complete' ? 'complete' : 'error');
  }

  /** The engine broke down under a download, whose state is on the disk: another engine goes on with it. */
  #goesOn(entry: QueueEntry, handle: EngineDownload, { message }: ManygetError): boolean {
    if (entry.handle !== handle || this.#closing) return true;
    entry.engineLosses += 1;
    if (entry.engineLosses > engineLossesMax) return false;
    entry.handle = undefined;
    entry.tell(`${message}; it was started anew, and this download goes on from its journal`);
    if (entry.state !== 'active') return true;
    entry.place = this.#lists.placeAt(0);
    this.#kept.turn(entry, 'waiting');
    this.#pump();
    return true;
  }

  /** A place that is taken: the file gets another name, unless its options forbid that. */
  #goesElsewhere(entry: QueueEntry): boolean {
    if (this.optionOf(entry, 'auto-file-renaming') !== 'true' || entry.progress.outputPath === '') return false;
    const forcedOutput = freeName(entry.progress.outputPath);
    if (forcedOutput === undefined) return false;
    entry.progress = { ...entry.progress, forcedOutput, error: undefined };
    entry.endedAtMs = undefined;
    this.#kept.turn(entry, 'waiting');
    this.#pump();
    return true;
  }

  #end(entry: QueueEntry, how: 'complete' | 'error'): void {
    this.#kept.turn(entry, how);
    const { store, nowMs } = this.#parts;
    this.#kept.books.attempt(() => store.addServerFacts(serverFacts(entry.progress.sources), nowMs()));
    this.#tell(how, entry);
    const surplus = this.#lists.stopped.length - Number(this.#options['max-download-result']);
    if (surplus > 0) this.#kept.books.attempt(() => this.forget(this.#lists.stopped.slice(0, surplus)));
    this.#pump();
  }

  #shareRate(): void {
    applyLimits(this.#lists.active, this.#options, (entry) => this.optionsOf(entry), this.#parts.nowMs());
  }

  async #leave(entry: QueueEntry, reason: string): Promise<void> {
    const { handle } = entry;
    if (handle === undefined) return;
    entry.notice();
    entry.handle = undefined;
    const leaving = handle.cancel(reason).finally(() => {
      if (entry.leaving === leaving) entry.leaving = undefined;
      entry.keepMap(handle);
    });
    entry.leaving = leaving;
    await leaving;
  }

  #respec(entry: QueueEntry, spec: DownloadSpec): void {
    this.#kept.keep(entry, { spec });
    this.#tell('changed', entry);
  }

  #tell(event: QueueEvent, entry: QueueEntry): void {
    for (const listener of this.#listeners) listener(event, entry);
  }

  #tick(): void {
    this.#ticks += 1;
    const nowMs = this.#parts.nowMs();
    const { active, queued } = this.#lists;
    for (const entry of active) entry.sample(nowMs);
    if (active.length > 0) this.#shareRate();
    for (const entry of queued) {
      const isIdle = entry.state === 'paused' && entry.handle !== undefined && nowMs - entry.pausedAtMs > parkAfterMs;
      if (isIdle) void this.#leave(entry, 'paused for long');
    }
    if (this.#ticks % saveEveryTicks !== 0) return;
    for (const entry of active) entry.notice();
    this.#kept.books.note(...active);
  }
}
