import type { Random } from '../support/random.js';
import type { SimConnection } from './sim-connection.js';

/** Depth of the queue before the client's own link, in time. */
const queueMs = 100;

/** The client's own link: one queue for everything that arrives, where it is narrower than the sources together. */
export class ClientLink {
  readonly #rate: number | undefined;
  readonly #random: Random;
  readonly #connections = new Set<SimConnection>();
  #backlog = 0;
  #nowMs = 0;

  constructor(rate: number | undefined, random: Random) {
    this.#rate = rate;
    this.#random = random;
  }

  /** Bytes cross from a source's link to here. */
  readonly arrived = (connection: SimConnection, bytes: number): void => {
    if (this.#rate === undefined) {
      connection.deliver(bytes, this.#nowMs);
      return;
    }
    this.#connections.add(connection);
    connection.clientBacklog += bytes;
    this.#backlog += bytes;
  };

  remove(connection: SimConnection): void {
    if (this.#connections.delete(connection)) this.#backlog -= connection.clientBacklog;
  }

  step(nowMs: number, stepMs: number): void {
    this.#nowMs = nowMs;
    if (this.#rate === undefined) return;
    const capacity = (this.#rate * stepMs) / 1000;
    const share = this.#backlog <= capacity ? 1 : capacity / this.#backlog;
    for (const connection of this.#connections) {
      const out = connection.clientBacklog * share;
      connection.clientBacklog -= out;
      this.#backlog -= out;
      connection.deliver(out, nowMs);
    }
    const excess = this.#backlog - (this.#rate * queueMs) / 1000;
    if (excess > 0) this.#drop(excess, nowMs);
  }

  /** The queue is full: somebody loses, the likelier the more it has in the queue. */
  #drop(excess: number, nowMs: number): void {
    let left = this.#random.next() * this.#backlog;
    for (const connection of this.#connections) {
      left -= connection.clientBacklog;
      if (left > 0) continue;
      const amount = Math.min(excess, connection.clientBacklog);
      this.#backlog -= amount;
      connection.drop(amount, nowMs);
      return;
    }
  }
}
