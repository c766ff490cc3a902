import { FairLine, type Place } from './fair-line.js';
import { TokenBucket } from './token-bucket.js';

/** Who waits for its turn to send. */
export interface GateWaiter {
  gateOpened(bytes: number): void;
}

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

interface Waiting {
  readonly bytes: number;
  readonly waiter: GateWaiter;
}

/**
 * Holds a server's connections to one rate together. They pass one frame at a time, in the order of the fair line. Owns the one
 * timer that this takes.
 */
export class RateGate {
  readonly #bucket: TokenBucket;
  readonly #line = new FairLine();
  readonly #waiting = new Map<Place, Waiting>();
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
    this.#waiting.set(place, { bytes, waiter });
    this.#line.wait(place);
    this.#openInTurn();
    return false;
  }

  #close(place: Place): void {
    this.#line.exit(place);
    this.#waiting.delete(place);
    if (this.#line.isEmpty) this.#stopTimer();
  }

  readonly #openInTurn = (): void => {
    this.#stopTimer();
    for (;;) {
      const first = this.#line.first();
      const next = first === undefined ? undefined : this.#waiting.get(first);
      if (first === undefined || next === undefined) return;
      const nowMs = performance.now();
      const waitMs = this.#bucket.take(next.bytes, nowMs);
      if (waitMs > 0) {
        this.#stopTimer(); // one may have been set by a waiter that asked again from within gateOpened
        this.#timer = setTimeout(this.#openInTurn, Math.ceil(waitMs));
        return;
      }
      this.#line.serve(first, next.bytes, nowMs);
      this.#waiting.delete(first);
      next.waiter.gateOpened(next.bytes);
    }
  };

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
