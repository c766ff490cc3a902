import type { ByteRange } from '../base/byte-range.js';

/** Where each piece of a file lies. The last one is short; an empty file has none. */
export function pieceRanges(sizeBytes: number, pieceBytes: number): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (let start = 0; start < sizeBytes; start += pieceBytes) {
    ranges.push({ start, end: Math.min(start + pieceBytes, sizeBytes) });
  }
  return ranges;
}
