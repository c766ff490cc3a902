import { ManygetError } from '../base/errors.js';
import { latin1 } from '../base/latin1.js';
import { printable } from '../base/printable.js';
import { httpLimits } from './http-limits.js';

/**
 * Heads of HTTP/1.x answers (RFC 9112), read strictly: what two programs could read in two ways is refused, not
 * guessed. Sans-I/O.
 */

/** Header lines by name. Names are compared without case; values are as sent, without the space around them. */
export class HttpHeaders {
  readonly #lines = new Map<string, string[]>();

  add(name: string, value: string): void {
    const key = name.toLowerCase();
    const values = this.#lines.get(key);
    if (values === undefined) this.#lines.set(key, [value]);
    else values.push(value);
  }

  /** All lines of that name as one list, as RFC 9110 5.2 joins them; undefined where there is none. */
  get(name: string): string | undefined {
    return this.#lines.get(name.toLowerCase())?.join(', ');
  }

  /** Each line of that name. */
  all(name: string): readonly string[] {
    return this.#lines.get(name.toLowerCase()) ?? [];
  }
}

// eslint-disable-next-line no-control-regex -- these are the very characters that a value must not hold
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\u0000-\u0008\u000a-\u001f\u007f]*)$/;

/** Name and value of a header line of an answer or a request; undefined where it is none. */
export function parseHeaderLine(line: string): readonly [name: string, value: string] | undefined {
  const field = headerLine.exec(line);
  return field === null ? undefined : [field[1] ?? '', (field[2] ?? '').replace(/^[ \t]+|[ \t]+$/g, '')];
}

export interface HttpHead {
  readonly status: number;
  readonly reason: string;
  /** The x of HTTP/1.x. */
  readonly minor: 0 | 1;
  readonly headers: HttpHeaders;
}

const carriageReturn = 13;
const lineFeed = 10;
const greeting = 'HTTP/1.';
const emptyBytes = new Uint8Array();

/**
 * Takes the bytes of one head as they come. Invariant: `#begun` holds, in its first `#begunBytes` bytes, what was taken of a line whose end has not
 * come.
 */
export class HttpHeadParser {
  readonly #peer: string;
  #begun = emptyBytes;
  #begunBytes = 0;
  #takenBytes = 0;
  #lines: string[] = [];
  #head: HttpHead | undefined;

  /** `peer` is what errors call the other side. */
  constructor(peer: string) {
    this.#peer = peer;
  }

  /** The head, once it is whole. */
  get head(): HttpHead | undefined {
    return this.#head;
  }

  /** True before its first byte. */
  get isFresh(): boolean {
    return this.#takenBytes === 0;
  }

  /**
   * Takes bytes up to the end of the head, and says how many.
   * @throws ManygetError `not-http` or `protocol-violation`.
   */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#head === undefined) {
      const feed = bytes.indexOf(lineFeed, at);
      const end = feed < 0 ? bytes.length : feed + 1;
      this.#take(bytes.subarray(at, end), feed >= 0);
      at = end;
    }
    return at;
  }

  /** @param part Of one line, `isLast` with the line feed that ends it. */
  #take(part: Uint8Array, isLast: boolean): void {
    if (this.#lines.length === 0) this.#checkGreeting(part);
    this.#takenBytes += part.length;
    if (this.#takenBytes > httpLimits.headBytesMax) {
      throw this.#violation(`a head of more than ${httpLimits.headBytesMax} bytes`);
    }
    const contentBytes = isLast ? part.length - 1 : part.length;
    if (this.#begunBytes + contentBytes > httpLimits.lineBytesMax) {
      throw this.#violation(`a header line of more than ${httpLimits.lineBytesMax} bytes`);
    }
    const isReturned = this.#begunBytes > 0 && this.#begun[this.#begunBytes - 1] === carriageReturn;
    const returnAt = part.indexOf(carriageReturn);
    if ((isReturned && contentBytes > 0) || (returnAt >= 0 && returnAt < contentBytes - 1)) {
      throw this.#violation('a carriage return inside a header line');
    }
    if (!isLast) {
      this.#keep(part);
      return;
    }
    if (!isReturned && returnAt < 0) throw this.#violation('a header line that ends without a carriage return');
    this.#ended(this.#begunBytes === 0 ? part : this.#keep(part));
  }

  /** @param line With its end. */
  #ended(line: Uint8Array): void {
    const text = latin1(line.subarray(0, -2));
    this.#begunBytes = 0;
    if (text === '') this.#head = this.#parse();
    else this.#lines.push(text);
    // The status line is one of them.
    if (this.#lines.length > httpLimits.headersMax + 1) {
      throw this.#violation(`more than ${httpLimits.headersMax} header lines`);
    }
  }

  /** Adds to the line that was begun, and returns what there is of it. */
  #keep(part: Uint8Array): Uint8Array {
    const bytes = this.#begunBytes + part.length;
    if (bytes > this.#begun.length) {
      const larger = new Uint8Array(Math.max(bytes, this.#begun.length * 2));
      larger.set(this.#begun);
      this.#begun = larger;
    }
    this.#begun.set(part, this.#begunBytes);
    this.#begunBytes = bytes;
    return this.#begun.subarray(0, bytes);
  }

  /** What is no HTTP is told from its first bytes, not after a limit. */
  #checkGreeting(part: Uint8Array): void {
    for (let at = this.#takenBytes, i = 0; at < greeting.length && i < part.length; at += 1, i += 1) {
      if (greeting.charCodeAt(at) === part[i]) continue;
      const text = printable(latin1(this.#keep(part.subarray(0, i + 1))));
      throw new ManygetError('not-http', `${this.#peer} does not speak HTTP/1: its answer begins with "${text}"`);
    }
  }

  #parse(): HttpHead {
    const [first = '', ...lines] = this.#lines;
    const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(first);
    if (status === null) throw this.#violation(`the status line "${printable(first, 80)}"`);
    const headers = new HttpHeaders();
    for (const line of lines) this.#addLine(headers, line);
    return {
      status: Number(status[2]),
      reason: status[3] ?? '',
      minor: status[1] === '0' ? 0 : 1,
      headers,
    };
  }

  #addLine(headers: HttpHeaders, line: string): void {
    if (/^[ \t]/.test(line)) throw this.#violation('a header that is continued on a second line');
    const field = parseHeaderLine(line);
    if (field === undefined) throw this.#violation(`the header line "${printable(line, 80)}"`);
    headers.add(...field);
  }

  #violation(received: string): ManygetError {
    return new ManygetError('protocol-violation', `${this.#peer} sent ${received}, which HTTP/1.1 does not allow`);
  }
}

/** How the end of a body is told. */
export type BodyFraming =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** The connection ends with the body. */
  | { readonly kind: 'until-close' };

/**
 * The framing of the body that follows `head` as the answer to a GET (RFC 9112 6.3).
 * @throws ManygetError `protocol-violation`: it can be read in two ways.
 */
export function bodyFraming(head: HttpHead, peer: string): BodyFraming {
  const wrong = (what: string): ManygetError =>
    new ManygetError('protocol-violation', `${peer} sent ${what}: where its answer ends is not certain`);
  const coding = head.headers.get('transfer-encoding');
  const lengths = new Set(
    head.headers
      .get('content-length')
      ?.split(',')
      .map((text) => text.trim()),
  );
  if (lengths.size > 1) throw wrong('two different Content-Length headers');
  const [length] = lengths;
  if (length !== undefined && !/^\d{1,16}$/.test(length)) throw wrong(`the Content-Length "${printable(length, 40)}"`);
  if (length !== undefined && !Number.isSafeInteger(Number(length))) throw wrong(`the Content-Length ${length}`);
  if (head.status === 204 || head.status === 304) return { kind: 'length', bytes: 0 };
  if (coding !== undefined) {
    if (length !== undefined) throw wrong('both Transfer-Encoding and Content-Length');
    if (head.minor === 0) throw wrong('Transfer-Encoding in an answer of HTTP/1.0');
    if (coding.toLowerCase() !== 'chunked') throw wrong(`the Transfer-Encoding "${printable(coding, 40)}"`);
    return { kind: 'chunked' };
  }
  return length === undefined ? { kind: 'until-close' } : { kind: 'length', bytes: Number(length) };
}

/** True where the connection can be used again after this answer. */
export function keepsAlive(head: HttpHead, framing: BodyFraming): boolean {
  return framing.kind !== 'until-close' && wantsKeepAlive(head);
}

/** Whether who sent the head of an answer or a request wants to go on using the connection (RFC 9112 9.3). */
export function wantsKeepAlive({ headers, minor }: Pick<HttpHead, 'headers' | 'minor'>): boolean {
  const options = (headers.get('connection') ?? '').toLowerCase().split(',');
  const says = (option: string): boolean => options.some((text) => text.trim() === option);
  return !says('close') && (minor === 1 || says('keep-alive'));
}
