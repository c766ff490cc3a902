/**
 * The memory that a server reads files into. Bounded whatever the number of connections: who finds the pool empty
 * waits in line. Blocks are used again, so that a fast transfer allocates nothing per block.
 *
 * Invariant: the bytes of all blocks, handed out and spare, never exceed `bytesMax`; while somebody waits, no block
 * that would do for the first in line is spare.
 */

/** Room in front of a block's payload for what a protocol puts before it. A multiple of 64 keeps payloads aligned. */
export const blockHeadBytes = 64;

const blockSizes = [64 * 1024, 128 * 1024, 256 * 1024, 512 * 1024] as const;
const smallestBlock = blockSizes[0];
/** Largest payload of a block. */
export const blockBytesMax = 512 * 1024;

/** Who reads into a block and writes from it. */
export interface BlockUser {
  blockRead(block: Block, error: Error | null, bytes: number): void;
  blockWritten(block: Block, error: Error | null | undefined): void;
}

/** Who waits for a block. */
export interface BlockWaiter {
  /** Blocks that the waiter has already. The last ones of the pool go to those who have none. */
  readonly blocksHeld: number;
  blockReady(block: Block): void;
}

/** A buffer with its callbacks, made once, so that no read or write needs a closure of its own. */
export class Block {
  /** Payload bytes it has room for. */
  readonly capacity: number;
  readonly buffer: Buffer;
  user: BlockUser | undefined;
  /** Payload bytes in it, and where in the file they belong; the user's to set. */
  bytes = 0;
  offset = 0;
  readonly onRead: (error: Error | null, bytes: number) => void;
  readonly onWritten: (error?: Error | null) => void;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.buffer = Buffer.allocUnsafeSlow(blockHeadBytes + capacity);
    this.onRead = (error, bytes) => this.user?.blockRead(this, error, bytes);
    this.onWritten = (error) => this.user?.blockWritten(this, error);
  }
}

interface Waiting {
  readonly bytes: number;
  readonly waiter: BlockWaiter;
}

export class BlockPool {
  readonly #bytesMax: number;
  /** Above this, blocks are small and go only to those who hold none: some stalled connections starve nobody. */
  readonly #commonBytesMax: number;
  readonly #spare = new Map<number, Block[]>(blockSizes.map((size) => [size, []]));
  #bytes = 0;
  #spareBytes = 0;
  #line: Waiting[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#commonBytesMax = Math.floor(bytesMax * 0.75);
  }

  /** True while somebody waits: then nobody should take a block that could be done without. */
  get crowded(): boolean {
    return this.#line.length > 0;
  }

  /** Bytes handed out. */
  get usedBytes(): number {
    return this.#bytes - this.#spareBytes;
  }

  /**
   * A block with room for `bytes`, or for less where memory is short; undefined puts `waiter` in line, whose
   * `blockReady` is then called once.
   */
  take(bytes: number, waiter: BlockWaiter): Block | undefined {
    const block = this.crowded ? undefined : this.#find(bytes, waiter.blocksHeld);
    if (block === undefined) this.#line.push({ bytes, waiter });
    return block;
  }

  /** Takes `waiter` out of the line. */
  leave(waiter: BlockWaiter): void {
    this.#line = this.#line.filter((w) => w.waiter !== waiter);
    this.#serveLine();
  }

  give(block: Block): void {
    block.user = undefined;
    this.#spare.get(block.capacity)?.push(block);
    this.#spareBytes += block.capacity;
    this.#serveLine();
  }

  #serveLine(): void {
    for (;;) {
      const first = this.#line[0];
      if (first === undefined) return;
      const block = this.#find(first.bytes, first.waiter.blocksHeld);
      if (block === undefined) return;
      this.#line.shift();
      first.waiter.blockReady(block);
    }
  }

  #find(bytes: number, held: number): Block | undefined {
    let at = blockSizes.findIndex((size) => size >= bytes);
    if (at === -1) at = blockSizes.length - 1;
    for (; at >= 0; at -= 1) {
      const size = blockSizes[at] ?? smallestBlock;
      const usedMax = size === smallestBlock && held === 0 ? this.#bytesMax : this.#commonBytesMax;
      if (this.usedBytes + size <= usedMax) return this.#obtain(size);
    }
    return undefined;
  }

  #obtain(size: number): Block {
    const spare = this.#spare.get(size)?.pop();
    if (spare !== undefined) {
      this.#spareBytes -= size;
      return spare;
    }
    for (const blocks of this.#spare.values()) {
      while (this.#bytes + size > this.#bytesMax) {
        const dropped = blocks.pop();
        if (dropped === undefined) break;
        this.#spareBytes -= dropped.capacity;
        this.#bytes -= dropped.capacity;
      }
    }
    this.#bytes += size;
    return new Block(size);
  }
}
