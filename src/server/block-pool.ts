/**
 * The memory that a server reads files into: one slab of a fixed size, whatever the number of connections. Who finds it
 * used up waits in line. Nothing is allocated per block, and nothing is left to the garbage collector.
 *
 * Invariant: a unit of the slab belongs to at most one block that is handed out; while somebody waits, there is no room
 * for the first in line.
 */

/** Room in front of a block's payload for what a protocol puts before it. A multiple of 64 keeps payloads aligned. */
export const blockHeadBytes = 64;

/** Payload of a unit. Blocks are 1, 2, 4 or 8 units. */
const unitBytes = 64 * 1024;
const unitStride = unitBytes + blockHeadBytes;
const unitsMax = 8;
/** Largest payload of a block. */
export const blockBytesMax = unitsMax * unitBytes;

/** Who reads into a block and writes from it. */
export interface BlockUser {
  blockRead(block: Block, error: Error | null, bytes: number): void;
  blockWritten(block: Block, error: Error | null | undefined): void;
}

/** Who has no block and waits for one. */
export interface BlockWaiter {
  blockReady(block: Block): void;
}

/** A part of the slab with its callbacks, made once, so that no read or write needs a closure of its own. */
export class Block {
  readonly buffer: Buffer;
  readonly firstUnit: number;
  readonly units: number;
  user: BlockUser | undefined;
  /** Payload bytes in it; the user's to set. */
  bytes = 0;
  readonly onRead: (error: Error | null, bytes: number) => void;
  readonly onWritten: (error?: Error | null) => void;

  constructor(buffer: Buffer, firstUnit: number, units: number) {
    this.buffer = buffer;
    this.firstUnit = firstUnit;
    this.units = units;
    this.onRead = (error, bytes) => this.user?.blockRead(this, error, bytes);
    this.onWritten = (error) => this.user?.blockWritten(this, error);
  }

  /** Payload bytes it has room for. */
  get capacity(): number {
    return this.units * unitBytes;
  }
}

interface Waiting {
  readonly bytes: number;
  readonly waiter: BlockWaiter;
}

export class BlockPool {
  readonly #slab: Buffer;
  readonly #taken: Uint8Array;
  /** Above this, blocks are single units for those who have none: some stalled connections starve nobody. */
  readonly #commonUnits: number;
  readonly #blocks = new Map<number, Block>();
  #usedUnits = 0;
  #line: Waiting[] = [];

  /** @param bytes Payload bytes in all; at least those of one unit, 64 KiB. */
  constructor(bytes: number) {
    const units = Math.max(1, Math.floor(bytes / unitBytes));
    this.#slab = Buffer.allocUnsafeSlow(units * unitStride);
    this.#taken = new Uint8Array(units);
    this.#commonUnits = Math.floor(units * 0.75);
  }

  /** True while somebody waits: then nobody should take a block that could be done without. */
  get crowded(): boolean {
    return this.#line.length > 0;
  }

  /** Payload bytes of the blocks that are handed out. */
  get usedBytes(): number {
    return this.#usedUnits * unitBytes;
  }

  /** Whether somebody who has a block may have another one. Nobody waits for that. */
  get roomAhead(): boolean {
    return !this.crowded && this.#usedUnits < this.#commonUnits;
  }

  /** Another block for somebody who has one, with room for `bytes` or less, where there is room ahead. */
  takeAhead(bytes: number): Block | undefined {
    return this.roomAhead ? this.#find(bytes, this.#commonUnits) : undefined;
  }

  /**
   * A block for somebody who has none, with room for `bytes`, or for less where memory is short; undefined puts
   * `waiter` in line, whose `blockReady` is then called once.
   */
  take(bytes: number, waiter: BlockWaiter): Block | undefined {
    const block = this.crowded ? undefined : this.#find(bytes, this.#taken.length);
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
    this.#taken.fill(0, block.firstUnit, block.firstUnit + block.units);
    this.#usedUnits -= block.units;
    this.#serveLine();
  }

  #serveLine(): void {
    for (;;) {
      const first = this.#line[0];
      if (first === undefined) return;
      const block = this.#find(first.bytes, this.#taken.length);
      if (block === undefined) return;
      this.#line.shift();
      first.waiter.blockReady(block);
    }
  }

  /** A block of the common part, or a single unit as long as no more than `unitsUsedMax` are used. */
  #find(bytes: number, unitsUsedMax: number): Block | undefined {
    let units = 1;
    while (units < unitsMax && units * unitBytes < bytes) units *= 2;
    for (; units >= 1; units /= 2) {
      const usedMax = units === 1 ? unitsUsedMax : this.#commonUnits;
      const at = this.#usedUnits + units <= usedMax ? this.#freeRun(units) : -1;
      if (at !== -1) return this.#takeUnits(at, units);
    }
    return undefined;
  }

  /** First unit of a free run: single ones from the back, so that they do not break up the front. */
  #freeRun(units: number): number {
    if (units === 1) return this.#taken.lastIndexOf(0);
    for (let at = 0; at + units <= this.#taken.length; at += units) {
      let free = 0;
      while (free < units && this.#taken[at + free] === 0) free += 1;
      if (free === units) return at;
    }
    return -1;
  }

  #takeUnits(at: number, units: number): Block {
    this.#taken.fill(1, at, at + units);
    this.#usedUnits += units;
    const key = at * 2 * unitsMax + units;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = new Block(this.#slab.subarray(at * unitStride, (at + units) * unitStride), at, units);
      this.#blocks.set(key, block);
    }
    return block;
  }
}
