import { ManygetError } from '../base/errors.js';
import { latin1 } from './http-head.js';
import { httpLimits } from './http-limits.js';
import { parseContentRange, type ContentRange } from './http-range.js';

/** One part of a multipart answer: which bytes of the file, and the bytes. */
export interface RangePart {
  readonly range: ContentRange;
  readonly bytes: Uint8Array;
}

/** Two offsets of at most 15 digits, so that they are exact, and what is between them. */
const offsetsBytesMax = 31;

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
  /** What stood around the two offsets in the head before this one: servers write all heads of an answer alike. */
  #before: Buffer | undefined;
  #after: Buffer | undefined;
  #totalBytes: number | undefined;

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
      const length = range.end - range.start;
      if (this.#rest.length - at < length) break;
      onPart({ range, bytes: this.#rest.subarray(at, at + length) });
      this.#range = undefined;
      at += length;
    }
    this.#rest = this.#rest.subarray(at);
  }

  /** Reads the delimiter and the head that begin at `at`; returns where the part's bytes begin. */
  #readHead(at: number): number | undefined {
    // Empty lines may stand before a delimiter.
    let from = at;
    while (this.#rest[from] === 13 && this.#rest[from + 1] === 10) from += 2;
    const alike = this.#readAlike(from);
    if (alike !== undefined) return alike;
    const end = this.#rest.indexOf('\r\n\r\n', from, 'latin1');
    if (end < 0 || end - from > httpLimits.partHeadBytesMax) {
      if (latin1(this.#rest.subarray(from, from + this.#delimiter.length + 2)) === `${this.#delimiter}--`) {
        this.#isDone = true;
      } else if (this.#rest.length - from > httpLimits.partHeadBytesMax) {
        throw this.#wrong('a part with too long a head');
      }
      return undefined;
    }
    const [first = '', ...lines] = latin1(this.#rest.subarray(from, end)).split('\r\n');
    if (first.startsWith(`${this.#delimiter}--`)) {
      this.#isDone = true;
      return undefined;
    }
    if (first.trimEnd() !== this.#delimiter) throw this.#wrong('parts without the delimiter that it names');
    const value = lines.map((line) => /^content-range\s*:(.*)$/i.exec(line)?.[1]).find((text) => text !== undefined);
    const range = parseContentRange(value ?? '');
    if (range === undefined) throw this.#wrong('a part without a Content-Range');
    if (range.end - range.start > this.#partBytesMax) throw this.#wrong('a longer part than was asked for');
    this.#range = range;
    this.#learn(from, end + 4, range);
    return end + 4;
  }

  /** Keeps what stands around the offsets of the head in [from, end), where they are written plainly. */
  #learn(from: number, end: number, range: ContentRange): void {
    const offsets = Buffer.from(` ${range.start}-${range.end - 1}/`, 'latin1');
    const at = this.#rest.indexOf(offsets, from);
    if (at < 0 || at + offsets.length > end) return;
    this.#before = Buffer.from(this.#rest.subarray(from, at + 1));
    this.#after = Buffer.from(this.#rest.subarray(at + offsets.length - 1, end));
    this.#totalBytes = range.totalBytes;
  }

  /** As `#readHead`, for a head that differs from the one before in its offsets alone; undefined where it does not. */
  #readAlike(from: number): number | undefined {
    const [before, after, rest] = [this.#before, this.#after, this.#rest];
    if (before === undefined || after === undefined) return undefined;
    const first = from + before.length;
    if (!isAt(before, rest, from)) return undefined;
    const dash = digitsEnd(rest, first);
    const end = digitsEnd(rest, dash + 1);
    if (dash === first || end === dash + 1 || rest[dash] !== 45 || end - first > offsetsBytesMax) return undefined;
    if (!isAt(after, rest, end)) return undefined;
    const range = { start: numberAt(rest, first, dash), end: numberAt(rest, dash + 1, end) + 1 };
    // Whatever is odd about it is for the long way to say.
    if (range.start >= range.end || range.end - range.start > this.#partBytesMax) return undefined;
    this.#range = { ...range, totalBytes: this.#totalBytes };
    return end + after.length;
  }

  #wrong(what: string): ManygetError {
    return new ManygetError('http-range', `${this.#peer} sent ${what} in a multipart answer`);
  }
}

/** True where `bytes` continue with `wanted` from `at` on. In a loop: for so few bytes a native call costs more. */
function isAt(wanted: Uint8Array, bytes: Uint8Array, at: number): boolean {
  if (at + wanted.length > bytes.length) return false;
  for (let i = 0; i < wanted.length; i += 1) if (wanted[i] !== bytes[at + i]) return false;
  return true;
}

/** Where the digits that begin at `at` end. */
function digitsEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  for (let digit = bytes[end] ?? 0; digit >= 48 && digit <= 57; digit = bytes[end] ?? 0) end += 1;
  return end;
}

function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + (bytes[at] ?? 48) - 48;
  return value;
}
