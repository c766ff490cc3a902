import { Slab, slabUnitBytes, type SlabShelf } from './slab.js';

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

const blockBytesMin = slabUnitBytes;
export const blockBytesMax = 1024 * 1024;

const blockSizes: ReadonlySet<number> = new Set([1, 2, 4, 8, 16].map((times) => times * blockBytesMin));

export class BlockPool {
  readonly bytesMax: number;
  #made: Slab | undefined;
  /** Idle blocks by size. */
  readonly #idle = new Map<number, Block[]>();
  readonly #taken = new Set<Block>();
  #takenBytes = 0;
  #idleBytes = 0;
  readonly #shelf: SlabShelf | undefined;
  #closed = false;

  /**
   * @param options.bytesMax Memory that all blocks together may take, idle ones included.
   * @param options.shelf Where the memory comes from, and goes when the pool is closed and no block is taken.
   */
  constructor(options: { readonly bytesMax: number; readonly shelf?: SlabShelf | undefined }) {
    this.bytesMax = options.bytesMax;
    this.#shelf = options.shelf;
  }

  /** Made when it is needed first: servers are asked for their first bytes before that. */
  get #slab(): Slab {
    return (this.#made ??= this.#shelf?.take(this.bytesMax) ?? new Slab(this.bytesMax));
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
    if (this.#closed) return undefined;
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
    if (this.#closed) this.#leave();
  }

  /** Nobody takes a block any more; those that are out may still come back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
  }

  /** Somebody else may have the memory once nobody here can write to it any more. */
  #leave(): void {
    if (this.#taken.size > 0) return;
    this.#dropIdle(0);
    if (this.#made !== undefined) this.#shelf?.put(this.#made);
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
