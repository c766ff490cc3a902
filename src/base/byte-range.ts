/** A half-open range of a file's bytes: `start` is in it, `end` is not. Offsets are whole numbers up to 2^53 - 1. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Number of bytes in `range`. */
export function rangeBytes(range: ByteRange): number {
  return range.end - range.start;
}
