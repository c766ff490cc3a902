import { crcMayFold } from './block-crc.js';
import { foldScratchBytes } from './crc32-folder.js';
import { type SharedMemory, wasm } from './wasm.js';

/**
 * One stretch of memory that blocks are cut from, and a shelf of those that ended downloads have left: a slab is freed by
 * the collector at some time, and a daemon that ends a download each second cannot wait for that.
 */
export const slabUnitBytes = 64 * 1024;

/** Owns one stretch of shared memory; untouched parts of it take no memory yet. Cuts at multiples of the cut's length. */
export class Slab {
  readonly bytes: number;
  readonly isAligned: boolean;
  readonly #memory: SharedArrayBuffer;
  /** One for each unit of the smallest block's size. */
  readonly #used: Uint8Array;

  constructor(bytesMax: number) {
    const units = Math.ceil(bytesMax / slabUnitBytes);
    this.bytes = units * slabUnitBytes;
    this.#used = new Uint8Array(units);
    const aligned = pageAlignedMemory(units + Math.ceil(foldScratchBytes / slabUnitBytes));
    this.isAligned = aligned !== undefined;
    this.#memory = aligned?.buffer ?? new SharedArrayBuffer(this.bytes);
    if (aligned !== undefined) crcMayFold(aligned, this.bytes);
  }

  cut(bytes: number): Uint8Array | undefined {
    const units = bytes / slabUnitBytes;
    for (let at = 0; at + units <= this.#used.length; at += units) {
      if (this.#used.subarray(at, at + units).includes(1)) continue;
      this.#used.fill(1, at, at + units);
      return new Uint8Array(this.#memory, at * slabUnitBytes, bytes);
    }
    return undefined;
  }

  giveBack(bytes: Uint8Array): void {
    const at = bytes.byteOffset / slabUnitBytes;
    this.#used.fill(0, at, at + bytes.length / slabUnitBytes);
  }
}

/** Slabs that nobody uses, for those who need one next. */
export class SlabShelf {
  readonly #bytesMax: number;
  #slabs: Slab[] = [];

  /** @param bytesMax Memory that may lie here. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The one that was used last: its memory is there already. A new one where none is that large. */
  take(bytes: number): Slab {
    const at = this.#slabs.findLastIndex((slab) => slab.bytes === bytes);
    return this.#slabs.splice(at, at < 0 ? 0 : 1)[0] ?? new Slab(bytes);
  }

  put(slab: Slab): void {
    this.#slabs.push(slab);
    for (let bytes = this.#bytes(); bytes > this.#bytesMax; bytes = this.#bytes()) this.#slabs.shift();
  }

  /** Nobody needs one for now. */
  clear(): void {
    this.#slabs = [];
  }

  #bytes(): number {
    return this.#slabs.reduce((sum, slab) => sum + slab.bytes, 0);
  }
}

/**
 * Shared memory that begins at a page, which JavaScript's own buffers do not promise: a WebAssembly memory of `pages`
 * pages of 64 KiB. Undefined where the system refuses the address space for one (`ulimit -v`), or Node runs
 * without WebAssembly (`--jitless`).
 */
function pageAlignedMemory(pages: number): SharedMemory | undefined {
  if (wasm === undefined) return undefined;
  try {
    return new wasm.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
