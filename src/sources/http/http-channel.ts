import { asManygetError, ManygetError } from '../../base/errors.js';
import type { BodyFraming, HttpHead } from '../../wire/http-head.js';
import { HttpReader, type HttpReaderHandler } from '../../wire/http-reader.js';
import { socketError } from '../tcp/socket-error.js';
import type { HttpOrigin } from './http-origins.js';
import { dial, readingProxy, type DialHandler, type DialPlan, type Stream } from './http-dial.js';
import { closedInHandshake, tlsError } from '../tls-error.js';

/** The handler hears of what came so late at the most, while more comes. */
const settleMs = 2;

/** What a channel calls; nothing more once it is closed or was destroyed. */
export interface HttpChannelHandler extends HttpReaderHandler {
  opened(connectMs: number): void;
  /** Over. Without an error: the other side closed between two answers. */
  closed(error: ManygetError | undefined): void;
}

/**
 * One connection to an origin: requests out, answers in. Knows nothing of files and ranges.
 *
 * Invariant: after `closed` or `destroy` the handler hears nothing, not even of what is being read at that moment.
 */
export class HttpChannel implements DialHandler, HttpReaderHandler {
  /** Where it leads, whatever is asked for there. */
  readonly origin: HttpOrigin;
  readonly peer: string;
  readonly #handler: HttpChannelHandler;
  readonly #reader: HttpReader;
  readonly #startedAtMs = performance.now();
  readonly #stream: Stream;
  #isOpen = false;
  #isClosed = false;
  #settledAtMs = -Infinity;
  #answers = 0;

  constructor(plan: DialPlan, handler: HttpChannelHandler) {
    this.origin = plan.origin;
    this.peer = plan.origin.peerBehind(readingProxy(plan));
    this.#handler = handler;
    this.#reader = new HttpReader(this, this.peer);
    this.#stream = dial(plan, this);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Final answers that began. */
  get answers(): number {
    return this.#answers;
  }

  get remoteAddress(): string | undefined {
    return this.#stream.remoteAddress;
  }

  send(request: Uint8Array): void {
    if (!this.#isClosed) this.#stream.write(request);
  }

  /** There is room again after a target was refused. */
  resume(): void {
    if (this.#isClosed) return;
    try {
      if (this.#reader.resume() && !this.#isClosed) this.#stream.resume();
    } catch (error) {
      this.#close(asManygetError(error, 'unexpected', this.peer));
    }
  }

  /** The handler hears of all that came. Only right before `destroy`: it may take its memory away. */
  settle(): void {
    if (this.#isClosed) return;
    try {
      this.#reader.settle();
    } catch (error) {
      this.#close(asManygetError(error, 'unexpected', this.peer));
    }
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader.stop();
    this.#stream.destroy();
  }

  // What the stream tells.

  opened(): void {
    if (this.#isClosed) return;
    this.#isOpen = true;
    try {
      this.#handler.opened(performance.now() - this.#startedAtMs);
    } catch (error) {
      this.#close(asManygetError(error, 'unexpected', this.peer));
    }
  }

  arm(): Uint8Array {
    return this.#reader.arm();
  }

  filled(bytes: number): boolean {
    if (this.#isClosed) return false;
    try {
      const nowMs = performance.now();
      const mayWait = nowMs - this.#settledAtMs < settleMs;
      if (!mayWait) this.#settledAtMs = nowMs;
      return this.#reader.filled(bytes, mayWait) && !this.#isClosed;
    } catch (error) {
      this.#close(asManygetError(error, 'unexpected', this.peer));
      return false;
    }
  }

  arrived(bytes: Uint8Array): boolean {
    if (this.#isClosed) return false;
    try {
      return this.#reader.push(bytes) && !this.#isClosed;
    } catch (error) {
      this.#close(asManygetError(error, 'unexpected', this.peer));
      return false;
    }
  }

  ended(): void {
    if (this.#isClosed) return;
    try {
      const inHandshake = this.origin.isSecure && !this.#isOpen;
      if (inHandshake) this.#close(new ManygetError('connection-lost', `${this.peer} ${closedInHandshake('http')}`));
      else if (this.#reader.ended() || this.#reader.atBoundary) this.#close(undefined);
      else this.#close(new ManygetError('connection-lost', `${this.peer} closed the connection in mid-answer`));
    } catch (error) {
      this.#close(asManygetError(error, 'unexpected', this.peer));
    }
  }

  failed(error: Error): void {
    this.settle();
    if (error instanceof ManygetError) this.#close(error);
    else this.#close(tlsError(this.peer, error) ?? socketError(this.peer, error, this.#isOpen));
  }

  // What the reader tells.

  head(head: HttpHead, framing: BodyFraming): void {
    this.#answers += 1;
    this.#handler.head(head, framing);
  }

  bodyTarget(bytesMax: number): Uint8Array | undefined {
    return this.#handler.bodyTarget(bytesMax);
  }

  bodyFilled(bytes: number): void {
    this.#handler.bodyFilled(bytes);
  }

  bodyEnded(): void {
    this.#handler.bodyEnded();
  }

  #close(error: ManygetError | undefined): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#handler.closed(error);
  }
}
