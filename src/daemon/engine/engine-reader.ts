import type { DownloadReader, ReaderOptions } from '../../base/download-reader.js';
import { ManygetError } from '../../base/errors.js';

interface ReaderLine {
  /** Asks for one more chunk. */
  ask(): void;
  /** Nothing more is wanted. */
  leave(): void;
}

interface Waiter {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(error: ManygetError): void;
}

/** A reader of a file that another thread downloads: asks for each chunk when it is wanted. */
export class EngineReader implements DownloadReader {
  readonly #line: ReaderLine;
  readonly #signal: AbortSignal | undefined;
  #position: number;
  #waiter: Waiter | undefined;
  #closed = false;
  #error: ManygetError | undefined;

  constructor(line: ReaderLine, { start = 0, signal }: ReaderOptions) {
    this.#line = line;
    this.#position = start;
    this.#signal = signal;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get position(): number {
    return this.#position;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#line.ask();
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#closed) this.#line.leave();
    this.took(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** @internal A chunk came; undefined: there is no more. */
  took(chunk: Uint8Array | undefined): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (chunk === undefined) this.#close();
    else this.#position += chunk.length;
    waiter?.resolve(chunk === undefined ? { done: true, value: undefined } : { done: false, value: chunk });
  }

  /** @internal Nothing more comes, for this reason. */
  failed(error: ManygetError): void {
    if (this.#closed) return;
    this.#error = error;
    this.#close();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(error);
  }

  #close(): void {
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    this.#line.leave();
    this.failed(new ManygetError('aborted', 'reading was ended by its caller'));
  };
}
