import type { ByteRange } from '../base/byte-range.js';
import { ManygetError } from '../base/errors.js';
import type { SourceId } from '../base/ids.js';
import type { Block } from '../store/block-pool.js';
import type { Sink } from './sink.js';

/** Where bytes land that are there already: written over again and again, read by nobody. */
const scratch = new Uint8Array(64 * 1024);

/**
 * One connection's way to the disk: hands the socket the very memory that is written from, block after block.
 *
 * Invariant: `#block` holds file bytes [`#base`, `#base + #filled`), of which those before `#written` are on disk. A
 * block ends where the file offset is a multiple of the block size, so that blocks and pieces line up.
 */
export class Inlet {
  readonly #sink: Sink;
  readonly #source: SourceId;
  #offset = 0;
  #frameLeft = 0;
  /** Some bytes of the frame that is coming are in the file already. */
  #partlyThere = false;
  #intoScratch = false;
  #block: Block | undefined;
  #base = 0;
  #filled = 0;
  #written = 0;
  #capacity = 0;
  /** The block, and how much was in it, at the last `flushOld`. */
  #seenBlock: Block | undefined;
  #seenFilled = 0;

  constructor(sink: Sink, source: SourceId) {
    this.#sink = sink;
    this.#source = source;
  }

  /** File offset after the last byte that arrived. */
  get offset(): number {
    return this.#offset;
  }

  /** `bytes` bytes from `offset` follow. */
  start(offset: number, bytes: number): void {
    if (this.#block !== undefined && this.#base + this.#filled !== offset) this.finishBlock();
    this.#offset = offset;
    this.#frameLeft = bytes;
    this.#partlyThere = !this.#sink.isMissing(offset, offset + bytes);
  }

  /** Where the next bytes go; undefined while there is no room. May be asked again before anything comes. */
  target(bytesMax: number): Uint8Array | undefined {
    let most = bytesMax;
    this.#intoScratch = false;
    if (this.#partlyThere) {
      const same = this.#sink.sameUntil(this.#offset, this.#offset + this.#frameLeft);
      most = Math.min(most, same.until - this.#offset);
      if (!same.missing) {
        this.#intoScratch = true;
        return scratch.subarray(0, most);
      }
    }
    const fits = this.#base + this.#filled === this.#offset && this.#filled < this.#capacity;
    if (this.#block !== undefined && !fits && !this.finishBlock()) return undefined;
    if (this.#block === undefined && !this.#takeBlock()) return undefined;
    return this.#block?.bytes.subarray(this.#filled, Math.min(this.#capacity, this.#filled + most));
  }

  /** `bytes` arrived in the last target. True where that filled a block. */
  filled(bytes: number): boolean {
    // Reported as delivered they would be lost, and nobody would be asked for them again.
    if (!this.#intoScratch && this.#block === undefined)
      throw new ManygetError('unexpected', `${bytes} bytes came for ${this.#offset}, and their memory was given up`);
    this.#offset += bytes;
    this.#frameLeft -= bytes;
    if (this.#intoScratch) {
      this.#sink.countDuplicates(bytes, this.#source);
      return false;
    }
    this.#sink.arrived(bytes);
    this.#filled += bytes;
    if (this.#filled < this.#capacity) return false;
    this.finishBlock();
    return true;
  }

  /** As `flush`, for what has been in memory alone since the last call of this; a block that fills fast stays whole. */
  flushOld(): boolean {
    const isOld = this.#block === this.#seenBlock && this.#seenFilled > this.#written;
    this.#seenBlock = this.#block;
    this.#seenFilled = this.#filled;
    return !isOld || this.flush();
  }

  /** Writes what is in memory alone; false where the disk takes nothing. */
  flush(): boolean {
    if (this.#block === undefined || this.#written === this.#filled) return true;
    const stretch = this.#stretch(this.#block);
    if (!this.#sink.write(stretch)) return false;
    this.#written = this.#filled;
    return true;
  }

  /**
   * Writes what is left of the block and gives it up; false where the disk takes nothing: the block stays. Only while no
   * socket reads into the last target.
   */
  finishBlock(): boolean {
    const block = this.#block;
    if (block === undefined) return true;
    // Given up first: what the last bytes set off may end this very connection.
    this.#block = undefined;
    if (this.#written === this.#filled) {
      this.#sink.release(block);
      return true;
    }
    if (this.#sink.finish(this.#stretch(block), this.#base)) return true;
    this.#block = block;
    return false;
  }

  /** Gives up what is in memory alone, and the block: these bytes. */
  drop(): ByteRange | undefined {
    const block = this.#block;
    if (block === undefined) return undefined;
    this.#block = undefined;
    const { from, to, offset } = this.#stretch(block);
    this.#sink.release(block);
    return from === to ? undefined : { start: offset, end: offset + to - from };
  }

  #takeBlock(): boolean {
    const block = this.#sink.take();
    if (block === undefined) return false;
    this.#block = block;
    this.#base = this.#offset;
    this.#filled = 0;
    this.#written = 0;
    this.#capacity = block.bytes.length - (this.#offset % block.bytes.length);
    return true;
  }

  #stretch(block: Block): { block: Block; from: number; to: number; offset: number; source: SourceId } {
    return { block, from: this.#written, to: this.#filled, offset: this.#base + this.#written, source: this.#source };
  }
}
