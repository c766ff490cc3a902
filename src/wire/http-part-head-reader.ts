import { latin1 } from '../base/latin1.js';
import { httpLimits } from './http-limits.js';
import { readPartHead, wrongParts } from './http-part-head.js';
import type { ContentRange } from './http-range.js';

/**
 * Reads up to where the first part of a `multipart/byteranges` body begins (RFC 9110 14.6): the delimiter and the head
 * of the part. What follows are the bytes of the file that its Content-Range names. Sans-I/O.
 */
export class PartHeadReader {
  readonly #peer: string;
  readonly #delimiter: string;
  readonly #bytes: number[] = [];
  #range: ContentRange | undefined;

  constructor(boundary: string, peer: string) {
    this.#delimiter = `--${boundary}`;
    this.#peer = peer;
  }

  /** What the part holds, once its head was read. */
  get range(): ContentRange | undefined {
    return this.#range;
  }

  /**
   * Takes bytes up to the end of the part's head, and says how many.
   * @throws ManygetError `http-range`: no such head.
   */
  push(bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length; i += 1) {
      this.#bytes.push(bytes[i] ?? 0);
      if (this.#bytes.length > httpLimits.partHeadBytesMax) throw wrongParts(this.#peer, 'a part with too long a head');
      const [a, b, c, d] = this.#bytes.slice(-4);
      if (a !== 13 || b !== 10 || c !== 13 || d !== 10) continue;
      const lines = latin1(Uint8Array.from(this.#bytes)).split('\r\n');
      // Empty lines may stand before the first delimiter.
      while (lines[0] === '' && lines.length > 1) lines.shift();
      if (lines.length < 3) continue;
      this.#range = readPartHead(lines, this.#delimiter, this.#peer);
      return i + 1;
    }
    return bytes.length;
  }
}
