import { DelayLine } from './delay-line.js';
import type { SegmentId } from '../../src/core/scheduler-messages.js';
import { ServerStream } from './server-stream.js';
import type { ClientConnection } from './sim-client.js';
import type { SimLink } from './sim-link.js';

const mss = 1448;
const initialWindow = 10 * mss;
/** CUBIC (RFC 9438): what a loss leaves of the window, and how fast it grows back. */
const beta = 0.7;
const cubicC = 0.4;
/** A queue that drains slower than this (its link has collapsed) does not hold up the recovery of a window longer. */
const queueMsMax = 500;

/**
 * One TCP connection, from a server's send buffer through the window to the client's in-order stream. Amounts are a
 * fluid: cumulative counts of bytes that were committed, sent, delivered and acknowledged.
 */
export class SimConnection {
  readonly stream = new ServerStream();
  readonly link: SimLink;
  readonly rttMs: number;
  readonly #stepMs: number;
  readonly #down: DelayLine;
  readonly #acks: DelayLine;
  #window = initialWindow;
  #threshold = Infinity;
  #windowAtLoss = 0;
  #lossAtMs = 0;
  #recoversUntilMs = 0;
  /** Bytes behind a hole, which the client sees only once it is filled. */
  #holeAt = Infinity;
  #holeUntilMs = Infinity;
  #idleSinceMs = 0;
  #speed = 0;
  #sent = 0;
  #acked = 0;
  #carry = 0;
  #windowLimits = false;
  /** What the queue that it waits in let out in this step. */
  served = 0;
  delivered = 0;
  isDead = false;
  /** The client does not read on. */
  isHeldBack = false;

  constructor(link: SimLink, rttMs: number, stepMs: number, nowMs: number) {
    this.link = link;
    this.rttMs = rttMs;
    this.#stepMs = stepMs;
    const steps = Math.max(1, Math.round(rttMs / 2 / stepMs));
    this.#down = new DelayLine(steps);
    this.#acks = new DelayLine(steps);
    this.#idleSinceMs = nowMs;
  }

  /** True where the server has something to write here and the kernel takes it. */
  wants(nowMs: number): boolean {
    return this.stream.hasRequests && !this.isHeldBack && nowMs >= this.stream.thinksUntilMs && this.room > 0;
  }

  /** The server hears of a request. */
  ask(segment: SegmentId, start: number, end: number, nowMs: number): void {
    if (!this.stream.hasRequests) this.stream.thinksUntilMs = nowMs + this.link.spec.thinkMs;
    this.stream.request(segment, start, end);
  }

  /** What the kernel still takes: its buffer holds two windows. */
  get room(): number {
    return Math.max(46_080, 2 * this.#window) - (this.stream.committed - this.#acked);
  }

  /** The server writes, at most `budget` bytes where it limits itself; returns what it took of that. */
  commit(nowMs: number, budget: number): number {
    if (budget === Infinity) {
      this.stream.fill(this.room, this.#speed, nowMs);
      return 0;
    }
    const taken = Math.min(budget, this.room);
    this.stream.commit(this.#wholeBytes(taken), nowMs);
    return taken;
  }

  /** The sender's turn: injects what the window lets out and the queue has room for. */
  send(nowMs: number, room: number): number {
    const unsent = this.stream.committed - this.#sent;
    const inFlight = this.#sent - this.#acked;
    if (unsent <= 0) {
      if (inFlight <= 0.5 && this.#idleSinceMs < 0) this.#idleSinceMs = nowMs;
      return 0;
    }
    if (this.#idleSinceMs >= 0) this.#restart(nowMs);
    this.#windowLimits = unsent >= this.#window - inFlight;
    const want = Math.min(unsent, this.#window - inFlight);
    if (want <= 0) return 0;
    const taken = Math.min(want, room);
    if (taken < want - 1) this.lose(nowMs);
    this.#sent += taken;
    return taken;
  }

  /** Whole bytes of a budget in fractions; what is left over is kept. */
  #wholeBytes(budget: number): number {
    const sum = budget + this.#carry;
    const whole = Math.floor(sum);
    this.#carry = sum - whole;
    return whole;
  }

  #restart(nowMs: number): void {
    const idleMs = nowMs - this.#idleSinceMs;
    this.#idleSinceMs = -1;
    if (idleMs < Math.max(200, 2 * this.rttMs)) return;
    this.#threshold = Math.max(this.#threshold === Infinity ? 0 : this.#threshold, 0.75 * this.#window);
    if (this.delivered === 0) this.#threshold = Infinity;
    this.#window = Math.min(this.#window, initialWindow);
  }

  /** `amount` leaves the link for the client; returns what arrives there now. */
  propagate(amount: number): number {
    return this.#down.held === 0 && amount === 0 ? 0 : this.#down.shift(amount);
  }

  /** `amount` reached the client's machine; acknowledgements are on their way. */
  deliver(amount: number, nowMs: number): void {
    this.delivered += amount;
    this.#speed += ((amount / this.#stepMs) * 1000 - this.#speed) * (this.#stepMs / 300);
    if (this.#acks.held === 0 && amount === 0) return;
    const acked = this.#acks.shift(amount);
    if (acked <= 0) return;
    this.#acked += acked;
    this.#grow(acked, nowMs);
  }

  #grow(acked: number, nowMs: number): void {
    if (nowMs < this.#recoversUntilMs) return;
    // A window that the sender does not fill does not grow (RFC 7661).
    if (!this.#windowLimits) return;
    if (this.#window < this.#threshold) {
      this.#window += acked;
      return;
    }
    const friendly = this.#window + (0.53 * mss * acked) / this.#window;
    const t = (nowMs - this.#lossAtMs + this.rttMs) / 1000;
    const k = Math.cbrt((this.#windowAtLoss / mss) * ((1 - beta) / cubicC));
    const cubic = (cubicC * (t - k) ** 3 + this.#windowAtLoss / mss) * mss;
    this.#window = Math.max(friendly, Math.min(cubic, this.#window + acked / 2));
  }

  /** A packet is lost: the window shrinks, and the client waits a round trip for what is missing. */
  lose(nowMs: number): void {
    if (nowMs < this.#recoversUntilMs) return;
    const roundTripMs = this.rttMs + Math.min(queueMsMax, this.link.queueMs);
    this.#windowAtLoss = Math.max(2 * mss, Math.min(this.#window, this.#sent - this.#acked));
    this.#window = Math.max(2 * mss, this.#windowAtLoss * beta);
    this.#threshold = this.#window;
    this.#lossAtMs = nowMs;
    this.#recoversUntilMs = nowMs + roundTripMs;
    this.#holeAt = this.#sent;
    this.#holeUntilMs = Infinity;
  }

  /** The client's queue overflowed: `amount` is to be sent again. */
  drop(amount: number, nowMs: number): void {
    this.#sent -= amount;
    this.lose(nowMs);
  }

  /** Bytes of the stream that the client can read by now. */
  readable(nowMs: number): number {
    if (this.delivered <= this.#holeAt) return this.delivered;
    // What came behind the hole tells the sender of it: what is missing is there a round trip and a queue later.
    if (this.#holeUntilMs === Infinity) this.#holeUntilMs = nowMs + this.rttMs + this.link.queueMs;
    if (nowMs < this.#holeUntilMs) return this.#holeAt;
    this.#holeAt = Infinity;
    return this.delivered;
  }
}

/** Whole bytes of a connection's stream that the client can take now. */
export function readableBytes({ tcp, taken }: ClientConnection, nowMs: number): number {
  return Math.floor(tcp.readable(nowMs) + 1e-3) - taken;
}
