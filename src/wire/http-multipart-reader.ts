import { rangeBytes } from '../base/byte-range.js';
import { latin1 } from '../base/latin1.js';
import { httpLimits } from './http-limits.js';
import { readPartHead, wrongParts } from './http-part-head.js';
import type { ContentRange } from './http-range.js';

/** One part of a multipart answer: which bytes of the file, and the bytes. */
export interface RangePart {
  readonly range: ContentRange;
  readonly bytes: Uint8Array;
}

/**
 * Reads a `multipart/byteranges` body (RFC 9110 14.6) of many short parts, whole. For parts that are long,
 * `PartHeadReader` reads the head alone. Sans-I/O.
 */
export class MultipartReader {
  readonly #delimiter: string;
  readonly #peer: string;
  readonly #partBytesMax: number;
  #rest = Buffer.alloc(0);
  #range: ContentRange | undefined;
  #isDone = false;

  /** @param partBytesMax A longer part is refused. */
  constructor(boundary: string, peer: string, partBytesMax: number) {
    this.#delimiter = `--${boundary}`;
    this.#peer = peer;
    this.#partBytesMax = partBytesMax;
  }

  /** The last delimiter was read; what follows counts for nothing. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Takes bytes of the body, and hands on the parts that they completed.
   * @throws ManygetError `http-range`: not such a body.
   */
  push(bytes: Uint8Array, onPart: (part: RangePart) => void): void {
    if (this.#isDone) return;
    // Copied here once; the parts are views of the copy.
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (;;) {
      if (this.#range === undefined) {
        const next = this.#readHead(at);
        if (next === undefined) break;
        at = next;
        continue;
      }
      const range: ContentRange = this.#range;
      const length = rangeBytes(range);
      if (this.#rest.length - at < length) break;
      onPart({ range, bytes: this.#rest.subarray(at, at + length) });
      this.#range = undefined;
      at += length;
    }
    this.#rest = this.#rest.subarray(at);
  }

  /** Reads the delimiter and the head that begin at `at`; returns where the part's bytes begin. */
  #readHead(at: number): number | undefined {
    // Empty lines may stand before a delimiter, and are of the head's length: a body of nothing else is kept whole otherwise.
    let from = at;
    while (this.#rest[from] === 13 && this.#rest[from + 1] === 10) from += 2;
    const end = this.#rest.indexOf('\r\n\r\n', from, 'latin1');
    if (end < 0 || end - at > httpLimits.partHeadBytesMax) {
      if (latin1(this.#rest.subarray(from, from + this.#delimiter.length + 2)) === `${this.#delimiter}--`) {
        this.#isDone = true;
      } else if (this.#rest.length - at > httpLimits.partHeadBytesMax) {
        throw wrongParts(this.#peer, 'a part with too long a head');
      }
      return undefined;
    }
    const lines = latin1(this.#rest.subarray(from, end)).split('\r\n');
    if (lines[0]?.startsWith(`${this.#delimiter}--`) === true) {
      this.#isDone = true;
      return undefined;
    }
    const range = readPartHead(lines, this.#delimiter, this.#peer);
    if (rangeBytes(range) > this.#partBytesMax) throw wrongParts(this.#peer, 'a longer part than was asked for');
    this.#range = range;
    return end + 4;
  }
}
