import type { Random } from '../support/random.js';
import { Fifo } from './fifo.js';
import type { SimConnection } from './sim-connection.js';

/** Depth of the queue before the client's own link, in time. */
const queueMs = 100;

/** The client's own link: one queue for everything that arrives, where it is narrower than the sources together. */
export class ClientLink {
  readonly #rate: number | undefined;
  readonly #random: Random;
  readonly #connections = new Set<SimConnection>();
  readonly #queue = new Fifo();
  #nowMs = 0;
  #entries = 0;

  constructor(rate: number | undefined, random: Random) {
    this.#rate = rate;
    this.#random = random;
  }

  /** Time that a packet waits before it now. */
  get queueMs(): number {
    return this.#rate === undefined ? 0 : (this.#queue.bytes / this.#rate) * 1000;
  }

  /** Bytes cross from a source's link to here. */
  readonly arrived = (connection: SimConnection, bytes: number): void => {
    if (this.#rate === undefined) {
      connection.deliver(bytes, this.#nowMs);
      return;
    }
    this.#connections.add(connection);
    if (bytes <= 0) return;
    this.#queue.push(connection, bytes);
    this.#entries += 1;
  };

  remove(connection: SimConnection): void {
    if (this.#connections.delete(connection)) this.#queue.remove(connection);
  }

  step(nowMs: number, stepMs: number): void {
    this.#nowMs = nowMs;
    if (this.#rate === undefined) return;
    const excess = this.#queue.bytes - (this.#rate * (queueMs + stepMs)) / 1000;
    if (excess > 0) this.#drop(excess, nowMs);
    this.#entries = 0;
    this.#queue.serve((this.#rate * stepMs) / 1000);
    for (const connection of this.#connections) {
      const out = connection.served;
      connection.served = 0;
      connection.deliver(out, nowMs);
    }
  }

  /** The queue is full: of those who just came somebody loses, the likelier the more it brought. */
  #drop(excess: number, nowMs: number): void {
    const dropped = this.#queue.dropLast(excess, this.#entries, this.#random.next());
    dropped?.owner.drop(dropped.amount, nowMs);
  }
}
