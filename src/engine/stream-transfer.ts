import { asManygetError, ManygetError } from '../base/errors.js';
import type { PartFile } from '../store/part-file.js';
import type { Link, LinkInlet } from './link.js';

const blockBytes = 1024 * 1024;
/** A stream that brings nothing for this long is ended, and begun anew. */
const silenceMsMax = 30_000;

interface StreamTransferParts {
  readonly part: PartFile;
  readonly link: Link;
  /** Bytes may be taken up to here; for now nothing where that is not beyond what has come. */
  readonly mayTakeTo: () => number;
  /** The stream ended properly: this is how large the file is. */
  readonly onEnd: (sizeBytes: number) => void;
  /** The disk takes no more. */
  readonly onFail: (error: ManygetError) => void;
}

/**
 * Takes a file whose size nobody states from one connection to the disk, from its first byte to its last. What is cut
 * off is of no use: without a size there is nothing to go on from.
 */
export class StreamTransfer implements LinkInlet {
  readonly #parts: StreamTransferParts;
  readonly #block = new Uint8Array(blockBytes);
  /** Bytes of the block that came, and those of them that are in the file. */
  #filled = 0;
  #written = 0;
  #offset = 0;
  #frameLeft = 0;
  #seenOffset = -1;
  #seenAtMs: number | undefined;
  #isOver = false;

  constructor(parts: StreamTransferParts) {
    this.#parts = parts;
  }

  /** Asks for the whole file. */
  begin(): void {
    const { link } = this.#parts;
    link.attach(this);
    link.request(0, 0, Number.MAX_SAFE_INTEGER);
  }

  /** There may be a reason to read again. */
  wake(): void {
    this.#parts.link.wake();
  }

  /** Time passes. */
  watch(nowMs: number, isPaused: boolean): void {
    if (this.#isOver) return;
    // Nobody's silence counts while nobody listens.
    if (this.#offset !== this.#seenOffset || isPaused || this.#parts.link.isWaitingForRoom) this.#seenAtMs = undefined;
    this.#seenOffset = this.#offset;
    this.#seenAtMs ??= nowMs;
    if (nowMs - this.#seenAtMs < silenceMsMax) return;
    const { link } = this.#parts;
    link.close(
      new ManygetError('source-silent', `${link.runner.source.label} sent nothing for ${silenceMsMax / 1000} s`),
    );
  }

  /** True once nothing more comes of it: it ended or was cut off. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get offset(): number {
    return this.#offset;
  }

  get writtenBytes(): number {
    return this.#offset - this.#filled + this.#written;
  }

  start(offset: number, bytes: number): void {
    if (offset !== this.#offset)
      throw new ManygetError('unexpected', `a stream went on at ${offset}, expected ${this.#offset}`);
    this.#frameLeft = bytes;
  }

  target(bytesMax: number): Uint8Array | undefined {
    if (this.#isOver || this.#offset >= this.#parts.mayTakeTo()) return undefined;
    return this.#block.subarray(this.#filled, this.#filled + Math.min(bytesMax, this.#frameLeft));
  }

  filled(bytes: number): boolean {
    this.#offset += bytes;
    this.#filled += bytes;
    this.#frameLeft -= bytes;
    return this.#filled === blockBytes && this.finishBlock();
  }

  flushOld(): boolean {
    return this.flush();
  }

  /** Writes what came since the last time. The block stays where it is: the socket may be reading into it. */
  flush(): boolean {
    if (this.#written === this.#filled || this.#isOver) return true;
    try {
      this.#parts.part.write(this.#block, this.#written, this.#filled, this.writtenBytes);
    } catch (error) {
      this.#isOver = true;
      this.#parts.onFail(asManygetError(error, 'io-failed'));
      return false;
    }
    this.#parts.link.runner.wrote(this.#filled - this.#written);
    this.#written = this.#filled;
    return true;
  }

  finishBlock(): boolean {
    if (!this.flush()) return false;
    this.#filled = 0;
    this.#written = 0;
    return true;
  }

  ended(): void {
    if (this.#isOver || !this.finishBlock()) return;
    this.#isOver = true;
    this.#parts.onEnd(this.#offset);
  }

  lost(): void {
    this.#isOver = true;
  }
}
