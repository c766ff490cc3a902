import { ManygetError } from '../base/errors.js';
import { latin1 } from '../base/latin1.js';
import { httpLimits } from './http-limits.js';
import { parseContentRange, type ContentRange } from './http-range.js';

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
      if (this.#bytes.length > httpLimits.partHeadBytesMax) throw this.#wrong('a part with too long a head');
      const [a, b, c, d] = this.#bytes.slice(-4);
      if (a !== 13 || b !== 10 || c !== 13 || d !== 10) continue;
      const lines = latin1(Uint8Array.from(this.#bytes)).split('\r\n');
      // Empty lines may stand before the first delimiter.
      while (lines[0] === '' && lines.length > 1) lines.shift();
      if (lines.length < 3) continue;
      this.#range = this.#read(lines);
      return i + 1;
    }
    return bytes.length;
  }

  #read([first = '', ...lines]: string[]): ContentRange {
    if (first.trimEnd() !== this.#delimiter) throw this.#wrong('parts without the delimiter that it names');
    const value = lines.map((line) => /^content-range\s*:(.*)$/i.exec(line)?.[1]).find((text) => text !== undefined);
    const range = parseContentRange(value ?? '');
    if (range === undefined) throw this.#wrong('a part without a Content-Range');
    return range;
  }

  #wrong(what: string): ManygetError {
    return new ManygetError('http-range', `${this.#peer} sent ${what} in a multipart answer`);
  }
}
