/**
 * The memory that a server reads files into: one slab of a fixed size, whatever the number of connections. Who finds it
 * used up waits in line. Nothing is allocated per block, and nothing is left to the garbage collector.
 *
 * A party (the connections from one address) gets more only up to three times what is free, and single units for connections that
 * have none up to 16 times that: whoever comes later finds something. Where many parties hold on to what they have, somebody may
 * come who finds nothing all the same: `isHoardedBy` says who should give something back.
 *
 * Invariant: a unit of the slab belongs to at most one block that is handed out; while somebody waits, there is no room
 * for anybody in the line.
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
  /** Whose it counts as while it is handed out. */
  party = '';
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
  readonly party: string;
  readonly waiter: BlockWaiter;
}

/** What a party may hold, in parts of what is then free: where it could do without, and where a connection has nothing else. */
const spareToFree = 3;
const neededToFree = 16;

export class BlockPool {
  readonly #slab: Buffer;
  readonly #taken: Uint8Array;
  /** Above this, blocks are single units for those who have none: some stalled connections starve nobody. */
  readonly #commonUnits: number;
  readonly #blocks = new Map<number, Block>();
  readonly #unitsOfParty = new Map<string, number>();
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

  /** Whether a party that has nothing waits, while this one has more than an equal part. */
  isHoardedBy(party: string): boolean {
    const held = this.#unitsOfParty.get(party) ?? 0;
    if (held <= this.#taken.length / (this.#unitsOfParty.size + 1)) return false;
    return this.#line.some((waiting) => !this.#unitsOfParty.has(waiting.party));
  }

  /** Payload bytes of the blocks that are handed out. */
  get usedBytes(): number {
    return this.#usedUnits * unitBytes;
  }

  /** Whether somebody who has a block may have another one. Nobody waits for that. */
  roomAhead(party: string): boolean {
    return !this.crowded && this.#usedUnits < this.#commonUnits && this.#mayHave(party, 1, spareToFree);
  }

  /** Another block for somebody who has one, with room for `bytes` or less, where there is room ahead. */
  takeAhead(bytes: number, party: string): Block | undefined {
    return this.roomAhead(party) ? this.#find(bytes, party, this.#commonUnits) : undefined;
  }

  /**
   * A block for somebody who has none, with room for `bytes`, or for less where memory is short; undefined puts
   * `waiter` in line, whose `blockReady` is then called once.
   */
  take(bytes: number, party: string, waiter: BlockWaiter): Block | undefined {
    const isFirst = !this.#line.some((waiting) => waiting.party === party);
    const block = isFirst ? this.#find(bytes, party, this.#taken.length) : undefined;
    if (block === undefined) this.#line.push({ bytes, party, waiter });
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
    const left = (this.#unitsOfParty.get(block.party) ?? 0) - block.units;
    if (left > 0) this.#unitsOfParty.set(block.party, left);
    else this.#unitsOfParty.delete(block.party);
    this.#serveLine();
  }

  /** The first in line whose party may have more is next. */
  #serveLine(): void {
    for (let at = 0; at < this.#line.length && this.#usedUnits < this.#taken.length;) {
      const next = this.#line[at];
      const block = next === undefined ? undefined : this.#find(next.bytes, next.party, this.#taken.length);
      if (next === undefined || block === undefined) {
        at += 1;
        continue;
      }
      this.#line.splice(at, 1);
      next.waiter.blockReady(block);
      at = 0; // The line may be another one now.
    }
  }

  #mayHave(party: string, units: number, toFree: number): boolean {
    const free = this.#taken.length - this.#usedUnits - units;
    return free >= Math.floor(((this.#unitsOfParty.get(party) ?? 0) + units) / toFree);
  }

  /** A block of the common part, or a single unit as long as no more than `unitsUsedMax` are used. */
  #find(bytes: number, party: string, unitsUsedMax: number): Block | undefined {
    let units = 1;
    while (units < unitsMax && units * unitBytes < bytes) units *= 2;
    for (; units >= 1; units /= 2) {
      const usedMax = units === 1 ? unitsUsedMax : this.#commonUnits;
      const toFree = usedMax === this.#taken.length ? neededToFree : spareToFree;
      const mayHave = this.#usedUnits + units <= usedMax && this.#mayHave(party, units, toFree);
      const at = mayHave ? this.#freeRun(units) : -1;
      if (at !== -1) return this.#takeUnits(at, units, party);
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

  #takeUnits(at: number, units: number, party: string): Block {
    this.#taken.fill(1, at, at + units);
    this.#usedUnits += units;
    this.#unitsOfParty.set(party, (this.#unitsOfParty.get(party) ?? 0) + units);
    const key = at * 2 * unitsMax + units;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = new Block(this.#slab.subarray(at * unitStride, (at + units) * unitStride), at, units);
      this.#blocks.set(key, block);
    }
    block.party = party;
    return block;
  }
}
