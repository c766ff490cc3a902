import type { DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import type { ConnectionId, SourceId } from '../base/ids.js';
import { isMeantBy } from '../base/source-rule.js';
import { formatDuration } from '../base/units.js';
import type { Source, SourceInfo } from '../sources/source.js';
import type { EventLog } from './event-log.js';
import { HashPatience } from './hash-patience.js';
import type { Link, LinkEvents } from './link.js';
import { Mirrors } from './mirrors.js';
import { Pace } from './pace.js';
import { noSourceError, silentSourcesError } from './source-errors.js';
import { isFinal, SourceRunner } from './source-runner.js';
import type { Transfer } from './transfer.js';

/** Nobody was ever reached: more patience would only delay the news of a mistyped port. */
const firstContactMsMax = 10_000;
/** A better name for the file is not worth more waiting than this. */
const nameMsMax = 3000;
const defaultGiveUpMs = 60_000;
const defaultConnectMs = 4000;

interface SourcePoolParts {
  readonly options: DownloadOptions;
  readonly log: EventLog;
  readonly links: LinkEvents;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** A source is wanted, or wanted no more. */
  readonly onExpected: (runner: SourceRunner) => void;
  readonly onGone: (source: SourceId) => void;
}

/** True where the user means this source: by its address, its host, or host and port. */
export function isNamed(names: readonly string[] | undefined, source: Source): boolean {
  return names?.some((name) => name === source.label || isMeantBy(name, source.url)) === true;
}

/** The sources of a download: who is in, who is out and why, and when nobody is left. */
export class SourcePool {
  readonly runners: SourceRunner[] = [];
  readonly mirrors: Mirrors;
  readonly pace: Pace;
  /** The file comes as one stream of one source: nobody can join in. */
  isStreaming = false;
  /** Hashes of all pieces are on their way, and not from a source's own connection. */
  hashesArePromised = false;
  readonly #parts: SourcePoolParts;
  readonly #hashPatience: HashPatience;
  #nextConnection = 0;
  #lastContactMs = 0;
  #everReady = false;

  constructor(parts: SourcePoolParts) {
    this.#parts = parts;
    this.pace = new Pace(this.runners, parts.nowMs);
    this.#hashPatience = new HashPatience(this.giveUpMs);
    this.mirrors = new Mirrors(this.runners, parts.options.manifest?.pieces !== undefined, (runner) =>
      isNamed(parts.options.trust, runner.source),
    );
  }

  get giveUpMs(): number {
    return this.#parts.options.giveUpAfterMs ?? defaultGiveUpMs;
  }

  get connectTimeoutMs(): number {
    return this.#parts.options.connectTimeoutMs ?? defaultConnectMs;
  }

  /** Bytes that came in over the network so far. */
  get arrivedBytes(): number {
    return this.runners.reduce((sum, runner) => sum + runner.arrivedBytes, 0);
  }

  /** What the first source calls the file; undefined while its answer is still worth waiting for. */
  fileName(nowMs: number): string | undefined {
    const [first] = this.runners;
    if (first === undefined) return undefined;
    const gaveUp = first.isStopped || first.faults > 0 || nowMs > nameMsMax;
    return first.info?.name ?? first.unsizedName ?? (gaveUp ? first.source.fileName : undefined);
  }

  /** True while somebody is there, or may come back, who will state the hashes of the pieces, if not now then later. */
  get awaitsHashes(): boolean {
    if (this.#hashPatience.isOver) return false;
    if (this.hashesArePromised) return true;
    const awaySinceMs = this.#parts.nowMs() - this.giveUpMs;
    return this.runners.some(
      (r) =>
        !r.isStopped &&
        r.info !== undefined &&
        r.info.hashesFailed === undefined &&
        r.source.willHash &&
        // While nobody is there, how long to wait is a matter of patience with all of them.
        (r.readyLinks > 0 || !this.hasContact || r.leftAtMs >= awaySinceMs),
    );
  }

  infoChanged({ runner }: Link, info: SourceInfo): void {
    runner.info = info;
    if (info.hashesFailed !== undefined) this.#parts.log.add({ type: 'notice', reason: info.hashesFailed });
  }

  /** Time passes: true at the moment when whoever is there has had its time to state hashes, and that is said. */
  givesUpOnHashes(nowMs: number, { ledger, verifier, isBlocked, windowEnd }: Transfer): boolean {
    const isFull = windowEnd < ledger.sizeBytes && ledger.missing(0, windowEnd).length === 0;
    const isAll = (ledger.isReceived || isFull) && verifier.isOn && !verifier.hasHashes && !isBlocked;
    if (!this.#hashPatience.tick(nowMs, isAll && this.hasContact && this.awaitsHashes, ledger.sizeBytes)) return false;
    const waited = formatDuration(this.#hashPatience.limitMs(ledger.sizeBytes));
    const what = ledger.isReceived ? 'all bytes are here' : 'there is no room for more bytes';
    const reason = `no server has stated its hashes in the ${waited} since ${what}: the file is taken as it came, not verified`;
    this.#parts.log.add({ type: 'notice', reason });
    return true;
  }

  /** Where a file comes from of which nobody says how large it is: undefined while somebody may yet. */
  get unsizedLink(): Link | undefined {
    let found: Link | undefined;
    for (const runner of this.runners) {
      if (runner.isStopped || runner.isResting) continue;
      const link = [...runner.links].find((l) => l.unsizedName !== undefined && !l.isClosed);
      if (link === undefined && runner.faults === 0) return undefined;
      if (runner.info !== undefined) return undefined;
      found ??= link;
    }
    return found;
  }

  /** Who states the SHA-256 of the whole file, of those whose content has that id. */
  whoStatesSha256(contentId: string | undefined): SourceRunner | undefined {
    const heard = this.runners.filter((r) => r.state !== 'quarantined');
    return heard.find((r) => r.info?.contentId === contentId && r.info?.sha256 !== undefined);
  }

  /** SHA-256 of the whole file as a source states it whose content has that id. */
  statedSha256(contentId: string | undefined): string | undefined {
    return this.whoStatesSha256(contentId)?.info?.sha256;
  }

  /** True while there is anybody, met or not, who may state them. */
  get mayHearHashes(): boolean {
    return this.hashesArePromised || this.runners.some((r) => !r.isStopped && r.source.willHash);
  }

  get hasContact(): boolean {
    return this.runners.some((runner) => runner.answers);
  }

  /** @param rule Told of the runner before anything else is. */
  add(source: Source, rule: (runner: SourceRunner) => void = () => undefined): SourceRunner {
    const { log, links, nowMs, random, onExpected } = this.#parts;
    const runner = new SourceRunner(this.runners.length as SourceId, source, {
      connectTimeoutMs: this.connectTimeoutMs,
      nextConnection: () => this.#nextConnection++ as ConnectionId,
      links,
      pace: this.pace,
      gate: this.#parts.options.connectionGate,
      nowMs,
      random,
    });
    this.runners.push(runner);
    rule(runner);
    log.add({ type: 'source-added', source: runner.id, url: source.url });
    onExpected(runner);
    runner.open();
    return runner;
  }

  /** Uses the source no more until `use`; what it held goes to the others. */
  rest(runner: SourceRunner, reason: string): void {
    if (runner.isStopped || runner.isResting) return;
    runner.rest(reason);
    this.#parts.onGone(runner.id);
    this.#parts.log.add({ type: 'source-disabled', source: runner.id, reason });
  }

  use(runner: SourceRunner, reason: string): void {
    if (runner.isStopped || !runner.isResting) return;
    this.#parts.log.add({ type: 'source-enabled', source: runner.id, reason });
    this.#parts.onExpected(runner);
    runner.use();
  }

  remove(id: number): void {
    const runner = this.runners[id];
    if (runner === undefined || runner.isStopped) return;
    this.#stop(runner, 'removed', new ManygetError('aborted', `${runner.source.label} was removed by the user`));
    this.#parts.log.add({ type: 'source-removed', source: id, reason: 'removed by the user' });
  }

  /** Leaves a source out for good. */
  quarantine(runner: SourceRunner, error: ManygetError): void {
    this.#stop(runner, 'quarantined', error);
    this.#parts.log.add({ type: 'source-quarantined', source: runner.id, code: error.code, reason: error.message });
  }

  /** Ends all connections, each with what it brought so far booked. */
  close(): void {
    const error = new ManygetError('aborted', 'the download has ended');
    for (const runner of this.runners) runner.stop('closed', error);
  }

  ready(link: Link): void {
    const { runner } = link;
    if (this.isStreaming) {
      const text = `${runner.source.label} came when the file was already under way as one stream of another source`;
      this.quarantine(runner, new ManygetError('size-differs', text));
      return;
    }
    runner.info = link.info;
    runner.worked();
    this.#everReady = true;
    if (runner.answers) this.#lastContactMs = this.#parts.nowMs();
    const reason = `${runner.source.label} is there: connected in ${link.connectMs.toFixed(0)} ms`;
    this.#parts.log.add({ type: 'source-ready', source: runner.id, connection: link.id, reason });
  }

  /** A connection ended; the source is tried again, or left out where that cannot help. */
  lost(link: Link, error: ManygetError): void {
    const { runner } = link;
    const wasLast = runner.links.size <= 1;
    const againMs = runner.linkClosed(link, error);
    if (runner.isStopped || runner.isResting) return;
    if (link.isRetired && !wasLast) {
      const reason = error.message;
      this.#parts.log.add({ type: 'connection-closed', source: runner.id, connection: link.id, reason });
      return;
    }
    const isLeftOut = isFinal(error, runner.source) && !runner.isExcused(error);
    const again = againMs === undefined || isLeftOut ? '' : `; tried again in ${(againMs / 1000).toFixed(1)} s`;
    this.#parts.log.add({ type: 'source-lost', source: runner.id, code: error.code, reason: error.message + again });
    if (wasLast) this.#parts.onGone(runner.id);
    if (isLeftOut) this.quarantine(runner, error);
  }

  /**
   * Time passes. Returns the error with which the download has to end, where patience has.
   * @param isPaused Nobody is asked for anything, so nobody's silence counts.
   */
  tick(nowMs: number, elapsedMs: number, isPaused: boolean): ManygetError | undefined {
    for (const runner of this.runners) runner.tick(elapsedMs);
    const isQueued = this.runners.some((runner) => runner.isQueued);
    if (
      this.hasContact ||
      isPaused ||
      isQueued ||
      !this.runners.some((runner) => !runner.isStopped && !runner.isResting)
    ) {
      this.#lastContactMs = nowMs;
      return undefined;
    }
    const aloneMs = nowMs - this.#lastContactMs;
    if (!this.#everReady && aloneMs > Math.min(this.giveUpMs, firstContactMsMax)) return noSourceError(this.runners);
    return aloneMs > this.giveUpMs ? silentSourcesError(this.runners, aloneMs) : undefined;
  }

  /** Says who is left: nobody, nobody because none has the file, or somebody. */
  whoIsLeft(): 'somebody' | 'nobody' | 'nobody-has-it' {
    if (this.runners.some((runner) => !runner.isStopped)) return 'somebody';
    const missing = this.runners.every((runner) => runner.lastError?.code === 'not-found');
    return missing && this.runners.length > 0 ? 'nobody-has-it' : 'nobody';
  }

  #stop(runner: SourceRunner, state: 'quarantined' | 'removed', error: ManygetError): void {
    runner.stop(state, error);
    this.#parts.onGone(runner.id);
  }
}
