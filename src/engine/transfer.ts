import type { ByteRange } from '../base/byte-range.js';
import { asManygetError, ManygetError } from '../base/errors.js';
import type { HashAlgorithm } from '../base/hash-algorithm.js';
import type { ConnectionId, PieceIndex, SourceId } from '../base/ids.js';
import { Ledger } from '../core/ledger.js';
import { fromEarlierRun } from '../core/provenance.js';
import { Scheduler } from '../core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent, SegmentId } from '../core/scheduler-messages.js';
import type { Journal, JournalReplay } from '../store/journal.js';
import type { PartFile } from '../store/part-file.js';
import type { Means } from '../store/shared-means.js';
import { claimedRanges, otherVersionRanges } from './earlier-versions.js';
import type { EventLog } from './event-log.js';
import { Inlet } from './inlet.js';
import { JournalSources } from './journal-sources.js';
import type { Link, LinkInlet } from './link.js';
import { requestEvent } from './request-event.js';
import { Sink, type TransferMemory } from './sink.js';
import type { SourceRunner } from './source-runner.js';
import { StuckWatch } from './stuck-watch.js';
import { Verifier } from './verifier.js';

/** A connection that owes bytes and is silent for this long is ended; the source is tried again. */
const silenceMsMax = 4500;

interface TransferParts {
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  readonly verify: boolean;
  /** What the hashes of the pieces are made with. */
  readonly pieceAlgorithm: HashAlgorithm;
  readonly memory: TransferMemory;
  readonly part: PartFile;
  readonly journal: Journal;
  readonly replay: JournalReplay | undefined;
  readonly means: Means;
  readonly isReadBack: () => boolean;
  readonly connectionsPerSourceMax: number | undefined;
  readonly events: EventLog;
  readonly nowMs: () => number;
  readonly runner: (source: SourceId) => SourceRunner | undefined;
  /** Somebody may state piece hashes yet. */
  readonly mayHearHashes: () => boolean;
  /** The disk takes nothing more for now (`disk-full`), or at all. */
  readonly onBlocked: (error: ManygetError) => void;
  readonly onUnblocked: () => void;
  readonly onCorrupt: (piece: PieceIndex, sources: readonly SourceId[]) => void;
  /** Bytes from `start` on, or some of them, are missing again. */
  readonly onForgotten: (start: number) => void;
  /** Something was verified or received: perhaps all is done. */
  readonly onAdvance: () => void;
  readonly onFatal: (error: ManygetError) => void;
}

/**
 * The moving part of a download, from when the file's facts are known: carries out what the scheduler decides, and
 * takes what arrives to the disk.
 *
 * Invariant: the scheduler hears of every event in order, one at a time; what its commands cause at once waits.
 */
export class Transfer {
  readonly ledger: Ledger;
  readonly verifier: Verifier;
  readonly scheduler: Scheduler;
  readonly #parts: TransferParts;
  readonly sink: Sink;
  readonly #links = new Map<ConnectionId, Link>();
  readonly #waiting = new Set<Link>();
  /** Inlets of ended connections whose last bytes the disk has not taken yet. */
  readonly #orphans = new Map<LinkInlet, SourceId>();
  readonly #journalSources: JournalSources;
  readonly #versionsSeen = new Set<SourceId>();
  /** Pieces that were wrong when several sources had brought them: nobody can be told to be the one who did. */
  readonly #sharedInVain = new Set<PieceIndex>();
  readonly #queue: SchedulerEvent[] = [];
  #dispatching = false;
  #wakeAsked = false;
  readonly #stuckWatch = new StuckWatch();
  #paused = false;
  #hasBegun = false;
  #windowEnd = Infinity;
  #closed = false;

  constructor(parts: TransferParts) {
    this.#parts = parts;
    this.ledger = new Ledger(parts.sizeBytes, parts.pieceBytes);
    this.#journalSources = new JournalSources(parts.journal, parts.runner);
    const journalIndex = (source: SourceId): number => this.#journalSources.indexOf(source);
    this.verifier = new Verifier({
      on: parts.verify,
      algorithm: parts.pieceAlgorithm,
      ledger: this.ledger,
      journal: parts.journal,
      hasher: parts.means.hasher,
      partPath: parts.part.path,
      journalIndex,
      mayHearHashes: parts.mayHearHashes,
      onCorrupt: (piece, sources) => this.#corrupt(piece, sources),
      onVerified: parts.onAdvance,
      onError: parts.onFatal,
    });
    for (const range of claimedRanges(this.ledger, parts.replay)) {
      this.ledger.receive(range.start, range.end, fromEarlierRun);
    }
    const missing = this.ledger.missing(0, parts.sizeBytes);
    this.scheduler = new Scheduler({ ...parts, missing });
    this.sink = new Sink({
      ...parts,
      pool: parts.means.pool(parts.memory.poolBytesMax),
      hasher: parts.means.hasher,
      openBlocksBytesMax: parts.memory.openBlocksBytesMax,
      ledger: this.ledger,
      verifier: this.verifier,
      onRoom: () => this.#wakeSoon(),
      onWritten: (bytes, source) => parts.runner(source)?.wrote(bytes),
      onDuplicates: (bytes, source) => parts.runner(source)?.repeated(bytes),
      onLanded: parts.onAdvance,
      onDropped: (range, avoid) => this.dispatch({ type: 'refetch', range, avoid }),
      onFault: parts.onFatal,
      journalIndex,
    });
  }

  get isBlocked(): boolean {
    return this.sink.blocked !== undefined;
  }

  /** A connection may be used. */
  attach(link: Link): void {
    if (this.#links.has(link.id) || this.#closed) return;
    this.#links.set(link.id, link);
    this.sink.connections = this.#links.size;
    link.attach(new Inlet(this.sink, link.runner.id));
    this.#forgetOtherVersion(link.runner);
    const { id: connection, connectMs: rttMs } = link;
    const traits = link.info?.traits;
    this.dispatch({ type: 'connection-ready', connection, source: link.runner.id, rttMs, traits });
  }

  /** There is no room for bytes behind it before a reader has had some of those before it. */
  get windowEnd(): number {
    return this.#windowEnd;
  }

  /** A connection is gone; what it delivered is kept. */
  detach(link: Link): void {
    if (!this.#links.delete(link.id)) return;
    link.runner.noteFirstByte(this.scheduler.lane(link.id));
    this.sink.connections = this.#links.size;
    this.#waiting.delete(link);
    const inlet = link.inlet;
    if (inlet !== undefined && !this.#closed && !inlet.finishBlock()) this.#orphans.set(inlet, link.runner.id);
    this.dispatch({ type: 'connection-closed', connection: link.id });
    this.#parts.onAdvance();
  }

  /** Bytes of a segment came in. */
  progressed(link: Link, segment: SegmentId, position: number): void {
    // The very first bytes do not wait for a full block: what can be seen, and survives a kill, begins with them.
    if (!this.#hasBegun) link.inlet?.flush();
    this.#hasBegun = true;
    this.dispatch({ type: 'bytes', connection: link.id, segment, position });
  }

  segmentEnded(link: Link, segment: SegmentId, end: number): void {
    link.inlet?.flush();
    this.dispatch({ type: 'segment-ended', connection: link.id, segment, end });
    // Without work it needs no memory; with some, the block may go on where it stands. Where the segment that ended never
    // began, another one's bytes may be coming into it right now.
    if (!link.isReceiving && this.scheduler.lane(link.id)?.isIdle !== false) link.inlet?.finishBlock();
    this.#parts.onAdvance();
  }

  /** It stopped reading because there is no room. */
  full(link: Link): void {
    this.#waiting.add(link);
  }

  /** Asks for nothing more; what is on its way still lands. */
  pause(): void {
    this.#paused = true;
    this.dispatch({ type: 'pause' });
  }

  resume(): void {
    this.#paused = false;
    this.dispatch({ type: 'resume' });
  }

  /** Somebody reads from `byte` on; with `windowBytes`, nothing beyond them may be there before. */
  moveCursor(byte: number | undefined, windowBytes: number | undefined): void {
    // A piece has to be whole to be verified.
    const at = byte === undefined ? undefined : byte - (byte % this.ledger.pieceBytes);
    this.#windowEnd = at === undefined || windowBytes === undefined ? Infinity : at + windowBytes;
    this.dispatch({ type: 'cursor', at, aheadBytes: windowBytes });
  }

  /** Feeds one event to the scheduler, and carries out what it says. */
  dispatch(event: SchedulerEvent): void {
    this.#queue.push(event);
    if (this.#dispatching || this.#closed) return;
    this.#dispatching = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const command of this.scheduler.handle(next, this.#parts.nowMs())) this.#carryOut(command);
      }
    } finally {
      this.#dispatching = false;
    }
  }

  /** Time passes. `busy` is how much of it this process was at work, 0 to 1; who waits for room waits for it too. */
  tick(busy: number): void {
    for (const link of this.#links.values()) link.report();
    this.dispatch({ type: 'tick', busy: this.#waiting.size > 0 ? 1 : busy });
    const nowMs = this.#parts.nowMs();
    for (const link of [...this.#links.values()]) {
      const lane = this.scheduler.lane(link.id);
      link.runner.noteFirstByte(lane);
      const silentMs = lane?.silentMs(nowMs) ?? 0;
      if (silentMs < silenceMsMax || link.isWaitingForRoom) continue;
      const text = `${link.runner.source.label} sent nothing for ${(silentMs / 1000).toFixed(1)} s`;
      link.close(new ManygetError('source-silent', text));
    }
  }

  /** Takes what is in memory to the part file, then the journal. Both survive the death of this process after that. */
  flush(): void {
    if (this.#closed) return;
    if (this.isBlocked) {
      this.#retryBlocked();
      return;
    }
    for (const link of this.#links.values()) link.inlet?.flushOld();
    this.#flushJournal();
    this.#unstick();
  }

  /** Has what is missing fetched where nobody is asked for it, whatever kept it from being so. */
  #unstick(): void {
    const isWaiting = this.#paused || this.scheduler.awaitsReader || this.sink.isWriting || this.#orphans.size > 0;
    const canGoOn = !isWaiting && this.#links.size > 0 && !this.ledger.isReceived;
    const ordersOut = canGoOn ? this.scheduler.inFlight().length : 0;
    if (!this.#stuckWatch.isStuck(this.#parts.nowMs(), canGoOn, ordersOut)) return;
    const missing = this.ledger.missing(0, Math.min(this.#windowEnd, this.ledger.sizeBytes));
    const bytes = missing.reduce((sum, range) => sum + range.end - range.start, 0);
    const reason = `${bytes} bytes were missing and nobody was asked for them: asking anew`;
    this.#parts.events.add({ type: 'notice', reason });
    if (this.scheduler.freeBytes === 0) {
      for (const range of missing) this.dispatch({ type: 'refetch', range, avoid: undefined });
      return;
    }
    // There is work, and no connection that takes any: new ones will.
    for (const link of [...this.#links.values()]) link.close(new ManygetError('source-silent', reason));
  }

  /** Has `run` sync what is written. A disk that is full is waited for, as where a write finds it so. */
  async sync(run: () => Promise<void>): Promise<void> {
    if (this.#closed || this.isBlocked) return;
    try {
      await run();
    } catch (error) {
      // Whoever took its place, or ends it, has a disk of his own to hear from.
      if (this.#closed) return;
      const fault = asManygetError(error, 'io-failed');
      if (this.#parts.part.isSpoilt) this.#parts.onFatal(fault);
      else this.sink.block(fault);
    }
  }

  /** Bytes [start, end) cannot be trusted: fetch them again. */
  refetch(start: number, end: number, avoid: SourceId | undefined): void {
    for (const range of this.ledger.forget(start, end)) {
      this.#parts.onForgotten(range.start);
      this.verifier.forget(this.ledger.pieceAt(range.start), this.ledger.pieceAt(range.end - 1));
      this.#parts.journal.append({ type: 'forget', start: range.start, end: range.end });
      this.dispatch({ type: 'refetch', range, avoid });
    }
  }

  /** What this source delivered cannot be trusted: fetch it again elsewhere. */
  distrust(source: SourceId): void {
    this.sink.dropWrites(source);
    for (const [orphan, owner] of this.#orphans) if (owner === source) this.#drop(orphan, source);
    for (const run of this.ledger.deliveredBy(source)) this.refetch(run.start, run.end, source);
  }

  #drop(orphan: LinkInlet, source: SourceId): void {
    this.#orphans.delete(orphan);
    const range = orphan.drop?.();
    if (range !== undefined) this.dispatch({ type: 'refetch', range, avoid: source });
  }

  /** What an earlier run got from this source when it held another version is fetched again, once. */
  #forgetOtherVersion(runner: SourceRunner): void {
    const { replay, events } = this.#parts;
    if (replay === undefined || this.#versionsSeen.has(runner.id)) return;
    this.#versionsSeen.add(runner.id);
    const pieceRange = (piece: number): ByteRange => this.ledger.pieceRange(piece as PieceIndex);
    const ranges = otherVersionRanges(replay, runner.source.url, runner.info?.version, pieceRange);
    if (ranges.length === 0) return;
    const reason = `${runner.source.label} holds another version now: what an earlier run got from it is fetched again`;
    events.add({ type: 'notice', reason });
    for (const { start, end } of ranges) {
      for (const run of this.ledger.runs(start, end)) {
        if (run.source === fromEarlierRun) this.refetch(run.start, run.end, undefined);
      }
    }
  }

  /** Writes down who fetches what and how fast, for the record. */
  noteProgress(runners: Iterable<SourceRunner>): void {
    this.#journalSources.note(this.scheduler.inFlight(), runners);
  }

  /** Stops taking bytes. What is in memory is written first, where the disk takes it. */
  close(): void {
    if (this.#closed) return;
    for (const link of this.#links.values()) link.inlet?.flush();
    this.flush();
    this.#closed = true;
  }

  /** Books nothing more, and writes nothing: another transfer takes the place of this one. */
  discard(): void {
    this.#closed = true;
    this.verifier.close();
    this.sink.dropWrites(undefined);
    this.sink.end();
    // What they were asked for is on its way, and must not land in what comes next.
    for (const link of this.#links.values()) link.giveUp();
  }

  #carryOut(command: SchedulerCommand): void {
    switch (command.type) {
      case 'request':
        this.#links.get(command.connection)?.request(command.segment, command.start, command.end);
        this.#parts.events.add(requestEvent(command));
        return;
      case 'trim':
        this.#links.get(command.connection)?.trim(command.segment, command.end);
        return;
      case 'probe':
        this.#links.get(command.connection)?.ping();
        return;
      case 'open':
        this.#parts.events.add({ type: 'connection-opening', source: command.source, reason: command.reason });
        this.#parts.runner(command.source)?.open();
        return;
      case 'close':
        this.#links.get(command.connection)?.retire(command.reason);
        return;
    }
  }

  #corrupt(piece: PieceIndex, sources: readonly SourceId[]): void {
    const range = this.ledger.pieceRange(piece);
    this.#parts.onForgotten(range.start);
    this.#parts.onCorrupt(piece, sources);
    const alone = sources.length > 1 && this.#sharedInVain.has(piece);
    if (sources.length > 1) this.#sharedInVain.add(piece);
    this.dispatch({ type: 'refetch', range, avoid: sources.find((s) => s !== fromEarlierRun), alone });
  }

  #flushJournal(): void {
    try {
      this.#parts.journal.flush();
    } catch (error) {
      this.sink.block(asManygetError(error, 'io-failed', 'journal'));
    }
  }

  #retryBlocked(): void {
    const written = this.sink.retry(() => {
      for (const orphan of this.#orphans.keys()) {
        if (!orphan.finishBlock()) return false;
        this.#orphans.delete(orphan);
      }
      for (const link of this.#links.values()) if (link.inlet?.flush() === false) return false;
      this.#parts.journal.flush();
      return true;
    });
    if (written) this.#parts.onUnblocked();
  }

  /** Lets those go on that wait for room, in the order in which they stopped, once the present call is done. */
  #wakeSoon(): void {
    if (this.#wakeAsked || this.#waiting.size === 0) return;
    this.#wakeAsked = true;
    queueMicrotask(() => {
      this.#wakeAsked = false;
      for (const link of [...this.#waiting]) {
        this.#waiting.delete(link);
        link.wake();
      }
    });
  }
}
