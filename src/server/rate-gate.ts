import { FairLine, type GateWaiter, type Place } from './fair-line.js';
import { TokenBucket } from './token-bucket.js';

/** One connection's way through the gate; one frame at a time. */
export interface GateLane {
  /** Frames larger than this would make the flow lumpy. */
  readonly frameBytesMax: number;
  /** True: `bytes` may be sent now. False: `waiter.gateOpened` is called once they may. */
  pass(bytes: number, waiter: GateWaiter): boolean;
  /** `bytes` that had passed were not sent after all. */
  putBack(bytes: number): void;
  /** The connection is gone, and waits no more. */
  close(): void;
}

/**
 * Holds a server's connections to one rate together. They pass one frame at a time, in the order of the fair line. Owns the one
 * timer that this takes.
 */
export class RateGate {
  readonly #bucket: TokenBucket;
  readonly #line = new FairLine();
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesPerSec: number) {
    this.#bucket = new TokenBucket(bytesPerSec, performance.now());
  }

  /** @param party Whom the connection comes from. */
  lane(party: string): GateLane {
    const place = this.#line.enter(party);
    return {
      frameBytesMax: this.#bucket.frameBytesMax,
      pass: (bytes, waiter) => this.#pass(place, bytes, waiter),
      putBack: (bytes) => {
        if (bytes <= 0) return;
        this.#bucket.putBack(bytes);
        place.sentBytes -= bytes;
      },
      close: () => this.#close(place),
    };
  }

  #pass(place: Place, bytes: number, waiter: GateWaiter): boolean {
    const nowMs = performance.now();
    if (this.#line.isEmpty && this.#bucket.take(bytes, nowMs) === 0) {
      this.#line.serve(place, bytes, nowMs);
      return true;
    }
    this.#line.wait(place, { bytes, waiter });
    this.#openInTurn();
    return false;
  }

  #close(place: Place): void {
    this.#line.exit(place);
    if (this.#line.isEmpty) this.#stopTimer();
  }

  readonly #openInTurn = (): void => {
    this.#stopTimer();
    for (;;) {
      const first = this.#line.first();
      const wish = first?.waits?.wish;
      if (first === undefined || wish === undefined) return;
      const nowMs = performance.now();
      const waitMs = this.#bucket.take(wish.bytes, nowMs);
      if (waitMs > 0) {
        this.#stopTimer(); // one may have been set by a waiter that asked again from within gateOpened
        this.#timer = setTimeout(this.#openInTurn, Math.ceil(waitMs));
        return;
      }
      this.#line.serve(first, wish.bytes, nowMs);
      wish.waiter.gateOpened(wish.bytes);
    }
  };

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
