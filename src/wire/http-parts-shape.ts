import type { ByteRange } from '../base/byte-range.js';

/** Heads of parts that are longer than this are not worth keeping. */
const headCharsMax = 1024;

/**
 * How a server writes its answers to many ranges (RFC 9110 14.6), but for the boundary, the offsets and the bytes: learned
 * from one answer. With it the next answer can be written down before it comes, and a single comparison says whether all of
 * its parts hold what is expected; to read it part by part takes ten times as long. Sans-I/O.
 */
export class PartsShape {
  readonly #lead: string;
  readonly #before: string;
  readonly #after: string;
  readonly #tail: string;

  private constructor(lead: string, before: string, after: string, tail: string) {
    this.#lead = lead;
    this.#before = before;
    this.#after = after;
    this.#tail = tail;
  }

  /**
   * From a whole answer and what its parts hold, a character for each byte in both. Undefined where the server does not write
   * all of its parts alike: what was learned brings back the very answer that it was learned from, or nothing.
   */
  static learn(
    body: string,
    boundary: string,
    ranges: readonly ByteRange[],
    texts: readonly string[],
  ): PartsShape | undefined {
    const [first] = ranges;
    const delimiter = `--${boundary}`;
    const lead = body.indexOf(delimiter);
    if (first === undefined || lead < 0) return undefined;
    const head = lead + delimiter.length;
    const offsets = offsetsOf(first);
    const at = body.indexOf(offsets, head);
    const end = body.indexOf('\r\n\r\n', at + offsets.length) + 4;
    const tail = body.lastIndexOf(`\r\n${delimiter}`);
    if (at < 0 || end < 4 || end - head > headCharsMax || tail < end) return undefined;
    const shape = new PartsShape(
      body.slice(0, lead),
      body.slice(head, at),
      body.slice(at + offsets.length, end),
      body.slice(tail + 2 + delimiter.length),
    );
    return shape.write(boundary, ranges, texts) === body ? shape : undefined;
  }

  /** The whole answer that brings these ranges with these bytes, a character for each byte. */
  write(boundary: string, ranges: readonly ByteRange[], texts: readonly string[]): string {
    const between = `\r\n--${boundary}${this.#before}`;
    let next = `${this.#lead}--${boundary}${this.#before}`;
    let body = '';
    for (let i = 0; i < ranges.length; i += 1) {
      const range = ranges[i];
      if (range === undefined) continue;
      body += next + offsetsOf(range) + this.#after + (texts[i] ?? '');
      next = between;
    }
    return `${body}\r\n--${boundary}${this.#tail}`;
  }
}

function offsetsOf({ start, end }: ByteRange): string {
  return `${start}-${end - 1}`;
}
