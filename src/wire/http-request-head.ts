import { printable } from '../base/printable.js';
import { latin1 } from '../base/latin1.js';
import { HttpHeaders, parseHeaderLine } from './http-head.js';
import { httpRequestLimits } from './http-request-limits.js';
import { HttpRequestRefusal } from './http-request-refusal.js';

/**
 * Heads of HTTP/1.x requests (RFC 9112), read strictly: what two programs could read in two ways is refused, not
 * guessed. Sans-I/O.
 */
export interface HttpRequestHead {
  readonly method: string;
  /** As sent, one byte to a character. */
  readonly target: string;
  /** The x of HTTP/1.x. */
  readonly minor: 0 | 1;
  readonly headers: HttpHeaders;
}

const lineFeed = 10;
const carriageReturn = 13;
const firstBytes = 1024;

/**
 * Takes the bytes of one head as they come. Invariant: `#bytes` holds what was taken so far; its last line, from
 * `#lineStart` on, has not ended.
 */
export class HttpRequestParser {
  readonly #peer: string;
  #bytes = new Uint8Array(firstBytes);
  #length = 0;
  #lineStart = 0;
  #lines: string[] = [];
  #emptyLines = 0;
  #head: HttpRequestHead | undefined;

  /** `peer` is what errors call the other side. */
  constructor(peer: string) {
    this.#peer = peer;
  }

  /** The head, once it is whole. */
  get head(): HttpRequestHead | undefined {
    return this.#head;
  }

  /** True before its first byte. */
  get isFresh(): boolean {
    return this.#length === 0;
  }

  /**
   * Takes bytes up to the end of the head, and says how many.
   * @throws HttpRequestRefusal
   */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#head === undefined) {
      const found = bytes.indexOf(lineFeed, at);
      const end = found === -1 ? bytes.length : found + 1;
      this.#append(bytes.subarray(at, end));
      if (found !== -1) this.#lineEnded();
      at = end;
    }
    return at;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > httpRequestLimits.headBytesMax) {
      const status = this.#lines.length === 0 ? 414 : 431;
      throw this.#refusal(status, `a request head of more than ${httpRequestLimits.headBytesMax} bytes`);
    }
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(length, this.#bytes.length * 4), httpRequestLimits.headBytesMax));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  #lineEnded(): void {
    const line = this.#bytes.subarray(this.#lineStart, this.#length - 2);
    if (this.#bytes[this.#length - 2] !== carriageReturn || this.#length - 2 < this.#lineStart) {
      throw this.#refusal(400, 'a line of a request head that ends without a carriage return');
    }
    if (line.includes(carriageReturn)) throw this.#refusal(400, 'a carriage return inside a line of a request head');
    this.#lineStart = this.#length;
    if (line.length > 0) {
      this.#lines.push(latin1(line));
      if (this.#lines.length > httpRequestLimits.headersMax + 1) {
        throw this.#refusal(431, `more than ${httpRequestLimits.headersMax} header lines`);
      }
    } else if (this.#lines.length > 0) {
      this.#head = this.#parse();
    } else {
      this.#skipEmptyLine();
    }
  }

  #skipEmptyLine(): void {
    this.#emptyLines += 1;
    if (this.#emptyLines > httpRequestLimits.emptyLinesMax) throw this.#refusal(400, 'empty lines, not a request');
    this.#length = 0;
    this.#lineStart = 0;
  }

  #parse(): HttpRequestHead {
    const [first = '', ...lines] = this.#lines;
    const parts = requestLine.exec(first);
    if (parts === null) throw this.#refusal(400, `the request line "${printable(first, 80)}"`);
    const [, method = '', target = '', major, minor] = parts;
    if (major !== '1') throw this.#refusal(505, `a request of HTTP/${major ?? ''}, expected HTTP/1.1`);
    if (target.length > httpRequestLimits.targetBytesMax) {
      throw this.#refusal(
        414,
        `a target of ${target.length} bytes, expected ${httpRequestLimits.targetBytesMax} at most`,
      );
    }
    const headers = new HttpHeaders();
    for (const line of lines) this.#addLine(headers, line);
    return { method, target, minor: minor === '0' ? 0 : 1, headers };
  }

  #addLine(headers: HttpHeaders, line: string): void {
    if (/^[ \t]/.test(line)) throw this.#refusal(400, 'a header that is continued on a second line');
    const field = parseHeaderLine(line);
    if (field === undefined) throw this.#refusal(400, `the header line "${printable(line, 80)}"`);
    headers.add(...field);
  }

  #refusal(status: HttpRequestRefusal['status'], received: string): HttpRequestRefusal {
    return new HttpRequestRefusal(status, `${this.#peer} sent ${received}`);
  }
}

// eslint-disable-next-line no-control-regex -- these are the very characters that a target must not hold
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\u0000-\u0020\u007f]+) HTTP\/(\d)\.(\d)$/;

/**
 * Whether a body follows `head` (RFC 9112 6.3).
 * @throws HttpRequestRefusal Where it begins or ends can be read in two ways.
 */
export function announcesBody(head: HttpRequestHead, peer: string): boolean {
  const lengths = head.headers.all('content-length');
  const coded = head.headers.get('transfer-encoding') !== undefined;
  if (coded && lengths.length > 0) {
    throw new HttpRequestRefusal(400, `${peer} sent both Transfer-Encoding and Content-Length`);
  }
  const [length = '0', ...others] = lengths;
  if (others.length > 0 || !/^\d{1,19}$/.test(length)) {
    throw new HttpRequestRefusal(400, `${peer} sent the Content-Length "${printable(lengths.join(', '), 60)}"`);
  }
  return coded || !/^0+$/.test(length);
}
