import { describe, expect, it } from 'vitest';
import { blockBytesMax, BlockPool, type Block } from '../../src/server/block-pool.js';

const unit = 64 * 1024;

let partyCount = 0;

/** Somebody who takes blocks and keeps them until told; a party of its own where none is named. */
class Taker {
  readonly blocks: Block[] = [];
  readonly #pool: BlockPool;
  readonly #party: string;

  constructor(pool: BlockPool, party = `party ${(partyCount += 1)}`) {
    this.#pool = pool;
    this.#party = party;
  }

  take(bytes: number): boolean {
    const block =
      this.blocks.length > 0 ? this.#pool.takeAhead(bytes, this.#party) : this.#pool.take(bytes, this.#party, this);
    if (block !== undefined) this.blocks.push(block);
    return block !== undefined;
  }

  blockReady(block: Block): void {
    this.blocks.push(block);
  }

  giveOne(): void {
    const block = this.blocks.shift();
    if (block !== undefined) this.#pool.give(block);
  }
}

describe('BlockPool', () => {
  it('hands out blocks that do not overlap and have the room asked for', () => {
    const pool = new BlockPool(64 * unit);
    const taker = new Taker(pool);
    for (const bytes of [1, unit, unit + 1, 200_000, blockBytesMax]) expect(taker.take(bytes)).toBe(true);
    expect(taker.blocks.map((b) => b.capacity / unit)).toEqual([1, 1, 2, 4, 8]);
    taker.blocks.forEach((block, i) => block.buffer.fill(i));
    taker.blocks.forEach((block, i) => expect(block.buffer.every((byte) => byte === i)).toBe(true));
  });

  it('gives less than asked for rather than nothing where memory is short', () => {
    const pool = new BlockPool(16 * unit);
    const takers = [new Taker(pool), new Taker(pool)];
    expect(takers.map((t) => t.take(blockBytesMax))).toEqual([true, true]);
    expect(takers.map((t) => t.blocks[0]?.capacity)).toEqual([8 * unit, 4 * unit]);
  });

  it('keeps the last quarter for those who have nothing', () => {
    const pool = new BlockPool(8 * unit);
    const greedy = new Taker(pool);
    let taken = 0;
    while (greedy.take(blockBytesMax)) taken += 1;
    expect(taken).toBeGreaterThan(0);
    expect([pool.crowded, pool.roomAhead('anybody')]).toEqual([false, false]);
    const modest = [new Taker(pool), new Taker(pool)];
    expect(modest.map((t) => t.take(blockBytesMax))).toEqual([true, true]);
    expect(modest.every((t) => t.blocks[0]?.capacity === unit)).toBe(true);
  });

  it('serves those who wait in the order in which they came', () => {
    const pool = new BlockPool(unit);
    const first = new Taker(pool);
    expect(first.take(unit)).toBe(true);
    const line = [new Taker(pool), new Taker(pool), new Taker(pool)];
    for (const taker of line) expect(taker.take(unit)).toBe(false);
    expect(pool.crowded).toBe(true);
    first.giveOne();
    expect(line.map((t) => t.blocks.length)).toEqual([1, 0, 0]);
    expect(first.take(unit)).toBe(false);
    line[0]?.giveOne();
    line[1]?.giveOne();
    line[2]?.giveOne();
    expect(first.blocks.length).toBe(1);
    expect(pool.crowded).toBe(false);
  });

  it('gives nobody a second block while somebody waits for a first one', () => {
    const pool = new BlockPool(4 * unit);
    const takers = Array.from({ length: 5 }, () => new Taker(pool));
    expect(takers.map((t) => t.take(unit))).toEqual([true, true, true, true, false]);
    expect(takers[0]?.take(unit)).toBe(false);
    takers[1]?.giveOne();
    expect(takers.map((t) => t.blocks.length)).toEqual([1, 0, 1, 1, 1]);
    takers[2]?.giveOne();
    takers[3]?.giveOne();
    expect(takers[0]?.take(unit)).toBe(true);
  });

  it('leaves room for who comes after a party that holds on to all it can get', () => {
    const pool = new BlockPool(128 * unit);
    const crowd = Array.from({ length: 200 }, () => new Taker(pool, 'crowd'));
    expect(crowd.filter((taker) => taker.take(unit))).toHaveLength(121);
    expect(pool.crowded).toBe(true);
    const late = Array.from({ length: 7 }, () => new Taker(pool, 'late'));
    expect(late.every((taker) => taker.take(unit))).toBe(true);
    expect(pool.isHoardedBy('crowd')).toBe(false);
  });

  it('says who has more than its part while somebody has nothing', () => {
    const pool = new BlockPool(16 * unit);
    for (const party of ['a', 'b', 'c', 'd', 'e']) {
      for (let i = 0; i < 16; i += 1) new Taker(pool, party).take(unit);
    }
    expect(new Taker(pool, 'late').take(unit)).toBe(false);
    expect(['a', 'e', 'late'].map((party) => pool.isHoardedBy(party))).toEqual([true, false, false]);
  });

  it('serves the first in line whose party may have more, not only the first', () => {
    const pool = new BlockPool(32 * unit);
    const crowd = Array.from({ length: 40 }, () => new Taker(pool, 'crowd'));
    expect(crowd.filter((taker) => taker.take(unit))).toHaveLength(31);
    const others = [new Taker(pool), new Taker(pool)];
    expect(others.map((taker) => taker.take(unit))).toEqual([true, false]);
    others[0]?.giveOne();
    expect([crowd[31]?.blocks.length, others[1]?.blocks.length]).toEqual([0, 1]);
  });

  it('forgets who leaves the line', () => {
    const pool = new BlockPool(unit);
    const [first, gone, next] = [new Taker(pool), new Taker(pool), new Taker(pool)];
    first.take(unit);
    gone.take(unit);
    next.take(unit);
    pool.leave(gone);
    first.giveOne();
    expect([gone.blocks.length, next.blocks.length]).toEqual([0, 1]);
  });

  it('has all its memory again once everything is given back', () => {
    const pool = new BlockPool(16 * unit);
    const taker = new Taker(pool);
    for (let round = 0; round < 50; round += 1) {
      taker.take(unit * (1 + (round % 8)));
      if (round % 3 === 0) taker.giveOne();
    }
    while (taker.blocks.length > 0) taker.giveOne();
    expect(pool.usedBytes).toBe(0);
    expect(taker.take(blockBytesMax)).toBe(true);
    expect(taker.blocks[0]?.capacity).toBe(blockBytesMax);
  });
});
