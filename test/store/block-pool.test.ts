import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockPool, type Block } from '../../src/store/block-pool.js';

const kibibyte = 1024;

describe('a block pool', () => {
  it('hands out shared memory of exactly the size asked for, and uses it again as it is', () => {
    const pool = new BlockPool({ bytesMax: 1024 * kibibyte });
    const block = pool.take(64 * kibibyte);
    expect(block?.bytes.length).toBe(64 * kibibyte);
    expect(block?.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(pool.isAligned).toBe(true);
    expect((block?.bytes.byteOffset ?? NaN) % (64 * kibibyte)).toBe(0);
    if (block === undefined) return;
    block.bytes[5] = 77;
    pool.release(block);
    expect(pool.takenBytes).toBe(0);
    expect(pool.take(64 * kibibyte)).toBe(block);
    expect(block.bytes[5]).toBe(77);
  });

  it('gives nothing beyond its memory until something comes back', () => {
    const pool = new BlockPool({ bytesMax: 2048 * kibibyte });
    const first = pool.take(1024 * kibibyte);
    const second = pool.take(1024 * kibibyte);
    expect(pool.take(64 * kibibyte)).toBe(undefined);
    expect(pool.takenBytes).toBe(2048 * kibibyte);
    if (first === undefined || second === undefined) throw new Error('expected two blocks');
    pool.release(second);
    expect(pool.take(1024 * kibibyte)).toBe(second);
  });

  it('drops idle blocks of another size to make room', () => {
    const pool = new BlockPool({ bytesMax: 1024 * kibibyte });
    const large = pool.take(1024 * kibibyte);
    if (large === undefined) throw new Error('expected a block');
    pool.release(large);
    expect(pool.take(64 * kibibyte)?.bytes.length).toBe(64 * kibibyte);
    expect(pool.takenBytes + pool.idleBytes).toBeLessThanOrEqual(1024 * kibibyte);
    expect(pool.take(1024 * kibibyte)).toBe(undefined);
  });

  it('gives memory that lies in pieces between blocks in use once these come back', () => {
    const pool = new BlockPool({ bytesMax: 2048 * kibibyte });
    const small = Array.from({ length: 32 }, () => pool.take(64 * kibibyte));
    const [first, ...others] = small;
    for (const block of others) if (block !== undefined) pool.release(block);
    expect(pool.take(1024 * kibibyte)?.bytes.byteOffset).toBe(1024 * kibibyte);
    expect(pool.take(1024 * kibibyte)).toBe(undefined);
    if (first === undefined) throw new Error('expected a block');
    pool.release(first);
    expect(pool.take(1024 * kibibyte)?.bytes.byteOffset).toBe(0);
  });

  it('never hands out the same memory twice', () => {
    const pool = new BlockPool({ bytesMax: 1024 * kibibyte });
    const blocks = [64, 256, 64, 512, 128].map((size) => pool.take(size * kibibyte));
    blocks.forEach((block, i) => block?.bytes.fill(i + 1));
    blocks.forEach((block, i) => expect(block?.bytes.every((byte) => byte === i + 1) ?? true).toBe(true));
    expect(blocks.filter((block) => block !== undefined).length).toBeGreaterThanOrEqual(4);
  });

  it('refuses a block that was released before, or that is not its own', () => {
    const pool = new BlockPool({ bytesMax: 1024 * kibibyte });
    const block = pool.take(64 * kibibyte);
    if (block === undefined) throw new Error('expected a block');
    pool.release(block);
    expect(() => pool.release(block)).toThrow('not taken');
    expect(() => pool.release({ bytes: new Uint8Array(64 * kibibyte) })).toThrow('not taken');
  });

  it('refuses sizes that are no power of two from 64 KiB to 1 MiB', () => {
    const pool = new BlockPool({ bytesMax: 1024 * kibibyte });
    for (const bytes of [0, -1, 1000, 32 * kibibyte, 96 * kibibyte, 2048 * kibibyte, NaN, 65536.5]) {
      expect(() => pool.take(bytes)).toThrow(RangeError);
    }
  });

  it('never holds more than its memory, whatever is taken and released', () => {
    const step = fc.record({ size: fc.integer({ min: 0, max: 4 }), release: fc.boolean(), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new BlockPool({ bytesMax: 1536 * kibibyte });
        const taken: Block[] = [];
        for (const { size, release, which } of steps) {
          if (release && taken.length > 0) {
            const [block] = taken.splice(which % taken.length, 1);
            if (block !== undefined) pool.release(block);
          } else {
            const block = pool.take(64 * kibibyte * 2 ** size);
            if (block !== undefined) {
              expect(taken.includes(block)).toBe(false);
              taken.push(block);
            }
          }
          expect(pool.takenBytes).toBe(taken.reduce((sum, block) => sum + block.bytes.length, 0));
          expect(pool.takenBytes + pool.idleBytes).toBeLessThanOrEqual(1536 * kibibyte);
        }
      }),
      { numRuns: 300 },
    );
  });
});
