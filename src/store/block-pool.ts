/**
 * Owns the memory that received bytes land in: blocks that a socket fills, a write empties and a hash worker reads,
 * without a copy. Bounded in bytes, and blocks are reused as they are, without filling them with zeros again.
 *
 * All blocks are cut from one stretch of memory, the slab, whose beginning and every block's are multiples of the
 * smallest block's size: writes that go past the page cache need that.
 *
 * Invariant: takenBytes + idle bytes <= bytesMax, and a block is either taken or idle.
 */

/** Who took a block has it alone until its release. */
export interface Block {
  /** Within shared memory. Holds what its last user left there. */
  readonly bytes: Uint8Array;
}

const blockBytesMin = 64 * 1024;
export const blockBytesMax = 1024 * 1024;

const blockSizes: ReadonlySet<number> = new Set([1, 2, 4, 8, 16].map((times) => times * blockBytesMin));

export class BlockPool {
  readonly bytesMax: number;
  readonly #slab: Slab;
  /** Idle blocks by size. */
  readonly #idle = new Map<number, Block[]>();
  readonly #taken = new Set<Block>();
  #takenBytes = 0;
  #idleBytes = 0;

  /** @param options.bytesMax Memory that all blocks together may take, idle ones included. */
  constructor(options: { readonly bytesMax: number }) {
    this.bytesMax = options.bytesMax;
    this.#slab = new Slab(options.bytesMax);
  }

  /** True where blocks lie in memory as a write past the page cache (O_DIRECT) needs it. */
  get isAligned(): boolean {
    return this.#slab.isAligned;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A block of `blockBytes` (a power of two from 64 KiB to 1 MiB), or undefined while the pool's memory is taken. */
  take(blockBytes: number): Block | undefined {
    if (!blockSizes.has(blockBytes)) {
      throw new RangeError(`a block of ${blockBytes} bytes, expected a power of two from 65536 to 1048576`);
    }
    let block = this.#idle.get(blockBytes)?.pop();
    if (block === undefined) {
      block = this.#make(blockBytes);
      if (block === undefined) return undefined;
    } else {
      this.#idleBytes -= blockBytes;
    }
    this.#taken.add(block);
    this.#takenBytes += blockBytes;
    return block;
  }

  /** Gives a block back. Throws for one that is not taken from this pool. */
  release(block: Block): void {
    if (!this.#taken.delete(block)) throw new Error('a block was released that is not taken from this pool');
    const blockBytes = block.bytes.length;
    this.#takenBytes -= blockBytes;
    this.#idleBytes += blockBytes;
    const idle = this.#idle.get(blockBytes);
    if (idle === undefined) this.#idle.set(blockBytes, [block]);
    else idle.push(block);
  }

  /** Blocks of other sizes that nobody asks for make room, all of them where they lie in the way. */
  #make(blockBytes: number): Block | undefined {
    if (this.#takenBytes + blockBytes > this.bytesMax) return undefined;
    this.#dropIdle(this.bytesMax - this.#takenBytes - blockBytes);
    let bytes = this.#slab.cut(blockBytes);
    if (bytes === undefined && this.#idleBytes > 0) {
      this.#dropIdle(0);
      bytes = this.#slab.cut(blockBytes);
    }
    return bytes === undefined ? undefined : { bytes };
  }

  /** Lets go of idle blocks until at most `bytesMax` bytes of them are left. Only sizes that nobody asks for are idle here. */
  #dropIdle(bytesMax: number): void {
    for (const [blockBytes, idle] of this.#idle) {
      while (this.#idleBytes > bytesMax) {
        const block = idle.pop();
        if (block === undefined) break;
        this.#slab.giveBack(block.bytes);
        this.#idleBytes -= blockBytes;
      }
      if (idle.length === 0) this.#idle.delete(blockBytes);
    }
  }
}

/** Owns one stretch of shared memory; untouched parts of it take no memory yet. Cuts at multiples of the cut's length. */
class Slab {
  readonly isAligned: boolean;
  readonly #memory: SharedArrayBuffer;
  /** One for each unit of the smallest block's size. */
  readonly #used: Uint8Array;

  constructor(bytesMax: number) {
    const units = Math.ceil(bytesMax / blockBytesMin);
    this.#used = new Uint8Array(units);
    const aligned = pageAlignedMemory(units);
    this.isAligned = aligned !== undefined;
    this.#memory = aligned ?? new SharedArrayBuffer(units * blockBytesMin);
  }

  cut(bytes: number): Uint8Array | undefined {
    const units = bytes / blockBytesMin;
    for (let at = 0; at + units <= this.#used.length; at += units) {
      if (this.#used.subarray(at, at + units).includes(1)) continue;
      this.#used.fill(1, at, at + units);
      return new Uint8Array(this.#memory, at * blockBytesMin, bytes);
    }
    return undefined;
  }

  giveBack(bytes: Uint8Array): void {
    const at = bytes.byteOffset / blockBytesMin;
    this.#used.fill(0, at, at + bytes.length / blockBytesMin);
  }
}

/** The part of WebAssembly that is needed here; the compiler's Node types have none of it. */
interface WasmHost {
  readonly WebAssembly?: {
    readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => { readonly buffer: unknown };
  };
}

/**
 * Shared memory that begins at a page, which JavaScript's own buffers do not promise: a WebAssembly memory of `pages`
 * pages of 64 KiB. Undefined where the system refuses the address space for one (`ulimit -v`), or Node runs
 * without WebAssembly (`--jitless`).
 */
function pageAlignedMemory(pages: number): SharedArrayBuffer | undefined {
  const wasm = (globalThis as WasmHost).WebAssembly;
  if (wasm === undefined) return undefined;
  try {
    const { buffer } = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
    return buffer instanceof SharedArrayBuffer ? buffer : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
