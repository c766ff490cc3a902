import { Random } from './random.js';

/** `count` bytes that look random; the same for the same seed. */
export function randomBytesOf(seed: number, count: number): Buffer {
  const random = new Random(seed);
  const words = Uint32Array.from({ length: Math.ceil(count / 4) }, () => random.whole(0, 0xffff_ffff));
  return Buffer.from(words.buffer, 0, count);
}
