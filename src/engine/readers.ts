import { Changes } from '../base/changes.js';
import type { DownloadReader, ReaderOptions } from '../base/download-reader.js';
import { asManygetError, ManygetError } from '../base/errors.js';
import type { ByteReader } from '../store/file-reader.js';
import type { DownloadOutput } from './download-output.js';

/** Handed out at once, at most. */
const chunkBytesMax = 1024 * 1024;
/** The scheduler is told of a reader's place each time that it has moved so far. */
const toldEachBytes = 256 * 1024;
/** A player that looks something up elsewhere in the file comes back: so long its place is what is fetched first. */
const placeKeptMs = 10_000;
const placesMax = 4;

interface ReadersParts {
  readonly output: DownloadOutput;
  /** Undefined while nobody has said how large the file is. */
  readonly sizeBytes: () => number | undefined;
  /** Up to where bytes from `from` on may be handed out, `max` at most; `from`: none. */
  readonly readableUntil: (from: number, max: number) => number;
  /** Who reads, reads on from here; undefined: nobody does. */
  readonly onCursor: (at: number | undefined) => void;
  /** The reader of a download that keeps nothing went away before the end. */
  readonly onLeft: () => void;
}

/**
 * Those who read a file while it comes in. The one that came last is the one whose bytes are fetched first: a player
 * that seeks asks anew, and what it asked for before is of no use to it any more. When nobody reads, the place that was
 * left last counts for a while, but for the end of the file: what players look up there leads back to where they were.
 */
export class Readers {
  readonly #parts: ReadersParts;
  /** Oldest first. */
  readonly #open = new Set<Reader>();
  readonly #changes = new Changes();
  /** Where readers went away in the middle, the last of them last. */
  #places: number[] = [];
  #placeTimer: NodeJS.Timeout | undefined;
  #ended = false;
  #error: ManygetError | undefined;
  #toldAt: number | undefined;
  #wasRead = false;

  constructor(parts: ReadersParts) {
    this.#parts = parts;
  }

  /** @throws ManygetError `usage`: a range that is none, or a second look at what is not kept. */
  open(options: ReaderOptions): DownloadReader {
    const { start = 0, end } = options;
    if (!Number.isSafeInteger(start) || start < 0 || (end !== undefined && !(end >= start))) {
      throw new ManygetError('usage', `bytes ${start} to ${end ?? 'the end'} are no range to read`);
    }
    if (this.#parts.output.windowBytes !== undefined) {
      if (this.#wasRead || start > 0 || end !== undefined) {
        throw new ManygetError('usage', 'what goes by in order can be read once only, from its first byte to its last');
      }
      this.#wasRead = true;
    }
    const reader = new Reader(this, this.#parts, options);
    this.#open.add(reader);
    clearTimeout(this.#placeTimer);
    this.#tell(reader.position);
    return reader;
  }

  /** Resolves with the size of the file once somebody has said it; rejects where the download ends before, or for the signal. */
  sizeKnown(signal: AbortSignal | undefined): Promise<number> {
    return this.#changes.until(() => this.#parts.sizeBytes() ?? this.#notEnded(), signal);
  }

  /** There may be more to read. */
  wake(): void {
    this.#changes.wake();
  }

  /** The scheduler is new: it is told where somebody reads. */
  retell(): void {
    this.#toldAt = undefined;
    const at = this.#place();
    if (at !== undefined) this.#tell(at);
    else if (this.#parts.output.windowBytes !== undefined) this.#parts.onCursor(0);
  }

  /** Nothing more comes: all is there, or `error` says why it is not. */
  end(error?: ManygetError): void {
    this.#ended = true;
    this.#error = error;
    clearTimeout(this.#placeTimer);
    this.wake();
  }

  /** @internal @throws What the download ended with, where nothing of it is kept. */
  checkKept(): void {
    if (this.#error !== undefined && this.#parts.output.windowBytes !== undefined) throw this.#error;
  }

  /** @internal Resolves when there may be more to read; rejects once nothing more can come. */
  async change(signal: AbortSignal | undefined): Promise<void> {
    this.#notEnded();
    await this.#changes.next(signal);
  }

  /** @internal */
  moved(reader: Reader): void {
    if ([...this.#open].at(-1) === reader) this.#tell(reader.position);
  }

  /** @internal */
  closed(reader: Reader, isAtEnd: boolean): void {
    if (!this.#open.delete(reader)) return;
    this.wake();
    if (this.#parts.output.windowBytes !== undefined) {
      if (!isAtEnd) this.#parts.onLeft();
      return;
    }
    const isInside = reader.position < (this.#parts.sizeBytes() ?? Infinity);
    if (isInside) this.#places = [...this.#places, reader.position].slice(-placesMax);
    const at = this.#place();
    if (at === undefined) this.#forgetPlaces();
    else this.#tell(at);
    if (this.#open.size > 0 || this.#ended) return;
    this.#placeTimer = setTimeout(() => this.#forgetPlaces(), placeKeptMs);
    this.#placeTimer.unref();
  }

  /** @throws What the download ended with, where it has. */
  #notEnded(): undefined {
    if (this.#ended) throw this.#error ?? new ManygetError('unexpected', 'the download ended without these bytes');
  }

  /** Where bytes are wanted first: of who came last, else where somebody was last. */
  #place(): number | undefined {
    return [...this.#open].at(-1)?.position ?? this.#places.at(-1);
  }

  #forgetPlaces(): void {
    this.#places = [];
    this.#toldAt = undefined;
    this.#parts.onCursor(undefined);
  }

  #tell(position: number): void {
    const at = this.#toldAt;
    if (at !== undefined && position >= at && position - at < toldEachBytes) return;
    this.#toldAt = position;
    this.#parts.onCursor(position);
  }
}

/** One who reads: waits where it has to, and is given copies. */
class Reader implements DownloadReader {
  readonly #readers: Readers;
  readonly #parts: ReadersParts;
  readonly #signal: AbortSignal | undefined;
  readonly #end: number;
  readonly #sharesMemory: boolean;
  #memory: Uint8Array | undefined;
  #position: number;
  #bytes: Promise<ByteReader> | undefined;
  #closed = false;

  constructor(readers: Readers, parts: ReadersParts, options: ReaderOptions) {
    this.#readers = readers;
    this.#parts = parts;
    this.#signal = options.signal;
    this.#position = options.start ?? 0;
    this.#end = options.end ?? Infinity;
    this.#sharesMemory = options.sharesMemory ?? false;
  }

  get position(): number {
    return this.#position;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      for (;;) {
        if (this.#closed) return { done: true, value: undefined };
        if (this.#signal?.aborted === true) throw new ManygetError('aborted', 'reading was ended by its caller');
        this.#readers.checkKept();
        const end = Math.min(this.#end, this.#parts.sizeBytes() ?? Infinity);
        if (this.#position >= end) {
          await this.#close(true);
          continue;
        }
        const until = this.#parts.readableUntil(this.#position, Math.min(end, this.#position + chunkBytesMax));
        if (until > this.#position) return { done: false, value: await this.#take(until) };
        await this.#readers.change(this.#signal);
      }
    } catch (error) {
      await this.#close(false);
      throw asManygetError(error, 'io-failed', 'reading the download');
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#close(false);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close(false);
  }

  async #take(until: number): Promise<Uint8Array> {
    const bytes = await (this.#bytes ??= this.#parts.output.openReader());
    const chunk = this.#chunk(until - this.#position);
    await bytes.read(chunk, this.#position);
    this.#position = until;
    this.#readers.moved(this);
    return chunk;
  }

  #chunk(bytes: number): Uint8Array {
    if (!this.#sharesMemory) return new Uint8Array(bytes);
    this.#memory ??= new Uint8Array(chunkBytesMax);
    return this.#memory.subarray(0, bytes);
  }

  async #close(isAtEnd: boolean): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#readers.closed(this, isAtEnd);
    const bytes = await this.#bytes?.catch(() => undefined);
    await bytes?.close();
  }
}
