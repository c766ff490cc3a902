import type { ConnectionGate } from '../base/connection-gate.js';
import { ManygetError, type ErrorCode } from '../base/errors.js';
import type { ConnectionId, SourceId } from '../base/ids.js';
import type { SourceState } from '../base/snapshot.js';
import { RateMeter } from '../core/rate-meter.js';
import { defaultRetryPolicy, retryDelayMs } from '../core/retry-policy.js';
import type { SchedulerEvent } from '../core/scheduler-messages.js';
import type { Source, SourceInfo } from '../sources/source.js';
import { Link, type LinkEvents } from './link.js';
import type { LinkPace } from './pace.js';

const speedTauMs = 1500;
/** A source that connects and then brings nothing, so many times in a row, is as good as away. */
const fruitlessMax = 3;
/** Where a host has all the connections that it may have, a source looks so often whether there is room. */
const lookForRoomMs = 250;

interface RunnerOptions {
  readonly connectTimeoutMs: number;
  readonly nextConnection: () => ConnectionId;
  readonly links: LinkEvents;
  readonly pace: LinkPace;
  readonly gate?: ConnectionGate | undefined;
  readonly nowMs: () => number;
  readonly random: () => number;
}

/**
 * One source of a download: keeps at least one connection to it alive, with growing delays while it fails, until it is
 * stopped for good; and keeps what is measured of it.
 */
export class SourceRunner {
  readonly id: SourceId;
  readonly source: Source;
  readonly links = new Set<Link>();
  readonly #options: RunnerOptions;
  readonly #meter = new RateMeter(speedTauMs);
  #failures = 0;
  /** Connections in a row that were asked for bytes and ended without any. */
  #fruitless = 0;
  #leftAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stopped: { state: SourceState; note: string } | undefined;
  /** Why it is not used for now. */
  #restNote: string | undefined;
  /** Other downloads have all the connections that its host may have. */
  #isQueued = false;
  /** Sources of a higher tier are used only while those below it do not suffice. */
  tier = 0;
  lastError: ManygetError | undefined;
  /** The newest that it said of its file; kept while it is away. */
  info: SourceInfo | undefined;
  connectMs: number | undefined;
  firstByteMs: number | undefined;
  writtenBytes = 0;
  arrivedBytes = 0;
  /** Bytes that it brought and that were there already. What is on its way to the disk is none of them. */
  duplicateBytes = 0;
  faults = 0;
  strikes = 0;
  waitingMs = 0;
  aliveMs = 0;
  activeMs = 0;
  #arrivedAtTick = 0;

  constructor(id: SourceId, source: Source, options: RunnerOptions) {
    this.id = id;
    this.source = source;
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** It is not used for now, and can be again. */
  get isResting(): boolean {
    return this.#restNote !== undefined;
  }

  /** It would be asked, were it not for other downloads. */
  get isQueued(): boolean {
    return this.#isQueued;
  }

  get note(): string {
    if (this.#isQueued) return 'waits for other downloads: its host has as many connections as it may have';
    return this.#stopped?.note ?? this.#restNote ?? (this.readyLinks === 0 ? (this.lastError?.message ?? '') : '');
  }

  /** What it calls the file, where it has answered and does not say how large that is. */
  get unsizedName(): string | undefined {
    for (const link of this.links) if (link.unsizedName !== undefined && !link.isClosed) return link.unsizedName;
    return undefined;
  }

  get readyLinks(): number {
    let count = 0;
    for (const link of this.links) if ((link.info ?? link.unsizedName) !== undefined && !link.isClosed) count += 1;
    return count;
  }

  get state(): SourceState {
    if (this.#stopped !== undefined) return this.#stopped.state;
    if (this.isResting) return 'disabled';
    if (this.readyLinks > 0) return 'ready';
    return this.links.size > 0 && this.#failures === 0 ? 'connecting' : 'backing-off';
  }

  /** It is there, and worth waiting for. */
  get answers(): boolean {
    return this.#fruitless < fruitlessMax && this.readyLinks > 0;
  }

  /** When it went away last. */
  get leftAtMs(): number {
    return this.#leftAtMs;
  }

  /** Mean over the time that it was connected. */
  get meanBytesPerSec(): number {
    return this.aliveMs > 0 ? (this.arrivedBytes / this.aliveMs) * 1000 : 0;
  }

  /** Mean over the time in which bytes came. */
  get activeBytesPerSec(): number {
    return this.activeMs > 0 ? (this.arrivedBytes / this.activeMs) * 1000 : 0;
  }

  get speedBytesPerSec(): number {
    return this.#meter.isRunning ? (this.#meter.rate(this.#options.nowMs()) ?? 0) : 0;
  }

  /** What whoever deals out work has to know of it when it is expected. */
  get announcement(): SchedulerEvent[] {
    const { id: source, tier, connectMs: rttMs } = this;
    const events: SchedulerEvent[] = tier === 0 ? [] : [{ type: 'source-preference', source, tier }];
    events.push({ type: 'source-expected', source });
    // Where it is there already, more is said in a moment.
    if (rttMs !== undefined && this.readyLinks === 0) events.push({ type: 'source-connected', source, rttMs });
    return events;
  }

  /** Opens one more connection. */
  open(): void {
    if (this.isStopped || this.isResting) return;
    if (this.#options.gate?.take(this.source.label) === false) {
      if (this.links.size === 0) this.#waitForRoom();
      return;
    }
    this.#isQueued = false;
    this.links.add(new Link(this.#options.nextConnection(), this, this.#options));
  }

  /** Gives connections up that other downloads of the same host are to have. */
  giveWay(): void {
    const surplus = this.#options.gate?.surplus(this.source.label) ?? 0;
    if (surplus === 0) return;
    for (const link of [...this.links].slice(-surplus)) {
      link.retire('given up: its host has as many connections as it may have');
    }
  }

  connected(connectMs: number): void {
    this.connectMs = connectMs;
  }

  /** A connection works: the next failure is a first one again, unless those before it worked and brought nothing. */
  worked(): void {
    this.#failures = this.#fruitless;
  }

  /** It has shown before that it is what it should be: the network may be to blame, or a restart, so it is tried again. */
  isExcused(error: ManygetError): boolean {
    return this.info !== undefined && excusable.has(error.code) && this.#fruitless < fruitlessMax;
  }

  /** A connection is gone. Tries again later where it was the last one: says in how many milliseconds. */
  linkClosed(link: Link, error: ManygetError): number | undefined {
    if (this.links.delete(link)) this.#options.gate?.release(this.source.label);
    if (this.isResting || (link.isRetired && this.links.size > 0)) return undefined;
    if (link.isRetired && this.#options.gate !== undefined && !this.isStopped) {
      this.#waitForRoom();
      return undefined;
    }
    this.lastError = error;
    if (this.isStopped) return undefined;
    this.faults += 1;
    if (link.info !== undefined) this.#leftAtMs = this.#options.nowMs();
    if (link.wasFruitless || (excusable.has(error.code) && !link.hasDelivered)) this.#fruitless += 1;
    if (this.links.size > 0) return undefined;
    this.#failures += 1;
    const own = retryDelayMs(defaultRetryPolicy, this.#failures, this.#options.random());
    const delay = Math.max(own, error.retryAfterMs ?? 0);
    this.#timer = setTimeout(() => this.open(), delay);
    return delay;
  }

  /** Ends its connections, and opens none until it is used again. */
  rest(note: string): void {
    if (this.isStopped || this.isResting) return;
    this.#restNote = note;
    this.#isQueued = false;
    clearTimeout(this.#timer);
    const error = new ManygetError('aborted', `${this.source.label} is not used for now: ${note}`);
    for (const link of [...this.links]) link.close(error);
  }

  /** Goes on after a rest, as if it had never failed. */
  use(): void {
    if (this.isStopped || !this.isResting) return;
    this.#restNote = undefined;
    this.#failures = 0;
    this.#fruitless = 0;
    this.open();
  }

  /** Ends its part in the download. */
  stop(state: 'quarantined' | 'removed' | 'closed', error: ManygetError): void {
    if (this.isStopped) return;
    this.#stopped = { state, note: state === 'closed' ? '' : error.message };
    this.#restNote = undefined;
    this.#isQueued = false;
    if (state === 'quarantined') this.lastError = error;
    clearTimeout(this.#timer);
    for (const link of [...this.links]) link.close(error);
  }

  /** How long the first byte takes on one of its connections, where that has brought any. */
  noteFirstByte(lane: { readonly receivedBytes: number; readonly firstByteMs: number } | undefined): void {
    if (lane !== undefined && lane.receivedBytes > 0) this.firstByteMs = lane.firstByteMs;
  }

  wrote(bytes: number): void {
    this.writtenBytes += bytes;
  }

  repeated(bytes: number): void {
    this.duplicateBytes += bytes;
  }

  /** Bytes came in over the network, useful or not. */
  arrived(bytes: number): void {
    this.arrivedBytes += bytes;
    this.#fruitless = 0;
    this.#failures = 0;
    this.#meter.add(bytes);
  }

  /** Time passes: what it did with it. */
  tick(elapsedMs: number): void {
    const nowMs = this.#options.nowMs();
    if (this.readyLinks === 0) {
      if (this.#meter.isRunning) this.#meter.stop(nowMs);
      return;
    }
    this.#meter.start(nowMs - elapsedMs);
    this.aliveMs += elapsedMs;
    if (this.arrivedBytes > this.#arrivedAtTick) this.activeMs += elapsedMs;
    else this.waitingMs += elapsedMs;
    this.#arrivedAtTick = this.arrivedBytes;
  }

  #waitForRoom(): void {
    this.#isQueued = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), lookForRoomMs);
  }
}

/** What a damaged stream looks like as well. */
const excusable: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['not-mgp', 'version-unsupported', 'protocol-violation']);

/** True where trying again cannot help: the source says no in a way that lasts. */
export function isFinal(error: ManygetError, source: Source): boolean {
  // Where hashes will tell, a changed file may still prove to be the same.
  return finalCodes.has(error.code) || (error.code === 'file-changed' && !source.willHash);
}

const finalCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not-found',
  'unauthorized',
  'not-mgp',
  'not-http',
  'version-unsupported',
  'protocol-violation',
  'tls-failed',
  'http-unauthorized',
  'http-forbidden',
  'http-status',
  'http-redirect',
  'http-range',
  'http-content',
  'is-manifest',
]);
