import { Random } from './random.js';

/** Bytes that are nowhere the same, always the same ones for a seed. */
export function randomBytesOf(sizeBytes: number, seed = 1): Buffer {
  const random = new Random(seed);
  const words = Uint32Array.from({ length: Math.ceil(sizeBytes / 4) }, () => random.whole(0, 0xffff_ffff));
  return Buffer.from(words.buffer, 0, sizeBytes);
}
