import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crcOfBytes } from '../../src/store/block-crc.js';
import { Crc32Folder, foldScratchBytes } from '../../src/store/crc32-folder.js';
import { Slab } from '../../src/store/slab.js';
import { wasm } from '../../src/store/wasm.js';

const mebibyte = 1024 * 1024;
const page = 64 * 1024;

/** Bytes that look random, and are the same each time. */
function fill(bytes: Uint8Array, seed: number): Uint8Array {
  let state = seed;
  for (let i = 0; i < bytes.length; i += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

function folderWith(dataBytes: number): { folder: Crc32Folder; bytes: Uint8Array } {
  const pages = Math.ceil(dataBytes / page);
  const memory = wasm && new wasm.Memory({ initial: pages + 1, maximum: pages + 1, shared: true });
  const folder = memory && Crc32Folder.of(memory, pages * page);
  if (memory === undefined || folder === undefined) throw new Error('expected vectors in WebAssembly');
  expect(foldScratchBytes).toBeLessThanOrEqual(page);
  return { folder, bytes: fill(new Uint8Array(memory.buffer, 0, pages * page), 7) };
}

describe('a CRC-32 by folding', () => {
  it.each([
    ['a block', 0, mebibyte],
    ['a block elsewhere', mebibyte, mebibyte],
    ['a small block', 3 * page, page],
    ['a length that is no multiple of anything, at an odd place', 13, 100_003],
    ['the shortest that is folded', 0, 32 * 1024],
    ['less than that', 5, 32 * 1024 - 1],
    ['nothing', 0, 0],
  ])('is that of zlib for %s', (_, at, length) => {
    const { folder, bytes } = folderWith(2 * mebibyte);
    const some = bytes.subarray(at, at + length);
    expect(folder.crc32(some)).toBe(crc32(some));
  });

  it('is that of zlib for each of 2,000 lengths in a row, one behind the other', () => {
    const { folder, bytes } = folderWith(page);
    for (let length = 33_000; length < 35_000; length += 1) {
      const some = bytes.subarray(length % 31, (length % 31) + length);
      expect(folder.crc32(some), `of ${length} bytes`).toBe(crc32(some));
    }
  });

  it('tells a single changed bit, wherever it is', () => {
    const { folder, bytes } = folderWith(page);
    const before = folder.crc32(bytes);
    for (const at of [0, 15, 16, 3248, 20_000, page - 3300, page - 1]) {
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      expect(folder.crc32(bytes), `byte ${at}`).not.toBe(before);
      expect(folder.crc32(bytes), `byte ${at}`).toBe(crc32(bytes));
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    }
  });

  it('leaves the message as it is', () => {
    const { folder, bytes } = folderWith(2 * page);
    const before = bytes.slice();
    folder.crc32(bytes);
    expect(Buffer.compare(bytes, before)).toBe(0);
  });
});

describe('the CRC-32 of some bytes', () => {
  it('is that of zlib in the blocks of a slab, before and after folding pays', () => {
    const slab = new Slab(4 * mebibyte);
    const blocks = [slab.cut(mebibyte), slab.cut(mebibyte), slab.cut(mebibyte), slab.cut(mebibyte)];
    for (let round = 0; round < 4; round += 1) {
      for (const [i, block] of blocks.entries()) {
        if (block === undefined) throw new Error('expected a block');
        fill(block, round * 4 + i);
        expect(crcOfBytes(block), `round ${round}, block ${i}`).toBe(crc32(block));
      }
    }
  });

  it('is that of zlib for bytes that lie elsewhere', () => {
    const bytes = fill(new Uint8Array(100_000), 3);
    expect(crcOfBytes(bytes)).toBe(crc32(bytes));
  });
});
