import type { ByteRange } from '../base/byte-range.js';
import { ManygetError } from '../base/errors.js';
import type { ConnectionId, SourceId } from '../base/ids.js';
import type { SchedulerEvent, SegmentId } from '../core/scheduler-messages.js';
import type { ConnectionHandler, SourceConnection, SourceInfo } from '../sources/source.js';
import type { LinkPace } from './pace.js';
import type { SourceRunner } from './source-runner.js';

/** Where a link's bytes go. */
export interface LinkInlet {
  /** File offset after the last byte that arrived. */
  readonly offset: number;
  start(offset: number, bytes: number): void;
  target(bytesMax: number): Uint8Array | undefined;
  /** True where that filled a block. */
  filled(bytes: number): boolean;
  flush(): boolean;
  flushOld(): boolean;
  finishBlock(): boolean;
  /** Gives up what is in memory alone, and its memory: these bytes. */
  drop?(): ByteRange | undefined;
  /** Nothing more comes of what was asked for. */
  ended?(): void;
  /** The connection is gone. */
  lost?(): void;
}

/** What a link tells; the download acts on it. */
export interface LinkEvents {
  ready(link: Link): void;
  infoChanged(link: Link, info: SourceInfo): void;
  /** Bytes of the segment on its way arrived, up to `position`. */
  progressed(link: Link, segment: SegmentId, position: number): void;
  segmentEnded(link: Link, segment: SegmentId, end: number): void;
  hashes(link: Link, firstPiece: number, hashes: Uint8Array): void;
  hashesRefused(link: Link): void;
  /** What whoever deals out work has to know, and nobody else. */
  noticed(event: SchedulerEvent): void;
  /** It reads no more until `wake` is called. */
  full(link: Link): void;
  closed(link: Link, error: ManygetError): void;
}

interface LinkOptions {
  readonly links: LinkEvents;
  readonly pace: LinkPace;
  readonly connectTimeoutMs: number;
}

/**
 * One connection within a download: joins a source's connection to an inlet, and keeps what is measured of it.
 */
export class Link implements ConnectionHandler {
  readonly id: ConnectionId;
  readonly runner: SourceRunner;
  readonly #events: LinkEvents;
  readonly #pace: LinkPace;
  readonly #connection: SourceConnection;
  readonly startedAtMs: number;
  #inlet: LinkInlet | undefined;
  #segment: SegmentId | undefined;
  #reported = -1;
  /** How far the file has gone by unwanted, where that was not told yet. */
  #skippedTo: number | undefined;
  #closed = false;
  #asked = false;
  #delivered = false;
  connectMs = 0;
  info: SourceInfo | undefined;
  isWaitingForRoom = false;
  /** It ends because it is not needed: nobody's fault. */
  #isRetired = false;
  /** The source is there and does not say how large its file, of this name, is. */
  unsizedName: string | undefined;

  constructor(id: ConnectionId, runner: SourceRunner, options: LinkOptions) {
    this.id = id;
    this.runner = runner;
    this.#events = options.links;
    this.#pace = options.pace;
    this.startedAtMs = performance.now();
    this.#connection = runner.source.connect(this, { connectTimeoutMs: options.connectTimeoutMs });
  }

  get source(): SourceId {
    return this.runner.id;
  }

  /** It was asked for bytes, and may bring some. */
  get isReading(): boolean {
    return this.#asked && !this.#closed;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Bytes of a segment are coming: the socket may hold memory of the inlet that it is reading into. */
  get isReceiving(): boolean {
    return this.#segment !== undefined;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  get hasDelivered(): boolean {
    return this.#delivered;
  }

  /** It was asked for bytes and brought none. */
  get wasFruitless(): boolean {
    return this.#asked && !this.#delivered;
  }

  get inlet(): LinkInlet | undefined {
    return this.#inlet;
  }

  /** From now on bytes have a place to go. */
  attach(inlet: LinkInlet): void {
    this.#inlet = inlet;
  }

  request(segment: SegmentId, start: number, end: number): void {
    this.#asked = true;
    this.#connection.request(segment, start, end);
  }

  trim(segment: SegmentId, end: number): void {
    this.#connection.trim(segment, end);
  }

  requestHashes(firstPiece: number, count: number): void {
    this.#connection.requestHashes(firstPiece, count);
  }

  ping(): void {
    this.#connection.ping();
  }

  /** There may be room again. */
  wake(): void {
    if (!this.isWaitingForRoom || this.#closed) return;
    this.isWaitingForRoom = false;
    this.#connection.resume();
  }

  close(error: ManygetError): void {
    this.#connection.close(error);
  }

  /** What it was asked for is wanted no more: what still comes of it has no place to go, and it ends once the present call is done. */
  giveUp(): void {
    this.#inlet = undefined;
    this.#isRetired = true;
    queueMicrotask(() => this.retire('what it was asked for is wanted no more'));
  }

  /** Ends it because it is not needed: nobody's fault. */
  retire(reason: string): void {
    this.#isRetired = true;
    this.close(new ManygetError('server-closed', reason));
  }

  /** Says how far it has come, where that is news. */
  report(): void {
    if (this.#skippedTo !== undefined) {
      const position = this.#skippedTo;
      this.#skippedTo = undefined;
      this.#events.noticed({ type: 'skipped', connection: this.id, position });
    }
    if (this.#segment === undefined || this.#inlet === undefined || this.#inlet.offset === this.#reported) return;
    this.#reported = this.#inlet.offset;
    this.#events.progressed(this, this.#segment, this.#reported);
  }

  connected(connectMs: number): void {
    this.connectMs = connectMs;
    this.runner.connected(connectMs);
    this.#events.noticed({ type: 'source-connected', source: this.source, rttMs: connectMs });
  }

  ready(info: SourceInfo): void {
    this.info = info;
    this.#events.ready(this);
  }

  unsized(name: string): void {
    this.unsizedName = name;
  }

  infoChanged(info: SourceInfo): void {
    this.info = info;
    this.#events.infoChanged(this, info);
  }

  dataStart(segment: SegmentId, offset: number, bytes: number): void {
    if (this.#segment !== segment) {
      this.report();
      this.#segment = segment;
      this.#reported = -1;
    }
    this.#inlet?.start(offset, bytes);
  }

  dataTarget(bytesMax: number): Uint8Array | undefined {
    const most = this.#pace.most(this, bytesMax);
    const target = most > 0 ? this.#inlet?.target(most) : undefined;
    if (target === undefined && !this.isWaitingForRoom) {
      this.isWaitingForRoom = true;
      // Who has had its part for now is woken by the pace.
      if (most > 0) this.#events.full(this);
    }
    return target;
  }

  dataFilled(bytes: number): void {
    const inlet = this.#inlet;
    if (inlet === undefined) return;
    this.#delivered = true;
    this.runner.arrived(bytes);
    this.#pace.took(this, bytes);
    const filledBlock = inlet.filled(bytes);
    if (filledBlock || this.#reported < 0) this.report();
  }

  maySkip(bytesMax: number): number {
    const most = this.#pace.most(this, bytesMax);
    if (most === 0) this.isWaitingForRoom = true;
    return most;
  }

  skipped(offset: number, bytes: number): void {
    this.#pace.took(this, bytes);
    this.#skippedTo = offset;
  }

  segmentEnded(segment: SegmentId, end: number): void {
    if (this.#segment === segment) {
      this.report();
      this.#segment = undefined;
    }
    this.#events.segmentEnded(this, segment, end);
    this.#inlet?.ended?.();
  }

  hashes(firstPiece: number, hashes: Uint8Array): void {
    this.#events.hashes(this, firstPiece, hashes);
  }

  hashesRefused(): void {
    this.#events.hashesRefused(this);
  }

  alive(): void {
    this.#events.noticed({ type: 'alive', connection: this.id });
  }

  closed(error: ManygetError): void {
    this.#closed = true;
    this.report();
    this.#inlet?.lost?.();
    this.#events.closed(this, error);
  }
}
