/**
 * Owns the memory that received bytes land in: blocks that a socket fills, a write empties and a hash worker reads,
 * without a copy. Bounded in bytes, and blocks are reused as they are, without filling them with zeros again.
 *
 * Invariant: takenBytes + idle bytes <= bytesMax, and a block is either taken or idle.
 */

/** Who took a block has it alone until its release. */
export interface Block {
  /** Backed by a SharedArrayBuffer of exactly this length. Holds what its last user left there. */
  readonly bytes: Uint8Array;
}

export const blockBytesMin = 64 * 1024;
export const blockBytesMax = 1024 * 1024;

const blockSizes: ReadonlySet<number> = new Set([1, 2, 4, 8, 16].map((times) => times * blockBytesMin));

export class BlockPool {
  readonly #bytesMax: number;
  /** Idle blocks by size. */
  readonly #idle = new Map<number, Block[]>();
  readonly #taken = new Set<Block>();
  #takenBytes = 0;
  #idleBytes = 0;

  /** @param options.bytesMax Memory that all blocks together may take, idle ones included. */
  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
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
      if (this.#takenBytes + blockBytes > this.#bytesMax) return undefined;
      this.#dropIdle(this.#bytesMax - this.#takenBytes - blockBytes);
      block = { bytes: new Uint8Array(new SharedArrayBuffer(blockBytes)) };
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

  /** Lets go of idle blocks until at most `bytesMax` bytes of them are left. Only sizes that nobody asks for are idle here. */
  #dropIdle(bytesMax: number): void {
    for (const [blockBytes, idle] of this.#idle) {
      while (this.#idleBytes > bytesMax && idle.pop() !== undefined) this.#idleBytes -= blockBytes;
      if (idle.length === 0) this.#idle.delete(blockBytes);
    }
  }
}
