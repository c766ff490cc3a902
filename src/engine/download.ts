import { availableParallelism } from 'node:os';
import { asManygetError, ManygetError } from '../base/errors.js';
import type { DownloadEvent } from '../base/events.js';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import type { ConnectionId, PieceIndex, SourceId } from '../base/ids.js';
import type { DownloadPhase, DownloadReport, DownloadSnapshot, MapCell } from '../base/snapshot.js';
import { fromEarlierRun } from '../core/provenance.js';
import type { SegmentId } from '../core/scheduler-messages.js';
import type { Source, SourceInfo } from '../sources/source.js';
import { PieceHasher } from '../store/piece-hasher.js';
import { EventLog } from './event-log.js';
import { HashList } from './hash-list.js';
import type { Link, LinkEvents } from './link.js';
import { missingFileError, noSourceError, silentSourcesError } from './source-errors.js';
import { Mirrors } from './mirrors.js';
import { OutputState } from './output-state.js';
import type { FileFacts } from './resume-state.js';
import { isFinal, SourceRunner } from './source-runner.js';
import { Transfer } from './transfer.js';
import { makeReport, makeSnapshot, type DownloadView } from './views.js';

const tickMs = 50;
/** Received data is on its way to the disk for this long at the most: what a kill -9 costs. */
const flushEveryTicks = 4;
/** What a power loss costs, where the disk keeps its word. */
const syncEveryTicks = 100;
/** Nobody was ever reached: more patience would only delay the news of a mistyped port. */
const firstContactMsMax = 10_000;
/** From here on a second thread hashes: its start pays within a second. */
const hashThreadBytesPerSec = 120e6;
const strikesMax = 3;
const defaultGiveUpMs = 60_000;
const defaultConnectMs = 4000;

export interface DownloadParts {
  readonly options: DownloadOptions;
  readonly makeSource: (url: string) => Source;
  readonly output: OutputState;
  readonly random: () => number;
}

/**
 * One download from its first connection to its finished file: knows its sources, when they agree, and in which phase
 * it all is. Leaves bytes to `Transfer`, files to `OutputState`, agreement to `Mirrors`.
 */
export class Download implements DownloadHandle, LinkEvents {
  readonly done: Promise<DownloadReport>;
  readonly #options: DownloadOptions;
  readonly #parts: DownloadParts;
  readonly #output: OutputState;
  readonly #startedAtMs = performance.now();
  readonly #log = new EventLog(() => this.nowMs());
  readonly #runners: SourceRunner[] = [];
  readonly #mirrors: Mirrors;
  readonly #hasher = new PieceHasher({ threads: 0 });
  readonly #stopping = new AbortController();
  #ticker: NodeJS.Timeout | undefined;
  #ticks = 0;
  #nextConnection = 0;
  #transfer: Transfer | undefined;
  #facts: FileFacts | undefined;
  #hashList: HashList | undefined;
  #phase: DownloadPhase = 'connecting';
  #note = '';
  #userPaused = false;
  #checkingEarlier = false;
  #resumedBytes = 0;
  #lastContactMs = 0;
  #everReady = false;
  #lastTickMs = 0;
  #arrivedAtTick = 0;
  #blockedSinceMs: number | undefined;
  #syncing: Promise<void> | undefined;
  #settled = false;
  #elapsedMs: number | undefined;
  #resolve!: (report: DownloadReport) => void;
  #reject!: (error: ManygetError) => void;

  constructor(parts: DownloadParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#output = parts.output;
    this.#mirrors = new Mirrors(this.#runners);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever only listens to events need not handle the promise as well.
    this.done.catch(() => undefined);
  }

  /** Begins; to be called once. */
  start(): void {
    try {
      if (this.#options.signal?.aborted === true)
        throw new ManygetError('aborted', 'the download was cancelled before it began');
      const sources = this.#options.sources.map((url) => this.#parts.makeSource(url));
      this.#output.open(sources[0]?.fileName ?? '', (reason) => this.#log.add({ type: 'notice', reason }));
      if (this.#output.earlier !== undefined) this.#mirrors.prefer(this.#output.earlier.replay);
      for (const source of sources) this.#add(source);
      this.#ticker = setInterval(() => this.#guard(() => this.#tick()), tickMs);
      this.#options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    } catch (error) {
      void this.#fail(asManygetError(error));
    }
  }

  /** Milliseconds since the start; stands still once the download has ended. */
  nowMs(): number {
    return this.#elapsedMs ?? performance.now() - this.#startedAtMs;
  }

  events(): AsyncIterableIterator<DownloadEvent> {
    return this.#log.read();
  }

  recentEvents(max: number): readonly DownloadEvent[] {
    return this.#log.recent(max);
  }

  snapshot(): DownloadSnapshot {
    return makeSnapshot(this.#view());
  }

  map(cells: number): MapCell[] {
    if (this.#transfer !== undefined) return this.#transfer.map(cells);
    return Array.from({ length: cells }, () => ({ state: 'missing', source: -1 }));
  }

  pause(): void {
    if (this.#settled || this.#userPaused) return;
    this.#userPaused = true;
    this.#transfer?.dispatch({ type: 'pause' });
    this.#setPhase('paused', 'paused by the user');
  }

  resume(): void {
    if (this.#settled || !this.#userPaused) return;
    this.#userPaused = false;
    this.#setPhase(this.#transfer === undefined ? 'connecting' : 'downloading', 'resumed by the user');
    this.#transfer?.dispatch({ type: 'resume' });
  }

  addSource(url: string): void {
    if (!this.#settled) this.#add(this.#parts.makeSource(url));
  }

  removeSource(id: number): void {
    const runner = this.#runners[id];
    if (runner === undefined || runner.isStopped) return;
    this.#stopRunner(runner, 'removed', new ManygetError('aborted', `${runner.source.label} was removed by the user`));
    this.#log.add({ type: 'source-removed', source: id, reason: 'removed by the user' });
  }

  async cancel(reason = 'cancelled'): Promise<void> {
    await this.#fail(new ManygetError('aborted', `the download was ${reason}; its state is kept`));
  }

  // What the links tell.

  ready(link: Link, info: SourceInfo): void {
    this.#guard(() => {
      const { runner } = link;
      runner.info = info;
      runner.worked();
      this.#everReady = true;
      this.#lastContactMs = this.nowMs();
      const reason = `${runner.source.label} is there: connected in ${link.connectMs.toFixed(0)} ms`;
      this.#log.add({ type: 'source-ready', source: runner.id, connection: link.id, reason });
      this.#agree();
    });
  }

  infoChanged(link: Link, info: SourceInfo): void {
    this.#guard(() => {
      link.runner.info = info;
      this.#agree();
    });
  }

  progressed(link: Link, segment: SegmentId, position: number): void {
    this.#guard(() => this.#transfer?.progressed(link, segment, position));
  }

  segmentEnded(link: Link, segment: SegmentId, end: number): void {
    this.#guard(() => this.#transfer?.segmentEnded(link, segment, end));
  }

  hashes(link: Link, firstPiece: number, hashes: Uint8Array): void {
    this.#guard(() => this.#hashList?.received(link, firstPiece, hashes));
  }

  hashesRefused(link: Link): void {
    this.#hashList?.lost(link);
  }

  alive(link: Link): void {
    this.#guard(() => this.#transfer?.dispatch({ type: 'alive', connection: link.id }));
  }

  full(link: Link): void {
    this.#transfer?.full(link);
  }

  closed(link: Link, error: ManygetError): void {
    const { runner } = link;
    this.#transfer?.detach(link);
    this.#hashList?.lost(link);
    const wasLast = runner.links.size <= 1;
    runner.linkClosed(link, error);
    if (this.#settled || runner.isStopped) return;
    this.#log.add({ type: 'source-lost', source: runner.id, code: error.code, reason: error.message });
    if (wasLast) this.#transfer?.dispatch({ type: 'source-gone', source: runner.id });
    if (isFinal(error)) {
      this.#stopRunner(runner, 'quarantined', error);
      this.#log.add({ type: 'source-quarantined', source: runner.id, code: error.code, reason: error.message });
    }
    this.#guard(() => {
      this.#agree();
      this.#checkSourcesLeft();
    });
  }

  #add(source: Source): void {
    const runner = new SourceRunner(this.#runners.length as SourceId, source, {
      connectTimeoutMs: this.#options.connectTimeoutMs ?? defaultConnectMs,
      nextConnection: () => this.#nextConnection++ as ConnectionId,
      links: this,
      nowMs: () => this.nowMs(),
      random: this.#parts.random,
    });
    this.#runners.push(runner);
    this.#log.add({ type: 'source-added', source: runner.id, url: source.url });
    this.#transfer?.dispatch({ type: 'source-expected', source: runner.id });
    runner.open();
  }

  /** Looks at what the sources say, begins where they agree, and leaves out those that differ. */
  #agree(): void {
    if (this.#settled) return;
    const verdict = this.#mirrors.judge(this.nowMs(), this.#facts);
    if (verdict.kind === 'wait') return;
    if (verdict.kind === 'disagree') {
      void this.#fail(verdict.error);
      return;
    }
    for (const { runner, error } of verdict.odd) this.#quarantine(runner, error);
    const { facts } = verdict;
    if (this.#facts === undefined) this.#begin(facts);
    else if (this.#facts.sizeBytes !== facts.sizeBytes) this.#beginAnew(facts);
    if (this.#settled) return;
    if (facts.contentId !== undefined && this.#facts?.contentId !== facts.contentId) {
      this.#facts = { ...facts };
      this.#output.noteContent(facts.contentId);
    }
    for (const runner of verdict.good) {
      for (const link of runner.links) {
        if (link.info === undefined || link.isClosed) continue;
        this.#transfer?.attach(link);
        if (link.info.contentId === this.#facts?.contentId) this.#hashList?.offer(link);
      }
    }
    this.#advance();
  }

  #begin(facts: FileFacts): void {
    const store = this.#output.begin(facts);
    this.#facts = facts;
    this.#transfer = new Transfer({
      sizeBytes: facts.sizeBytes,
      pieceBytes: facts.pieceBytes,
      verify: this.#options.verify ?? true,
      part: store.part,
      journal: store.journal,
      replay: store.replay,
      hasher: this.#hasher,
      events: this.#log,
      connectionsPerSourceMax: this.#options.connectionsPerSourceMax,
      nowMs: () => this.nowMs(),
      runner: (source) => this.#runners[source],
      onBlocked: (error) => this.#blocked(error),
      onUnblocked: () => this.#unblocked(),
      onCorrupt: (piece, sources) => this.#corrupt(piece, sources),
      onAdvance: () => this.#advance(),
      onFatal: (error) => void this.#fail(error),
    });
    this.#hashList = new HashList({
      sizeBytes: facts.sizeBytes,
      pieceBytes: facts.pieceBytes,
      onHashes: (link, hashes) => {
        this.#log.add({
          type: 'hashes-known',
          source: link.runner.id,
          reason: `${hashes.length / 32} piece hashes from ${link.runner.source.label}`,
        });
        this.#transfer?.verifier.setExpected(hashes);
        this.#advance();
      },
      onWrong: (link, error) => this.#quarantine(link.runner, error),
    });
    for (const runner of this.#runners) {
      if (!runner.isStopped) this.#transfer.dispatch({ type: 'source-expected', source: runner.id });
    }
    this.#setPhase(
      'downloading',
      `${facts.name} has ${facts.sizeBytes} bytes in ${this.#transfer.ledger.pieceCount} pieces`,
    );
    if (this.#userPaused) this.#transfer.dispatch({ type: 'pause' });
    if (store.replay !== undefined) void this.#checkEarlier();
  }

  /** The first to answer was wrong about the file: what it gave is thrown away. */
  #beginAnew(facts: FileFacts): void {
    this.#transfer?.close();
    this.#output.discard();
    this.#log.add({ type: 'notice', reason: `most sources hold a file of ${facts.sizeBytes} bytes: beginning anew` });
    this.#begin(facts);
  }

  /** Reads what an earlier run left, while new bytes already come in. */
  async #checkEarlier(): Promise<void> {
    const transfer = this.#transfer;
    if (transfer === undefined) return;
    this.#checkingEarlier = true;
    this.#resumedBytes = transfer.ledger.receivedBytes;
    try {
      const found = await this.#output.checkEarlier(this.#stopping.signal, () => undefined);
      if (this.#settled) return;
      let rejected = 0;
      for (const range of found.rejected) {
        rejected += range.end - range.start;
        transfer.refetch(range.start, range.end, undefined);
      }
      this.#resumedBytes -= rejected;
      const reason = `resumed ${this.#resumedBytes} bytes of an earlier run${rejected > 0 ? `; ${rejected} bytes were not as written down and are fetched again` : ''}`;
      this.#log.add({ type: 'notice', reason });
      this.#checkingEarlier = false;
      for (const piece of found.verifiedPieces)
        transfer.verifier.checkedEarlier(piece.index as PieceIndex, piece.sha256);
      for (let piece = 0; piece < transfer.ledger.pieceCount; piece += 1) {
        const index = piece as PieceIndex;
        if (transfer.ledger.pieceState(index) === 'complete' && !transfer.verifier.isPending(index))
          transfer.verifier.checkOnDisk(index);
      }
      this.#advance();
    } catch (error) {
      // Ending the download ends the check as well.
      if (!this.#settled) await this.#fail(asManygetError(error, 'io-failed'));
    }
  }

  #corrupt(piece: PieceIndex, sources: readonly SourceId[]): void {
    const names = sources.map((s) => this.#runners[s]?.source.label ?? 'an earlier run').join(' and ');
    const reason = `piece ${piece} from ${names} does not have the hash that the servers state: fetched again`;
    this.#log.add({ type: 'piece-corrupt', piece, sources: [...sources], reason });
    const runner = sources.length === 1 && sources[0] !== fromEarlierRun ? this.#runners[sources[0] ?? -1] : undefined;
    if (runner === undefined) return;
    runner.strikes += 1;
    runner.faults += 1;
    if (runner.strikes < strikesMax) return;
    this.#quarantine(
      runner,
      new ManygetError('content-differs', `${runner.source.label} sent ${runner.strikes} wrong pieces`),
    );
  }

  /** This source holds other bytes: it is left out, and what it gave unproved is fetched from others. */
  #quarantine(runner: SourceRunner, error: ManygetError): void {
    if (runner.isStopped) return;
    this.#stopRunner(runner, 'quarantined', error);
    this.#log.add({ type: 'source-quarantined', source: runner.id, code: error.code, reason: error.message });
    const delivered = this.#transfer?.ledger.deliveredBy(runner.id) ?? [];
    for (const run of delivered) this.#transfer?.refetch(run.start, run.end, runner.id);
    this.#checkSourcesLeft();
  }

  #stopRunner(runner: SourceRunner, state: 'quarantined' | 'removed' | 'closed', error: ManygetError): void {
    runner.stop(state, error);
    this.#transfer?.dispatch({ type: 'source-gone', source: runner.id });
  }

  #tick(): void {
    if (this.#settled) return;
    this.#ticks += 1;
    const nowMs = this.nowMs();
    const elapsedMs = nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    this.#transfer?.tick();
    for (const runner of this.#runners) runner.tick(elapsedMs);
    if (this.#ticks % flushEveryTicks === 0) this.#flush();
    if (this.#ticks % syncEveryTicks === 0) this.#syncSoon();
    this.#watchSpeed(elapsedMs);
    this.#watchSources(nowMs);
    if (!this.#mirrors.isSettled) this.#agree();
    const blockedMs = nowMs - (this.#blockedSinceMs ?? nowMs);
    if (blockedMs > (this.#options.giveUpAfterMs ?? defaultGiveUpMs)) {
      void this.#fail(
        new ManygetError('disk-full', `the disk stayed full for ${Math.round(blockedMs / 1000)} s: ${this.#note}`),
      );
    }
  }

  #flush(): void {
    if (this.#ticks % (flushEveryTicks * 5) === 0) this.#transfer?.noteProgress(this.#runners);
    this.#transfer?.flush();
  }

  #syncSoon(): void {
    if (this.#transfer === undefined || this.#transfer.isBlocked) return;
    this.#syncing ??= this.#output
      .sync()
      .catch((error: unknown) => this.#blocked(asManygetError(error, 'io-failed')))
      .finally(() => (this.#syncing = undefined));
  }

  /** A fast download hashes on a thread of its own. */
  #watchSpeed(elapsedMs: number): void {
    const arrived = this.#runners.reduce((sum, runner) => sum + runner.arrivedBytes, 0);
    const perSec = ((arrived - this.#arrivedAtTick) / Math.max(1, elapsedMs)) * 1000;
    this.#arrivedAtTick = arrived;
    if (perSec > hashThreadBytesPerSec && availableParallelism() > 1) this.#hasher.setThreads(1);
  }

  #watchSources(nowMs: number): void {
    if (this.#runners.some((runner) => runner.readyLinks > 0)) {
      this.#lastContactMs = nowMs;
      if (this.#phase === 'waiting') this.#setPhase('downloading', 'a source is back');
      return;
    }
    if (this.#phase === 'downloading') this.#setPhase('waiting', 'no source answers');
    const giveUpMs = this.#options.giveUpAfterMs ?? defaultGiveUpMs;
    const alone = nowMs - this.#lastContactMs;
    if (!this.#everReady && alone > Math.min(giveUpMs, firstContactMsMax))
      void this.#fail(noSourceError(this.#runners));
    else if (alone > giveUpMs) void this.#fail(silentSourcesError(this.#runners, alone));
  }

  /** Ends the download where no source is left that could bring anything. */
  #checkSourcesLeft(): void {
    if (this.#settled || this.#runners.some((runner) => !runner.isStopped)) return;
    const last = this.#runners.map((runner) => runner.lastError);
    if (last.every((error) => error?.code === 'not-found')) void this.#failWithList();
    else void this.#fail(noSourceError(this.#runners));
  }

  async #failWithList(): Promise<void> {
    const timeout = this.#options.connectTimeoutMs ?? defaultConnectMs;
    await this.#fail(await missingFileError(this.#runners, timeout));
  }

  #blocked(error: ManygetError): void {
    if (error.code !== 'disk-full') {
      void this.#fail(error);
      return;
    }
    this.#blockedSinceMs = this.nowMs();
    this.#setPhase('disk-full', error.message);
  }

  #unblocked(): void {
    this.#blockedSinceMs = undefined;
    if (this.#phase === 'disk-full') this.#setPhase('downloading', 'there is space on the disk again');
    this.#advance();
  }

  /** Something came to its end: perhaps everything did. */
  #advance(): void {
    const transfer = this.#transfer;
    if (transfer === undefined || this.#settled || this.#checkingEarlier || transfer.isBlocked) return;
    if (!transfer.ledger.isReceived) return;
    if (!transfer.ledger.isVerified) {
      if (!transfer.verifier.hasHashes && this.#phase === 'downloading') {
        this.#setPhase('finishing', 'all bytes are here; waiting for the servers to have their hashes');
      }
      return;
    }
    if (this.#mirrors.isSettled) void this.#finish();
  }

  async #finish(): Promise<void> {
    const transfer = this.#transfer;
    const facts = this.#facts;
    if (this.#settled || transfer === undefined || facts === undefined) return;
    this.#settle();
    try {
      const stated = this.#runners.find((r) => r.info?.contentId === facts.contentId && r.info?.sha256 !== undefined)
        ?.info?.sha256;
      this.#setPhase('finishing', 'all pieces are verified; syncing to the disk');
      transfer.close();
      await this.#syncing;
      const sha256 = await this.#output.finish(this.#hasher, { forced: this.#options.sha256 ?? false, stated });
      this.#elapsedMs = performance.now() - this.#startedAtMs;
      this.#setPhase('done', `${this.#output.path} is whole`);
      await this.#release();
      this.#resolve(makeReport(this.#view(), sha256));
    } catch (error) {
      this.#setPhase('failed', asManygetError(error).message);
      await this.#release();
      this.#reject(asManygetError(error, 'io-failed'));
    }
  }

  async #fail(error: ManygetError): Promise<void> {
    if (this.#settled) {
      await this.done.catch(() => undefined);
      return;
    }
    this.#settle();
    this.#transfer?.flush();
    this.#transfer?.close();
    await this.#syncing;
    const closing = await this.#output.abandon().catch((e: unknown) => asManygetError(e, 'io-failed'));
    if (closing !== undefined) this.#log.add({ type: 'notice', reason: closing.message });
    this.#setPhase('failed', error.message);
    this.#elapsedMs = performance.now() - this.#startedAtMs;
    await this.#release();
    this.#reject(error);
  }

  /** Nothing new begins: all connections end, and what they brought is booked. */
  #settle(): void {
    this.#settled = true;
    clearInterval(this.#ticker);
    this.#stopping.abort();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const error = new ManygetError('aborted', 'the download has ended');
    for (const runner of this.#runners) runner.stop('closed', error);
  }

  async #release(): Promise<void> {
    this.#log.end();
    await this.#hasher[Symbol.asyncDispose]();
  }

  readonly #onAbort = (): void => void this.cancel('cancelled by its caller');

  /** A fault of our own in a callback of a socket or a timer ends the download, not the process. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      void this.#fail(asManygetError(error));
    }
  }

  #view(): DownloadView {
    return {
      phase: this.#phase,
      note: this.#note,
      nowMs: this.nowMs(),
      outputPath: this.#output.path,
      facts: this.#facts,
      transfer: this.#transfer,
      runners: this.#runners,
      resumedBytes: this.#resumedBytes,
    };
  }

  #setPhase(phase: DownloadPhase, reason: string): void {
    this.#phase = phase;
    this.#note = reason;
    this.#log.add({ type: 'phase', phase, reason });
  }
}
