import { rangeBytes, type ByteRange } from '../base/byte-range.js';

/** The frame of a multipart/byteranges body (RFC 9110 14.6): what goes before each part and behind the last one. */
interface MultipartFrame {
  readonly contentType: string;
  /** One for each range, in their order. ASCII. */
  readonly heads: readonly string[];
  readonly tail: string;
  /** Of the whole body, exactly. */
  readonly bodyBytes: number;
}

/** `boundary` must be one that the file does not hold; 60 characters at most, letters and digits. */
export function frameParts(
  ranges: readonly ByteRange[],
  sizeBytes: number,
  partType: string,
  boundary: string,
): MultipartFrame {
  const heads = ranges.map(
    (range) =>
      `\r\n--${boundary}\r\nContent-Type: ${partType}\r\nContent-Range: ${contentRange(range, sizeBytes)}\r\n\r\n`,
  );
  const tail = `\r\n--${boundary}--\r\n`;
  const bodyBytes = ranges.reduce((sum, range, i) => sum + rangeBytes(range) + (heads[i]?.length ?? 0), tail.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, heads, tail, bodyBytes };
}

/** The value of Content-Range for a part that is sent. */
export function contentRange(range: ByteRange, sizeBytes: number): string {
  return `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
}
