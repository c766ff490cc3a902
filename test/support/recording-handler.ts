import { ManygetError } from '../../src/base/errors.js';
import type { ConnectionHandler, SourceConnection, SourceInfo } from '../../src/sources/source.js';

interface Waiter {
  readonly isDue: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The engine's side of a connection, in memory: keeps what came and lets a test wait for it. */
export class RecordingHandler implements ConnectionHandler {
  /** Names of the calls, those for data left out. */
  readonly calls: string[] = [];
  /** Segments in the order in which they ended. */
  readonly order: number[] = [];
  readonly bytes: Buffer;
  /** Bytes that there is room for in all. */
  roomBytes = Infinity;
  targetBytesMax = 256 * 1024;
  /** No room after each so many bytes, for one turn of the event loop. */
  pausesEvery = Infinity;
  /** Closes the connection once so many bytes have come, in the very call that says so. */
  closesAt = Infinity;
  receivedBytes = 0;
  /** Bytes that came and that nobody wanted, and how far the file has gone by with them. */
  skippedBytes = 0;
  passed = 0;
  /** How many bytes that nobody wants may be read at once. */
  skipBytesMax = Infinity;
  #connection: SourceConnection | undefined;
  #info: SourceInfo | undefined;
  #error: ManygetError | undefined;
  readonly #ends = new Map<number, number>();
  #isFull = false;
  #offset = 0;
  #frameEnd = 0;
  #pauseAt = Infinity;
  readonly #waiters: Waiter[] = [];

  constructor(sizeBytes: number) {
    this.bytes = Buffer.alloc(sizeBytes);
  }

  use(connection: SourceConnection): void {
    this.#connection = connection;
  }

  get connection(): SourceConnection {
    if (this.#connection === undefined) throw new Error('not connected');
    return this.#connection;
  }

  closeIt(): void {
    this.connection.close(new ManygetError('aborted', 'the test is done'));
  }

  async whenReady(): Promise<SourceInfo> {
    await this.#until(() => this.#info !== undefined);
    return this.#info as SourceInfo;
  }

  /** Where the segment ended. */
  async whenEnded(segment: number): Promise<number> {
    await this.#until(() => this.#ends.has(segment));
    return this.#ends.get(segment) ?? -1;
  }

  async whenFull(): Promise<void> {
    await this.#until(() => this.#isFull);
  }

  async whenClosed(): Promise<ManygetError> {
    if (this.#error === undefined) await this.#until(() => this.#error !== undefined);
    return this.#error as ManygetError;
  }

  // What the connection tells.

  connected(): void {
    this.#note('connected');
  }

  ready(info: SourceInfo): void {
    this.#info = info;
    this.#note('ready');
  }

  unsized(): void {
    this.#note('unsized');
  }

  infoChanged(info: SourceInfo): void {
    this.#info = info;
    this.#wake();
  }

  dataStart(_segment: number, offset: number, bytes: number): void {
    this.#noteLate('dataStart');
    this.#offset = offset;
    this.#frameEnd = offset + bytes;
    if (this.#pauseAt === Infinity) this.#pauseAt = this.pausesEvery;
  }

  dataTarget(bytesMax: number): Uint8Array | undefined {
    this.#noteLate('dataTarget');
    if (this.receivedBytes >= this.#pauseAt) {
      this.#pauseAt = this.receivedBytes + this.pausesEvery;
      setImmediate(() => this.connection.resume());
      return undefined;
    }
    const room = Math.min(this.roomBytes - this.receivedBytes, this.targetBytesMax, bytesMax);
    if (room > 0) return this.bytes.subarray(this.#offset, this.#offset + room);
    this.#isFull = true;
    this.#wake();
    return undefined;
  }

  dataFilled(bytes: number): void {
    this.#noteLate('dataFilled');
    this.receivedBytes += bytes;
    this.#offset += bytes;
    if (this.#offset > this.#frameEnd) throw new Error('more bytes than were announced');
    if (this.receivedBytes >= this.closesAt) this.closeIt();
  }

  maySkip(bytesMax: number): number {
    return Math.min(bytesMax, this.skipBytesMax);
  }

  skipped(offset: number, bytes: number): void {
    this.skippedBytes += bytes;
    this.passed = offset;
  }

  segmentEnded(segment: number, end: number): void {
    this.#ends.set(segment, end);
    this.order.push(segment);
    this.#wake();
  }

  hashes(): void {
    this.#note('hashes');
  }

  hashesRefused(): void {
    this.#note('hashesRefused');
  }

  alive(): void {
    this.#wake();
  }

  closed(error: ManygetError): void {
    this.#error = error;
    this.#note('closed');
  }

  /** Calls for data have no place in `calls`, unless they come behind `closed`. */
  #noteLate(call: string): void {
    if (this.#error !== undefined) this.calls.push(call);
  }

  #note(call: string): void {
    this.calls.push(call);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.isDue()) waiter.resolve();
      else if (this.#error !== undefined) waiter.reject(this.#error);
      else continue;
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    }
  }

  async #until(isDue: () => boolean): Promise<void> {
    if (isDue()) return;
    if (this.#error !== undefined) throw this.#error;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ isDue, resolve, reject }));
  }
}
