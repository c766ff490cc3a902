import { TokenBucket } from './token-bucket.js';

/** Who waits for its turn to send. */
export interface GateWaiter {
  gateOpened(bytes: number): void;
}

interface Waiting {
  readonly bytes: number;
  readonly waiter: GateWaiter;
}

/**
 * Holds a server's connections to one rate together. They pass in turn, one frame each, so that each gets the same
 * share. Owns the one timer that this takes.
 */
export class RateGate {
  readonly #bucket: TokenBucket;
  #line: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesPerSec: number) {
    this.#bucket = new TokenBucket(bytesPerSec, performance.now());
  }

  get frameBytesMax(): number {
    return this.#bucket.frameBytesMax;
  }

  /** True: `bytes` may be sent now. False: `waiter.gateOpened` is called once they may. */
  pass(bytes: number, waiter: GateWaiter): boolean {
    if (this.#line.length === 0 && this.#bucket.take(bytes, performance.now()) === 0) return true;
    this.#line.push({ bytes, waiter });
    this.#openInTurn();
    return false;
  }

  /** `bytes` that had passed were not sent after all. */
  putBack(bytes: number): void {
    if (bytes > 0) this.#bucket.putBack(bytes);
  }

  leave(waiter: GateWaiter): void {
    this.#line = this.#line.filter((w) => w.waiter !== waiter);
    if (this.#line.length === 0) this.#stopTimer();
  }

  readonly #openInTurn = (): void => {
    this.#stopTimer();
    for (;;) {
      const first = this.#line[0];
      if (first === undefined) return;
      const waitMs = this.#bucket.take(first.bytes, performance.now());
      if (waitMs > 0) {
        this.#stopTimer(); // one may have been set by a waiter that asked again from within gateOpened
        this.#timer = setTimeout(this.#openInTurn, Math.ceil(waitMs));
        return;
      }
      this.#line.shift();
      first.waiter.gateOpened(first.bytes);
    }
  };

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
