import { crc32 } from 'node:zlib';
import { Crc32Folder } from './crc32-folder.js';
import type { SharedMemory } from './wasm.js';

/** To prepare folding takes as long as it saves on this many bytes: a small download does without. */
const zlibBytesMax = 8 * 1024 * 1024;

/** A memory of blocks, and what takes CRCs in it once that pays. */
interface Foldable {
  readonly memory: SharedMemory;
  readonly scratchAt: number;
  /** Undefined: not prepared yet, or it cannot be. */
  folder: Crc32Folder | undefined;
  zlibBytes: number;
}

/** By the memory itself. Of this thread: others know of none, and have zlib take their CRCs. */
const memories = new WeakMap<ArrayBufferLike, Foldable>();

/** Blocks lie in this memory; `foldScratchBytes` from `scratchAt` on are of no other use. */
export function crcMayFold(memory: SharedMemory, scratchAt: number): void {
  memories.set(memory.buffer, { memory, scratchAt, folder: undefined, zlibBytes: 0 });
}

/** CRC-32 of some bytes, the fastest way that there is where they are. */
export function crcOfBytes(bytes: Uint8Array): number {
  const foldable = memories.get(bytes.buffer);
  if (foldable === undefined) return crc32(bytes);
  if (foldable.folder !== undefined) return foldable.folder.crc32(bytes);
  const before = foldable.zlibBytes;
  foldable.zlibBytes += bytes.length;
  if (before < zlibBytesMax && foldable.zlibBytes >= zlibBytesMax) {
    foldable.folder = Crc32Folder.of(foldable.memory, foldable.scratchAt);
  }
  return crc32(bytes);
}
