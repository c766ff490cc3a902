import { describe, expect, it } from 'vitest';
import { BlockPool, type Block } from '../../src/store/block-pool.js';
import { SlabShelf } from '../../src/store/slab.js';

const mebibyte = 1024 * 1024;

function taken(pool: BlockPool, bytes = mebibyte): Block {
  const block = pool.take(bytes);
  if (block === undefined) throw new Error('expected a block');
  return block;
}

describe('a shelf of slabs', () => {
  it('hands the memory of a closed pool to the next one', () => {
    const shelf = new SlabShelf(8 * mebibyte);
    const first = new BlockPool({ bytesMax: 4 * mebibyte, shelf });
    const block = taken(first);
    first.release(block);
    first.close();
    const second = new BlockPool({ bytesMax: 4 * mebibyte, shelf });
    expect(taken(second).bytes.buffer).toBe(block.bytes.buffer);
    expect(first.take(mebibyte)).toBeUndefined();
  });

  it('keeps back what somebody may still write to until the last block is released', () => {
    const shelf = new SlabShelf(8 * mebibyte);
    const first = new BlockPool({ bytesMax: 4 * mebibyte, shelf });
    const blocks = [taken(first), taken(first)];
    first.close();
    for (const block of blocks) {
      expect(shelf.take(4 * mebibyte).cut(mebibyte)?.buffer).not.toBe(block.bytes.buffer);
      first.release(block);
    }
    expect(shelf.take(4 * mebibyte).cut(mebibyte)?.buffer).toBe(blocks[0]?.bytes.buffer);
  });

  it('gives a pool of another size memory of its own, all of which can be taken', () => {
    const shelf = new SlabShelf(16 * mebibyte);
    new BlockPool({ bytesMax: 4 * mebibyte, shelf }).close();
    const larger = new BlockPool({ bytesMax: 8 * mebibyte, shelf });
    for (let n = 0; n < 8; n += 1) expect(taken(larger).bytes.length).toBe(mebibyte);
  });

  it('holds no more than it was allowed to, and nothing once it is cleared', () => {
    const shelf = new SlabShelf(4 * mebibyte);
    const slabs = [shelf.take(4 * mebibyte), shelf.take(4 * mebibyte)];
    for (const slab of slabs) shelf.put(slab);
    expect(shelf.take(4 * mebibyte)).toBe(slabs[1]);
    expect(shelf.take(4 * mebibyte)).not.toBe(slabs[0]);
    for (const slab of slabs.slice(0, 1)) shelf.put(slab);
    shelf.clear();
    expect(shelf.take(4 * mebibyte)).not.toBe(slabs[0]);
  });
});
