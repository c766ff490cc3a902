import { ManygetError } from '../base/errors.js';
import { httpLimits } from './http-limits.js';

type Stage = 'size' | 'data' | 'data-end' | 'trailer' | 'done';

/**
 * Decodes the chunked transfer coding (RFC 9112 7.1), strictly. Sans-I/O: tells how many of the next bytes are data,
 * and is told when they were taken. Chunk extensions and trailers are read over.
 */
export class ChunkedDecoder {
  readonly #peer: string;
  #stage: Stage = 'size';
  #line = '';
  #dataLeft = 0;
  #trailerBytes = 0;

  constructor(peer: string) {
    this.#peer = peer;
  }

  get isDone(): boolean {
    return this.#stage === 'done';
  }

  /** Bytes of data that come next; 0 where something else comes. */
  get dataLeft(): number {
    return this.#stage === 'data' ? this.#dataLeft : 0;
  }

  /** `bytes` bytes of data were taken. */
  tookData(bytes: number): void {
    this.#dataLeft -= bytes;
    if (this.#dataLeft === 0) this.#stage = 'data-end';
  }

  /**
   * Reads `bytes` up to where data begins or the body ends, and says how many bytes that was.
   * @throws ManygetError `protocol-violation`.
   */
  pushFraming(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#stage !== 'data' && this.#stage !== 'done') {
      this.#take(String.fromCharCode(bytes[at] ?? 0));
      at += 1;
    }
    return at;
  }

  #take(character: string): void {
    this.#line += character;
    const limit = this.#stage === 'trailer' ? httpLimits.trailerBytesMax : httpLimits.chunkLineBytesMax;
    if (this.#line.length > limit) throw this.#wrong(`a chunk line of more than ${limit} bytes`);
    if (character !== '\n') return;
    if (!this.#line.endsWith('\r\n') || this.#line.indexOf('\r') !== this.#line.length - 2) {
      throw this.#wrong('a chunk line that does not end with CR LF');
    }
    const line = this.#line.slice(0, -2);
    this.#line = '';
    this.#lineRead(line);
  }

  #lineRead(line: string): void {
    switch (this.#stage) {
      case 'size': {
        const size = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
        if (size === undefined) throw this.#wrong('a chunk without a size');
        this.#dataLeft = Number.parseInt(size, 16);
        this.#stage = this.#dataLeft === 0 ? 'trailer' : 'data';
        return;
      }
      case 'data-end':
        if (line !== '') throw this.#wrong('a chunk that is longer than its size');
        this.#stage = 'size';
        return;
      case 'trailer':
        this.#trailerBytes += line.length;
        if (this.#trailerBytes > httpLimits.trailerBytesMax) throw this.#wrong('too long trailers');
        if (line === '') this.#stage = 'done';
        return;
      case 'data':
      case 'done':
        return;
    }
  }

  #wrong(what: string): ManygetError {
    return new ManygetError('protocol-violation', `${this.#peer} sent ${what} in a chunked answer`);
  }
}
