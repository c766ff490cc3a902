import type { Socket } from 'node:net';

/** At once on one connection: what is behind it waits in the text, not in the socket. */
const sliceBytes = 64 * 1024;
/** Texts up to this size are always sent: pages, refusals. */
const smallBytes = 64 * 1024;

/** Memory for texts that are being sent by one server, all connections together. */
export class TextBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  has(bytes: number): boolean {
    return this.#bytes + bytes <= this.#bytesMax;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

/**
 * Sends texts that were made for one answer, in slices, as the other side takes them. A text counts against the
 * server's budget until all of it is taken, or the connection is gone.
 */
export class TextSender {
  readonly #socket: Socket;
  readonly #budget: TextBudget;
  readonly #onProgress: () => void;
  #bytes: Buffer | undefined;
  #at = 0;
  #done: () => void = () => undefined;

  constructor(socket: Socket, budget: TextBudget, onProgress: () => void) {
    this.#socket = socket;
    this.#budget = budget;
    this.#onProgress = onProgress;
  }

  /** Whether there is memory for `text`. */
  mayBegin(text: string): boolean {
    return text.length <= smallBytes || this.#budget.has(Buffer.byteLength(text));
  }

  /** Sends `head` in Latin-1 and `text` in UTF-8; `done` is called once all is on its way. One at a time. */
  send(head: string, text: string, done: () => void): void {
    const bytes = Buffer.from(text);
    this.#budget.add(bytes.length);
    this.#bytes = bytes;
    this.#at = 0;
    this.#done = done;
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#next();
    this.#socket.uncork();
  }

  stop(): void {
    this.#release();
  }

  readonly #next = (error?: Error | null): void => {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    if (error) {
      this.#release(); // The socket is gone; its owner hears of it.
      return;
    }
    this.#onProgress();
    const slice = bytes.subarray(this.#at, this.#at + sliceBytes);
    this.#at += slice.length;
    if (this.#at < bytes.length) {
      this.#socket.write(slice, this.#next);
      return;
    }
    this.#socket.write(slice);
    this.#release();
    this.#done();
  };

  #release(): void {
    if (this.#bytes === undefined) return;
    this.#budget.add(-this.#bytes.length);
    this.#bytes = undefined;
  }
}
