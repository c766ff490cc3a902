import { asManygetError, ManygetError } from '../base/errors.js';
import type { DownloadEvent } from '../base/events.js';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import type { DownloadReader, ReaderOptions } from '../base/download-reader.js';
import type { DownloadReport, DownloadSnapshot, MapCell } from '../base/snapshot.js';
import type { SourceRule } from '../base/source-rule.js';
import type { LearnedAddress, Source } from '../sources/source.js';
import { meansOf, type Means, type MeansShare } from '../store/shared-means.js';
import { Assembly } from './assembly.js';
import { BusyMeter } from './busy-meter.js';
import { EventLog } from './event-log.js';
import { LiveControl } from './live-control.js';
import { ManifestCheck } from './manifest-check.js';
import { ManifestFacts } from './manifest-facts.js';
import type { DownloadOutput } from './download-output.js';
import { Published, type FetchManifest } from './published.js';
import { Readers } from './readers.js';
import { Streaming } from './streaming.js';
import { SyncLoop } from './sync-loop.js';
import { WholeProof } from './whole-proof.js';
import { makeMap, makeReport, makeSnapshot, type DownloadView } from './views.js';

const tickMs = 50;
/** Received data is on its way to the disk for this long at the most: what a kill -9 costs. */
const flushEveryTicks = 4;

interface DownloadParts {
  readonly options: DownloadOptions;
  readonly makeSource: (url: string, learned?: LearnedAddress) => Source;
  readonly fetchManifest: FetchManifest;
  readonly output: DownloadOutput;
  readonly random: () => number;
  readonly shared?: MeansShare | undefined;
}

/**
 * One download's life: begins it, gives it time, and ends it, well or not, exactly once. How the file comes together
 * is the assembly's.
 */
export class Download implements DownloadHandle {
  readonly done: Promise<DownloadReport>;
  readonly #options: DownloadOptions;
  readonly #parts: DownloadParts;
  readonly #output: DownloadOutput;
  readonly #startedAtMs = performance.now();
  readonly #log = new EventLog(() => this.#nowMs());
  readonly #means: Means;
  readonly #assembly: Assembly;
  readonly #control: LiveControl;
  readonly #streaming: Streaming;
  readonly #readers: Readers;
  readonly #check: ManifestCheck;
  readonly #proof: WholeProof;
  readonly #published: Published;
  readonly #busyMeter = new BusyMeter();
  readonly #syncs = new SyncLoop(async () => this.#assembly.transfer?.sync(() => this.#output.sync()));
  #ticker: NodeJS.Timeout | undefined;
  #ticks = 0;
  #note = '';
  #lastTickMs = 0;
  #arrivedAtTick = 0;
  #ending = false;
  #elapsedMs: number | undefined;
  #settle!: { resolve: (report: DownloadReport) => void; reject: (error: ManygetError) => void };

  constructor(parts: DownloadParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#output = parts.output;
    const manifest = new ManifestFacts(parts.options.manifest);
    this.#means = meansOf(parts.shared, parts.output.hashDisk);
    // What goes by in order is held against them as it does.
    this.#check = new ManifestCheck(parts.output.windowBytes === undefined ? manifest.hashes : {});
    this.#assembly = this.#makeAssembly(manifest);
    this.#proof = new WholeProof({
      check: this.#check,
      assembly: this.#assembly,
      output: parts.output,
      hasher: this.#means.hasher,
      log: this.#log,
      streamed: () => this.#streaming.facts,
      onFail: (error) => void this.#fail(error),
    });
    this.#readers = new Readers({
      output: parts.output,
      sizeBytes: () => (this.#streaming.facts ?? this.#assembly.facts)?.sizeBytes,
      readableUntil: (from, max) => this.#readableUntil(from, max),
      onCursor: (at) => this.#assembly.transfer?.moveCursor(at, parts.output.windowBytes),
      onLeft: () => void this.cancel('left by its reader'),
    });
    this.#control = new LiveControl({
      options: parts.options,
      makeSource: parts.makeSource,
      pool: this.#assembly.pool,
      log: this.#log,
      nowMs: () => this.#nowMs(),
      transfer: () => this.#assembly.transfer,
      onFewer: () => this.#assembly.checkSourcesLeft(),
    });
    this.#streaming = new Streaming({
      options: parts.options,
      assembly: this.#assembly,
      output: parts.output,
      openOutput: (fileName) => this.#openOutput(fileName),
      onWhole: () => void this.#finish(),
      onFail: (error) => void this.#fail(error),
    });
    const [check, assembly, log, control] = [this.#check, this.#assembly, this.#log, this.#control];
    this.#published = new Published({ ...parts, manifest, check, assembly, log, control, nowMs: () => this.#nowMs() });
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.done.catch(() => undefined); // Whoever only listens to events need not handle the promise as well.
  }

  start(): void {
    const { signal } = this.#options;
    try {
      if (signal?.aborted === true) {
        throw new ManygetError('aborted', 'the download was cancelled before it began', { cause: signal.reason });
      }
      const sources = this.#options.sources.map((url) => this.#parts.makeSource(url));
      const [first] = sources;
      if (first?.mayBeRenamed !== true || !this.#output.waitsForName) this.#openOutput(first?.fileName ?? '');
      this.#control.begin(sources);
      this.#ticker = setInterval(() => this.#tick(), tickMs);
      signal?.addEventListener('abort', this.#onAbort, { once: true });
    } catch (error) {
      void this.#fail(asManygetError(error));
    }
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
    return makeMap(this.#assembly.transfer, cells);
  }

  pieceStates(): Uint8Array | undefined {
    return this.#assembly.transfer?.ledger.pieceStates;
  }

  createReader(options: ReaderOptions = {}): DownloadReader {
    return this.#readers.open(options);
  }

  sizeKnown(signal?: AbortSignal): Promise<number> {
    return this.#readers.sizeKnown(signal);
  }

  pause(): void {
    if (!this.#ending) this.#assembly.pause();
  }

  resume(): void {
    if (this.#ending) return;
    this.#assembly.resume();
    this.#streaming.wake();
  }

  addSource(url: string, rule: Omit<SourceRule, 'match'> = {}): number {
    return this.#ending ? -1 : this.#control.addSource(url, rule);
  }

  removeSource(id: number): void {
    if (!this.#ending) this.#control.removeSource(id);
  }

  disableSource(id: number): void {
    if (!this.#ending) this.#control.disableSource(id);
  }

  enableSource(id: number): void {
    if (!this.#ending) this.#control.enableSource(id);
  }

  setLimitRate(bytesPerSec: number | undefined): void {
    this.#control.setLimitRate(bytesPerSec);
  }

  setSourceLimit(id: number, bytesPerSec: number | undefined): void {
    this.#control.setSourceLimit(id, bytesPerSec);
  }

  setSourceTier(id: number, tier: number): void {
    this.#control.setSourceTier(id, tier);
  }

  async cancel(reason = 'cancelled', cause?: unknown): Promise<void> {
    // A check of the whole file may take long: nobody has to wait for it.
    if (this.#ending) await this.#check[Symbol.asyncDispose]();
    const kept = this.#output.windowBytes === undefined ? '; its state is kept' : '';
    const error = new ManygetError('aborted', `the download was ${reason}${kept}`, { cause });
    this.#output.interrupt(error);
    await this.#fail(error);
  }

  #makeAssembly(manifest: ManifestFacts): Assembly {
    return new Assembly({
      ...this.#parts,
      manifest,
      log: this.#log,
      means: this.#means,
      isReadBack: () => this.#readsBack,
      nowMs: () => this.#nowMs(),
      onPhase: (phase, reason, code) => {
        this.#note = reason;
        this.#log.add({ type: 'phase', phase, code, reason });
      },
      onForgotten: (start) => this.#forgotten(start),
      onBegun: () => this.#readers.retell(),
      onChange: () => this.#readers.wake(),
      // The last byte's own call is still under way: the end waits until it is through.
      onWhole: () => queueMicrotask(() => void this.#finish()),
      isHeldUp: (good, sizeBytes) => this.#published.isPending(good, sizeBytes),
      onName: (fileName) => this.#openOutput(fileName),
      onFail: (error) => void this.#fail(error),
    });
  }

  #openOutput(fileName: string): void {
    this.#output.open(fileName, (reason) => this.#log.add({ type: 'notice', reason }));
    if (this.#output.earlier !== undefined) this.#assembly.pool.mirrors.prefer(this.#output.earlier.replay);
  }

  /** Milliseconds since the start; stands still once the download has ended. */
  #nowMs(): number {
    return this.#elapsedMs ?? performance.now() - this.#startedAtMs;
  }

  #tick(): void {
    if (this.#ending) return;
    this.#ticks += 1;
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    try {
      this.#control.tick(this.#assembly.isPaused);
      this.#readers.wake();
      if (this.#streaming.tick(nowMs)) {
        this.#assembly.pool.tick(nowMs, elapsedMs, this.#assembly.isPaused);
        if (this.#ticks % flushEveryTicks === 0) this.#streaming.flush();
        this.#streaming.wake();
        return;
      }
      const error = this.#assembly.tick(nowMs, elapsedMs, this.#busyMeter.sample(elapsedMs / tickMs));
      if (error !== undefined) {
        void this.#fail(error);
        return;
      }
      if (this.#ticks % flushEveryTicks === 0) this.#flush();
      const { transfer, pool } = this.#assembly;
      // The hash of the whole file is computed behind what has come without a gap. Which one, a manifest may say yet.
      if (transfer !== undefined && !pool.hashesArePromised)
        this.#check.follow(this.#output.partPath, transfer.ledger.prefixBytes);
      this.#syncs.tick(nowMs, this.#watchSpeed(elapsedMs));
      if (this.#assembly.proof.takeWait()) this.#syncs.soon();
    } catch (error) {
      void this.#fail(asManygetError(error));
    }
  }

  #readableUntil(from: number, max: number): number {
    if (this.#assembly.transfer !== undefined) return this.#assembly.readableUntil(from, max);
    return Math.max(from, Math.min(max, this.#streaming.writtenBytes));
  }

  #forgotten(start: number): void {
    this.#check.forget(start);
    this.#proof.forgotten();
    const { handedOutBytes } = this.#output;
    if (start >= handedOutBytes) return;
    const text = `a source proved to hold other bytes, of which ${handedOutBytes - start} at least were handed out already`;
    void this.#fail(new ManygetError('verification-failed', `${text}: do not use them`));
  }

  /** Somebody reads the file as it is on the disk. Hashes of all pieces make that of the whole needless. */
  get #readsBack(): boolean {
    return this.#options.sha256 === true || (this.#check.isWanted && !this.#assembly.pool.hashesArePromised);
  }

  #flush(): void {
    const { transfer, pool } = this.#assembly;
    if (this.#ticks % (flushEveryTicks * 5) === 0) transfer?.noteProgress(pool.runners);
    transfer?.flush();
  }

  /** A fast download hashes on a thread of its own. Returns the time that is left at the speed of now. */
  #watchSpeed(elapsedMs: number): number {
    const { transfer } = this.#assembly;
    const arrived = this.#assembly.pool.arrivedBytes;
    const perSec = ((arrived - this.#arrivedAtTick) / Math.max(1, elapsedMs)) * 1000;
    this.#arrivedAtTick = arrived;
    transfer?.sink.noteSpeed(perSec);
    const left = transfer === undefined ? Infinity : transfer.ledger.sizeBytes - transfer.ledger.receivedBytes;
    return (left / Math.max(1, perSec)) * 1000;
  }

  async #finish(): Promise<void> {
    if (this.#ending) return;
    const proof = await this.#proof.prove();
    // Wholeness may be told more than once, and the first to hear of it is through by now.
    if (proof === undefined || this.#ending) return;
    this.#end();
    try {
      const { isProved, pool, facts } = this.#assembly;
      const stated = this.#check.isWanted && !isProved ? undefined : pool.statedSha256(facts?.contentId);
      const what = isProved ? 'all pieces are verified' : 'all bytes are here';
      const compared = this.#assembly.proof.summary;
      if (compared !== undefined) this.#log.add({ type: 'notice', reason: compared });
      const next = this.#output.windowBytes === undefined ? 'syncing to the disk' : 'the last of them are being read';
      this.#assembly.setPhase('finishing', `${what}; ${next}`);
      this.#readers.wake();
      await this.#assembly.transfer?.sink.drained();
      await this.#syncs.idle;
      const forced = this.#options.sha256 ?? false;
      const digest = await this.#output.finish(this.#means.hasher, { forced, stated, computed: proof.sha256 });
      this.#elapsedMs = this.#nowMs();
      const isFile = this.#output.windowBytes === undefined;
      this.#assembly.setPhase('done', isFile ? `${this.#output.path} is whole` : 'all of it was read');
      this.#readers.end();
      await this.#release();
      this.#settle.resolve(makeReport(this.#view(), digest, proof.names));
    } catch (error) {
      await this.#leave(asManygetError(error, 'io-failed'));
    }
  }

  async #fail(error: ManygetError): Promise<void> {
    if (this.#ending) {
      await this.done.catch(() => undefined);
      return;
    }
    this.#end();
    await this.#assembly.transfer?.sink.drained();
    await this.#syncs.idle;
    await this.#leave(error);
  }

  /** Nothing new begins: all connections end, and what they brought is booked. */
  #end(): void {
    this.#ending = true;
    this.#proof.stop();
    clearInterval(this.#ticker);
    // The time since the last tick counts as well: a short download has had none.
    for (const runner of this.#assembly.pool.runners) runner.tick(this.#nowMs() - this.#lastTickMs);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#published.close();
    this.#assembly.close();
  }

  /** Ends without a finished file; its state stays for a later run. */
  async #leave(error: ManygetError): Promise<void> {
    this.#assembly.transfer?.verifier.close();
    const fault = await this.#output.abandon().then(
      () => undefined,
      (e: unknown) => asManygetError(e, 'io-failed'),
    );
    if (fault !== undefined) this.#log.add({ type: 'notice', reason: `the state may be incomplete: ${fault.message}` });
    this.#elapsedMs = this.#nowMs();
    this.#assembly.setPhase('failed', error.message, error.code);
    this.#readers.end(error);
    await this.#release();
    this.#settle.reject(error);
  }

  async #release(): Promise<void> {
    this.#log.end();
    await this.#check[Symbol.asyncDispose]();
    await this.#means.hasher[Symbol.asyncDispose]();
    this.#assembly.transfer?.sink.end();
  }

  readonly #onAbort = (): void => void this.cancel('cancelled by its caller', this.#options.signal?.reason);

  #view(): DownloadView {
    const { phase, facts, transfer, pool, resumedBytes } = this.#assembly;
    return {
      streamedBytes: this.#streaming.offset,
      phase,
      note: this.#note,
      nowMs: this.#nowMs(),
      outputPath: this.#output.path,
      facts: this.#streaming.facts ?? facts,
      transfer,
      runners: pool.runners,
      pace: pool.pace,
      resumedBytes,
    };
  }
}
