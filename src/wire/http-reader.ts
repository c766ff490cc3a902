import { ManygetError } from '../base/errors.js';
import { ChunkedDecoder } from './http-chunked.js';
import { bodyFraming, HttpHeadParser, type BodyFraming, type HttpHead } from './http-head.js';
import { httpLimits } from './http-limits.js';

/** What an {@link HttpReader} calls, in the order of the bytes. A call may throw; the reader is then done for. */
export interface HttpReaderHandler {
  /** A final answer begins (interim ones are read over). */
  head(head: HttpHead, framing: BodyFraming): void;
  /** Where the next bytes of the body go: 1 to `bytesMax` bytes; undefined while there is no room. */
  bodyTarget(bytesMax: number): Uint8Array | undefined;
  /** `bytes` bytes were put at the start of the last target. */
  bodyFilled(bytes: number): void;
  /** The body is whole. */
  bodyEnded(): void;
}

/** Heads and chunked bodies land here first; a plain body is read in place. */
const scratchBytes = 64 * 1024;
/** The handler hears of so many bytes at once at the most, where it need not hear of each portion (TLS brings 16 KiB at a time). */
const waitingBytesMax = 128 * 1024;

/**
 * Reads the answers on one connection, bodies without a copy where their framing allows it.
 *
 * The socket asks `arm()` for memory and says `filled(n)`. The handler's memory is asked for from within those calls,
 * or from `resume` while reading is paused, when none of it is armed: it may be moved on without harm.
 * Invariants: `#held` are bytes that came while there was no room; they are older than all that is armed. The first
 * `#waiting` bytes of `#target` came and were not told to the handler, which is asked for no other target meanwhile.
 */
export class HttpReader {
  readonly #handler: HttpReaderHandler;
  readonly #peer: string;
  #scratch: Uint8Array | undefined;
  #parser: HttpHeadParser;
  #framing: BodyFraming | undefined;
  #chunked: ChunkedDecoder | undefined;
  #left = 0;
  #interim = 0;
  #armedInPlace = false;
  /** The handler's memory; undefined where it is to be asked for some. */
  #target: Uint8Array | undefined;
  #waiting = 0;
  #stopped = false;
  #paused = false;
  #held: Uint8Array | undefined;

  constructor(handler: HttpReaderHandler, peer: string) {
    this.#handler = handler;
    this.#peer = peer;
    this.#parser = new HttpHeadParser(peer);
  }

  /** True between two answers: an end of the stream here cuts nothing. */
  get atBoundary(): boolean {
    return this.#framing === undefined && this.#parser.isFresh && this.#held === undefined;
  }

  /** Memory for the next bytes of the stream: never empty. */
  arm(): Uint8Array {
    if (this.#waiting > 0 && this.#target !== undefined) return this.#target.subarray(this.#waiting);
    const inPlace = !this.#paused && this.#isPlainBody && !this.#stopped;
    if (inPlace) this.#target ??= this.#handler.bodyTarget(this.#left);
    else this.#target = undefined;
    this.#armedInPlace = this.#target !== undefined;
    return this.#target ?? (this.#scratch ??= new Uint8Array(scratchBytes));
  }

  /**
   * `bytes` bytes came into what was armed last. False where there is no room for more until `resume`.
   * @param mayWait The handler need not hear of them at once: with the next ones, or by `settle`.
   */
  filled(bytes: number, mayWait = false): boolean {
    if (!this.#armedInPlace) return this.push((this.#scratch ?? new Uint8Array(0)).subarray(0, bytes));
    this.#waiting += bytes;
    if (mayWait && this.#waiting < Math.min(waitingBytesMax, this.#target?.length ?? 0)) return true;
    this.settle();
    return this.#goesOn();
  }

  /** The handler hears of all that came. Before the stream ends, or from within `filled`: it may take its memory away then. */
  settle(): void {
    const bytes = this.#waiting;
    this.#waiting = 0;
    this.#target = undefined;
    if (bytes > 0 && !this.#stopped) this.#bodyFilled(bytes);
  }

  /** Takes bytes that are somewhere else; what there is no room for is kept as a copy. Returns as `filled`. */
  push(bytes: Uint8Array): boolean {
    this.settle();
    if (this.#paused) {
      this.#held = joined(this.#held, bytes);
      return false;
    }
    const taken = this.#take(bytes);
    if (taken < bytes.length) this.#held = bytes.slice(taken);
    return this.#goesOn();
  }

  /** There may be room again. True where reading was paused and goes on. */
  resume(): boolean {
    if (!this.#paused) return false;
    const held = this.#held;
    if (held !== undefined) {
      const taken = this.#take(held);
      this.#held = taken < held.length ? held.subarray(taken) : undefined;
    }
    return this.#goesOn();
  }

  /** Nothing more is handed on, not even the rest of what is being read now. May be called by the handler. */
  stop(): void {
    this.#stopped = true;
  }

  /** The other side ended the stream. True where that was an end of a body that only the end tells. */
  ended(): boolean {
    this.settle();
    if (this.#framing?.kind !== 'until-close' || this.#held !== undefined) return false;
    this.#endBody();
    return true;
  }

  get #isPlainBody(): boolean {
    return this.#framing !== undefined && this.#framing.kind !== 'chunked';
  }

  #goesOn(): boolean {
    this.#paused = this.#held !== undefined || !this.#hasRoom();
    return !this.#paused;
  }

  #hasRoom(): boolean {
    if (this.#stopped) return false;
    if (!this.#isPlainBody) return true;
    this.#target = this.#handler.bodyTarget(this.#left);
    return this.#target !== undefined;
  }

  #take(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      const rest = bytes.subarray(at);
      const taken =
        this.#framing === undefined
          ? this.#takeHead(rest)
          : this.#chunked === undefined
            ? this.#copyBody(rest, this.#left)
            : this.#takeChunked(this.#chunked, rest);
      if (taken === 0) break;
      at += taken;
    }
    return at;
  }

  #takeHead(bytes: Uint8Array): number {
    const taken = this.#parser.push(bytes);
    const { head } = this.#parser;
    if (head !== undefined) {
      this.#parser = new HttpHeadParser(this.#peer);
      this.#headRead(head);
    }
    return taken;
  }

  #headRead(head: HttpHead): void {
    if (head.status < 200) {
      this.#interim += 1;
      if (head.status === 101 || this.#interim > httpLimits.interimAnswersMax) {
        throw new ManygetError('protocol-violation', `${this.#peer} sent an unexpected interim answer ${head.status}`);
      }
      return;
    }
    this.#interim = 0;
    const framing = bodyFraming(head, this.#peer);
    this.#framing = framing;
    this.#left = framing.kind === 'length' ? framing.bytes : Number.MAX_SAFE_INTEGER;
    this.#chunked = framing.kind === 'chunked' ? new ChunkedDecoder(this.#peer) : undefined;
    this.#handler.head(head, framing);
    if (this.#left === 0 && !this.#stopped) this.#endBody();
  }

  #takeChunked(decoder: ChunkedDecoder, bytes: Uint8Array): number {
    if (decoder.dataLeft > 0) {
      const taken = this.#copyBody(bytes, decoder.dataLeft);
      decoder.tookData(taken);
      return taken;
    }
    const taken = decoder.pushFraming(bytes);
    if (decoder.isDone) this.#endBody();
    return taken;
  }

  #copyBody(bytes: Uint8Array, bytesMax: number): number {
    const target = this.#handler.bodyTarget(Math.min(bytesMax, bytes.length));
    if (target === undefined) return 0;
    const n = Math.min(target.length, bytes.length, bytesMax);
    target.set(n === bytes.length ? bytes : bytes.subarray(0, n));
    if (this.#chunked === undefined) this.#bodyFilled(n);
    else this.#handler.bodyFilled(n);
    return n;
  }

  #bodyFilled(bytes: number): void {
    this.#left -= bytes;
    this.#handler.bodyFilled(bytes);
    if (this.#left === 0 && !this.#stopped) this.#endBody();
  }

  #endBody(): void {
    this.#framing = undefined;
    this.#chunked = undefined;
    this.#handler.bodyEnded();
  }
}

function joined(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined) return second.slice();
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
