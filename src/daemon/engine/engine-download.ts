import type { DownloadReader, ReaderOptions } from '../../base/download-reader.js';
import { Changes } from '../../base/changes.js';
import { ManygetError } from '../../base/errors.js';
import { EventFeed } from '../../base/event-feed.js';
import type { DownloadEvent } from '../../base/events.js';
import type { MapRun } from '../../base/queue-snapshot.js';
import type { DownloadReport, DownloadSnapshot } from '../../base/snapshot.js';
import type { DownloadCommand } from './engine-messages.js';
import { mapRuns } from './map-runs.js';

/** Events that a slow reader may lag behind before it loses the oldest. */
const lagMax = 1000;

/** How a download reaches the thread that it runs on. */
interface DownloadLine {
  command(call: number, command: DownloadCommand): void;
  read(options: ReaderOptions): DownloadReader;
}

interface Call {
  resolve(value: unknown): void;
  reject(error: ManygetError): void;
}

/**
 * One download of the daemon as the thread that answers sees it: what it was like a moment ago, and commands for it, each
 * of which settles once it is carried out, when `snapshot` shows it. After the end a command does nothing.
 */
export class EngineDownload {
  readonly done: Promise<DownloadReport>;
  readonly #line: DownloadLine;
  readonly #feed = new EventFeed<DownloadEvent>(lagMax);
  readonly #calls = new Map<number, Call>();
  #callCount = 0;
  #snapshot: DownloadSnapshot | undefined;
  #pieces: Uint8Array | undefined;
  readonly #changes = new Changes();
  #lastMap: Int32Array | undefined;
  #end: DownloadReport | ManygetError | undefined;
  #settle!: { resolve: (report: DownloadReport) => void; reject: (error: ManygetError) => void };

  constructor(line: DownloadLine) {
    this.#line = line;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.done.catch(() => undefined); // Whoever only looks need not handle the promise as well.
  }

  /** Undefined for a moment after the beginning. */
  snapshot(): DownloadSnapshot | undefined {
    return this.#snapshot;
  }

  /** What happens, from now on; ends with the download. */
  events(): AsyncIterableIterator<DownloadEvent> {
    return this.#feed.read();
  }

  /** One byte for each piece, at any time as it is: 0 open, 1 complete, 2 verified. Undefined before the pieces are known. */
  pieceStates(): Uint8Array | undefined {
    return this.#pieces;
  }

  /** The file from its first to its last byte, in `cells` equal parts. */
  async mapRuns(cells: number): Promise<MapRun[]> {
    const flat = await this.#call({ type: 'map', cells });
    return flat === undefined ? [] : mapRuns(flat as Int32Array);
  }

  /** The map at its end (`flatRuns`); undefined before, and where it never began. */
  get lastMap(): Int32Array | undefined {
    return this.#lastMap;
  }

  createReader(options: ReaderOptions = {}): DownloadReader {
    return this.#line.read(options);
  }

  /** The size of the file, once a source has said it; rejects where the download ends before, or for the signal. */
  sizeKnown(signal?: AbortSignal): Promise<number> {
    return this.#changes.until(() => {
      if (this.#snapshot?.sizeBytes !== undefined) return this.#snapshot.sizeBytes;
      if (this.#end instanceof ManygetError) throw this.#end;
      return this.#end?.sizeBytes;
    }, signal);
  }

  async pause(): Promise<void> {
    await this.#call({ type: 'pause' });
  }

  async resume(): Promise<void> {
    await this.#call({ type: 'resume' });
  }

  /** @throws ManygetError `usage`: not an address that can be used. */
  async addSource(url: string): Promise<void> {
    await this.#call({ type: 'add-source', url });
  }

  async removeSource(source: number): Promise<void> {
    await this.#call({ type: 'remove-source', source });
  }

  /** @throws ManygetError `usage`: no such source. */
  async disableSource(source: number): Promise<void> {
    await this.#call({ type: 'disable-source', source });
  }

  /** @throws ManygetError `usage`: no such source. */
  async enableSource(source: number): Promise<void> {
    await this.#call({ type: 'enable-source', source });
  }

  async setLimitRate(bytesPerSec: number | undefined): Promise<void> {
    await this.#call({ type: 'limit', bytesPerSec });
  }

  /** @throws ManygetError `usage`: below 1024, or no such source. */
  async setSourceLimit(source: number, bytesPerSec: number | undefined): Promise<void> {
    await this.#call({ type: 'limit-source', source, bytesPerSec });
  }

  /** Ends it, with its state kept on the disk. */
  async cancel(reason: string): Promise<void> {
    await this.#call({ type: 'cancel', reason });
  }

  /** @internal */
  news(snapshot: DownloadSnapshot, events: readonly DownloadEvent[]): void {
    this.#snapshot = snapshot;
    for (const event of events) this.#feed.emit(event);
    this.#changes.wake();
  }

  /** @internal */
  pieces(states: Uint8Array): void {
    this.#pieces = states;
  }

  /** @internal */
  answered(call: number, value: unknown): void {
    this.#take(call)?.resolve(value);
  }

  /** @internal */
  refused(call: number, error: ManygetError): void {
    this.#take(call)?.reject(error);
  }

  /** @internal It has ended, well or with an error. */
  end(how: DownloadReport | ManygetError, map?: Int32Array): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    this.#lastMap = map;
    this.#feed.end();
    if (how instanceof ManygetError) this.#settle.reject(how);
    else this.#settle.resolve(how);
    for (const call of this.#calls.values()) call.resolve(undefined);
    this.#calls.clear();
    this.#changes.wake();
  }

  #call(command: DownloadCommand): Promise<unknown> {
    if (this.#end !== undefined) return Promise.resolve(undefined);
    this.#callCount += 1;
    const call = this.#callCount;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#line.command(call, command);
    });
  }

  #take(number: number): Call | undefined {
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    return call;
  }
}
