import { asManygetError, type ErrorCode, type ManygetError } from '../base/errors.js';
import type { DownloadOptions } from '../base/download-handle.js';
import type { DownloadPhase } from '../base/snapshot.js';
import type { SchedulerEvent, SegmentId } from '../core/scheduler-messages.js';
import type { SourceInfo } from '../sources/source.js';
import type { Means } from '../store/shared-means.js';
import { DiskPatience } from './disk-patience.js';
import type { DownloadOutput } from './download-output.js';
import { EarlierCheck } from './earlier-run.js';
import type { EventLog } from './event-log.js';
import { HashList } from './hash-list.js';
import type { Link, LinkEvents } from './link.js';
import type { ManifestFacts } from './manifest-facts.js';
import { MirrorProof } from './mirror-proof.js';
import { NobodyLeft } from './nobody-left.js';
import type { FileFacts } from './resume-state.js';
import { SourcePool } from './source-pool.js';
import type { SourceRunner } from './source-runner.js';
import { Transfer } from './transfer.js';
import { trustedUntil } from './trusted-bytes.js';
import { WrongBytes } from './wrong-bytes.js';

interface AssemblyParts {
  readonly options: DownloadOptions;
  readonly manifest: ManifestFacts;
  readonly output: DownloadOutput;
  readonly log: EventLog;
  readonly means: Means;
  readonly isReadBack: () => boolean;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly onPhase: (phase: DownloadPhase, reason: string, code: ErrorCode | undefined) => void;
  /** More about the file is on its way, and worth waiting for before anything begins. */
  readonly isHeldUp: (good: readonly SourceRunner[], sizeBytes: number) => boolean;
  /** The file's name is settled: the output can be opened. */
  readonly onName: (fileName: string) => void;
  /** Bytes from `start` on, or some of them, are missing again. */
  readonly onForgotten: (start: number) => void;
  /** A transfer has begun, and knows of no source yet. */
  readonly onBegun: () => void;
  /** More may be known of some bytes. */
  readonly onChange: () => void;
  /** All bytes are in the file, and right. May be called more than once, and in the middle of something. */
  readonly onWhole: () => void;
  readonly onFail: (error: ManygetError) => void;
}

/**
 * Puts the file together: joins the sources that agree to the transfer, leaves out those that do not, has wrong
 * pieces fetched again. Leaves bytes to `Transfer`, files to `OutputState`, agreement to `Mirrors`, and when to begin
 * and to end to `Download`.
 */
export class Assembly implements LinkEvents {
  readonly pool: SourcePool;
  readonly wrong: WrongBytes;
  /** How the bytes were compared, and can be, where no piece has a hash. */
  readonly proof: MirrorProof;
  readonly #parts: AssemblyParts;
  readonly #stopping = new AbortController();
  #transfer: Transfer | undefined;
  #facts: FileFacts | undefined;
  #hashList: HashList | undefined;
  #phase: DownloadPhase = 'connecting';
  #paused = false;
  readonly #earlier = new EarlierCheck();
  readonly #patience: DiskPatience;
  readonly #nobodyLeft: NobodyLeft;
  #closed = false;

  constructor(parts: AssemblyParts) {
    this.#parts = parts;
    this.#patience = new DiskPatience(parts.nowMs);
    this.pool = new SourcePool({
      options: parts.options,
      log: parts.log,
      links: this,
      nowMs: parts.nowMs,
      random: parts.random,
      onExpected: (runner) => this.#expect(runner),
      onGone: (source) => this.#transfer?.dispatch({ type: 'source-gone', source }),
    });
    this.#nobodyLeft = new NobodyLeft(this.pool, parts.onFail);
    this.wrong = new WrongBytes({
      pool: this.pool,
      log: parts.log,
      transfer: () => this.#transfer,
      replay: () => parts.output.earlier?.replay,
      byManifest: parts.manifest.pieces !== undefined,
      onForgotten: (start, end) => this.proof.forget(start, end),
      onLess: this.#afterLoss,
    });
    this.proof = new MirrorProof({
      options: parts.options,
      keepsFile: parts.output.windowBytes === undefined,
      endIsKnown: Object.keys(parts.manifest.hashes).length > 0,
      pool: this.pool,
      wrong: () => this.wrong,
      random: parts.random,
      nowMs: parts.nowMs,
      onFail: parts.onFail,
      onSettled: this.#afterLoss,
    });
  }

  /** Undefined until a source has said what the file is. */
  get transfer(): Transfer | undefined {
    return this.#transfer;
  }

  get facts(): FileFacts | undefined {
    return this.#facts;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get phase(): DownloadPhase {
    return this.#phase;
  }

  /** Bytes of an earlier run that are used. */
  get resumedBytes(): number {
    return this.#earlier.resumedBytes;
  }

  /** Up to where bytes from `from` on are there and may be handed out, `max` at most. */
  readableUntil(from: number, max: number): number {
    if (this.#transfer === undefined) return from;
    const { ledger, verifier } = this.#transfer;
    const judged = verifier.isOn && (verifier.hasHashes || this.pool.awaitsHashes);
    const settled = this.pool.mirrors.isSettled && !this.#earlier.isRunning;
    const trust = this.#parts.output.windowBytes !== undefined && verifier.hashesNow ? 'hashed' : 'received';
    const until = judged ? 'verified' : settled ? trust : 'nothing';
    return trustedUntil(ledger, until, from, max, (piece) => verifier.isBeingHashed(piece));
  }

  /** Every piece has the hash that the servers state. */
  get isProved(): boolean {
    return this.#transfer?.ledger.isVerified === true;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transfer?.pause();
    this.setPhase('paused', 'paused by the user');
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const isUnderWay = this.#transfer !== undefined || this.pool.isStreaming;
    this.setPhase(isUnderWay ? 'downloading' : 'connecting', 'resumed by the user');
    this.#transfer?.resume();
  }

  /** Time passes. Returns the error with which the download has to end, where patience has. */
  tick(nowMs: number, elapsedMs: number, busy: number): ManygetError | undefined {
    this.#transfer?.tick(busy);
    this.#hashList?.tick(nowMs);
    if (this.#transfer !== undefined && this.pool.givesUpOnHashes(nowMs, this.#transfer)) this.#advance();
    if (!this.#paused && !this.#earlier.isRunning) this.proof.tick(busy);
    const error = this.pool.tick(nowMs, elapsedMs, this.#paused) ?? this.#patience.error(this.pool.giveUpMs);
    if (error !== undefined) return error;
    if (this.#phase === 'waiting' && this.pool.hasContact) this.setPhase('downloading', 'a source is back');
    if (this.#phase === 'downloading' && !this.pool.hasContact) this.setPhase('waiting', 'no source answers');
    // Waiting for hashes has its own patience, which nobody's word may end.
    const { mirrors, hashesArePromised: isOpen } = this.pool;
    if (isOpen || !mirrors.isSettled || this.#facts?.contentId === undefined) this.agree();
    return undefined;
  }

  /** Ends all connections, with what they brought booked and written. */
  close(): void {
    this.#closed = true;
    this.#stopping.abort();
    this.proof.close();
    this.pool.close();
    this.#transfer?.close();
  }

  setPhase(phase: DownloadPhase, reason: string, code?: ErrorCode): void {
    this.#phase = phase;
    this.#parts.onPhase(phase, reason, code);
  }

  /** The disk takes no more bytes: waits where it is full, ends where it is broken. */
  blocked(error: ManygetError): void {
    if (error.code !== 'disk-full') {
      this.#parts.onFail(error);
      return;
    }
    this.#patience.full();
    this.setPhase('disk-full', error.message, error.code);
  }

  ready(link: Link): void {
    this.#guard(() => this.pool.ready(link));
    this.agree();
  }

  infoChanged(link: Link, info: SourceInfo): void {
    this.pool.infoChanged(link, info);
    this.agree();
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

  noticed(event: SchedulerEvent): void {
    this.#guard(() => this.#transfer?.dispatch(event));
  }

  full(link: Link): void {
    this.#transfer?.full(link);
  }

  closed(link: Link, error: ManygetError): void {
    this.#guard(() => {
      this.#transfer?.detach(link);
      this.#hashList?.lost(link);
      this.pool.lost(link, error);
      if (this.#closed) return;
      this.agree();
      this.checkSourcesLeft();
    });
  }

  /** Looks at what the sources say, begins where they agree, and leaves out those that differ. */
  agree(): void {
    this.#guard(() => this.#agree());
  }

  /** Ends the download where no source is left that could bring anything. */
  checkSourcesLeft(): void {
    if (!this.#closed) this.#nobodyLeft.check();
  }

  #agree(): void {
    if (this.#closed) return;
    if (!this.#parts.output.isOpen) {
      const name = this.pool.fileName(this.#parts.nowMs());
      if (name === undefined) return;
      this.#parts.onName(name);
    }
    const { manifest } = this.#parts;
    for (const { runner, error } of manifest.misfits(this.pool.runners)) this.wrong.quarantine(runner, error);
    const verdict = this.pool.mirrors.judge(this.#parts.nowMs(), this.#facts);
    if (verdict.kind === 'disagree') this.#parts.onFail(verdict.error);
    if (verdict.kind !== 'agree') return;
    for (const { runner, error } of verdict.odd) this.wrong.quarantine(runner, error);
    if (this.#parts.isHeldUp(verdict.good, verdict.facts.sizeBytes) && this.#facts === undefined) return;
    const facts = manifest.correct(verdict.facts);
    if (this.#closed) return;
    const anew = manifest.whyAnew(this.#facts, facts, this.#transfer?.verifier.algorithm);
    if (this.#facts === undefined) this.#begin(facts);
    else if (anew !== undefined) this.#beginAnew(facts, anew);
    if (this.#closed) return;
    if (facts.contentId !== undefined) {
      this.#facts = facts;
      this.#parts.output.noteContent(facts.contentId);
    }
    for (const runner of verdict.good) {
      for (const link of runner.links) {
        if (link.info === undefined || link.isClosed || link.isRetired) continue;
        this.#transfer?.attach(link);
        if (this.#transfer?.verifier.hasHashes === true) continue;
        if (link.info.contentId === this.#facts?.contentId) this.#hashList?.offer(link);
      }
    }
    if (manifest.pieces !== undefined) this.#transfer?.verifier.expect(manifest.pieces.digests);
    this.#advance();
  }

  #begin(facts: FileFacts): void {
    const { pieces } = this.#parts.manifest;
    const store = this.#parts.output.begin(facts);
    this.#facts = facts;
    this.#transfer = new Transfer({
      ...this.#parts,
      sizeBytes: facts.sizeBytes,
      pieceBytes: facts.pieceBytes,
      verify: this.#parts.options.verify ?? true,
      pieceAlgorithm: pieces?.algorithm ?? 'sha256',
      memory: this.#parts.output.memory,
      part: store.part,
      journal: store.journal,
      replay: store.replay,
      events: this.#parts.log,
      connectionsPerSourceMax: this.#parts.options.connectionsPerSourceMax,
      runner: (source) => this.pool.runners[source],
      mayHearHashes: () => this.pool.mayHearHashes,
      onBlocked: (error) => this.blocked(error),
      onUnblocked: () => this.#unblocked(),
      onCorrupt: (piece, sources) => this.wrong.corrupt(piece, sources),
      onAdvance: () => this.#advance(),
      onFatal: (error) => this.#parts.onFail(error),
    });
    this.proof.begin(this.#transfer, store.part);
    this.#hashList = new HashList({
      sizeBytes: facts.sizeBytes,
      pieceBytes: facts.pieceBytes,
      onHashes: (link, hashes) => {
        const reason = `${hashes.length / 32} piece hashes from ${link.runner.source.label}`;
        this.#parts.log.add({ type: 'hashes-known', source: link.runner.id, reason });
        this.#transfer?.verifier.setExpected(hashes);
        this.#advance();
      },
      onWrong: (link, error) => this.wrong.quarantine(link.runner, error),
    });
    if (pieces !== undefined) this.#transfer.verifier.setExpected(pieces.digests);
    this.#parts.onBegun();
    for (const runner of this.pool.runners) if (!runner.isStopped) this.#expect(runner);
    const { pieceCount } = this.#transfer.ledger;
    this.setPhase('downloading', `${facts.name} has ${facts.sizeBytes} bytes in ${pieceCount} pieces`);
    if (this.#paused) this.#transfer.pause();
    if (store.replay !== undefined) void this.#checkEarlier(this.#transfer);
  }

  #expect(runner: SourceRunner): void {
    for (const event of runner.announcement) this.#transfer?.dispatch(event);
  }

  /** What was said of the file at first was wrong: what came is thrown away. */
  #beginAnew(facts: FileFacts, why: string): void {
    this.#transfer?.discard();
    this.#parts.output.discard(facts);
    this.#patience.hasRoom();
    this.#parts.onForgotten(0);
    this.#parts.log.add({ type: 'notice', reason: `${why}: beginning anew` });
    this.#begin(facts);
  }

  async #checkEarlier(transfer: Transfer): Promise<void> {
    try {
      const reason = await this.#earlier.run(transfer, this.#parts.output, this.#stopping.signal);
      if (this.#closed) return;
      this.#parts.log.add({ type: 'notice', reason });
      this.#advance();
    } catch (error) {
      if (!this.#closed) this.#parts.onFail(asManygetError(error, 'io-failed'));
    }
  }

  readonly #afterLoss = (): void => {
    this.checkSourcesLeft();
    this.#guard(() => this.#advance());
  };

  #unblocked(): void {
    this.#patience.hasRoom();
    if (this.#phase === 'disk-full') this.setPhase('downloading', 'there is space on the disk again');
    this.#advance();
  }

  /** Something came to its end: perhaps everything did. */
  #advance(): void {
    const transfer = this.#transfer;
    if (transfer === undefined || this.#closed || this.#earlier.isRunning || transfer.isBlocked) return;
    this.#parts.onChange();
    if (!transfer.ledger.isReceived || this.wrong.isActing) return;
    const { ledger, verifier } = transfer;
    // Without anybody to state hashes there is nothing to hold the pieces against.
    const unproved = !verifier.isOn || (!verifier.hasHashes && !this.pool.awaitsHashes);
    if (ledger.isVerified || (unproved && ledger.verifiedPieces + verifier.unjudgedPieces === ledger.pieceCount)) {
      if (!this.pool.mirrors.isSettled) return;
      if (!this.proof.isUndecided()) this.#parts.onWhole();
    } else if (!unproved && !verifier.hasHashes && this.#phase === 'downloading') {
      this.setPhase('finishing', 'all bytes are here; waiting for the servers to have their hashes');
    }
  }

  /** A fault of our own in a callback of a socket or a timer ends the download, not the process. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#parts.onFail(asManygetError(error));
    }
  }
}
