import type { Random } from '../support/random.js';
import { Fifo } from './fifo.js';
import type { RateCurve } from './rate-curve.js';
import type { SimConnection } from './sim-connection.js';
import { slotMs, type SourceSpec } from './world.js';

/** A server and the link before it, shared by its connections through one queue. */
export class SimLink {
  readonly spec: SourceSpec;
  readonly curve: RateCurve;
  readonly connections: SimConnection[] = [];
  readonly #random: Random;
  #rate = 0;
  #turn = 0;
  readonly #queue = new Fifo();
  /** Goodput lost because nobody had asked for anything, in bytes: the gaps. */
  idleBytes = 0;

  constructor(spec: SourceSpec, curve: RateCurve, random: Random) {
    this.spec = spec;
    this.curve = curve;
    this.#random = random;
  }

  state(nowMs: number): 'up' | 'stalled' | 'down' {
    return this.curve.state(Math.floor(nowMs / slotMs));
  }

  /** Time that a packet waits in the queue now. */
  get queueMs(): number {
    return this.#rate === 0 ? 0 : (this.#queue.bytes / this.#rate) * 1000;
  }

  add(connection: SimConnection): void {
    this.connections.push(connection);
  }

  remove(connection: SimConnection): void {
    const at = this.connections.indexOf(connection);
    if (at >= 0) this.connections.splice(at, 1);
    this.#queue.remove(connection);
  }

  /** One step: everybody sends, the link serves its queue, and what crosses the net arrives at `arrived`. */
  step(nowMs: number, stepMs: number, arrived: (connection: SimConnection, bytes: number) => void): void {
    const { spec } = this;
    this.#rate = this.curve.link(Math.floor(nowMs / slotMs));
    const capacity = (this.#rate * stepMs) / 1000;
    const runs = this.state(nowMs) === 'up';
    if (runs) this.#commit(capacity, nowMs, stepMs);
    // Whoever comes first finds the room that is left: each step another one.
    const count = this.connections.length;
    this.#turn += 1;
    for (let i = 0; i < count; i += 1) {
      const connection = this.connections[(i + this.#turn) % count];
      if (connection === undefined) continue;
      const room = spec.shaped ? Infinity : Math.max(0, spec.queueBytes + capacity - this.#queue.bytes);
      const sent = connection.send(nowMs, room);
      if (sent > 0) this.#queue.push(connection, sent);
      if (spec.lossRate > 0 && sent > 0 && this.#random.chance(Math.min(1, (spec.lossRate * sent) / 1448))) {
        connection.lose(nowMs);
      }
    }
    // Where the server itself limits its rate the link is wider: nothing waits there.
    this.#queue.serve(spec.shaped ? Infinity : capacity);
    for (const connection of this.connections) {
      const out = connection.served;
      connection.served = 0;
      arrived(connection, connection.propagate(out));
    }
  }

  /** The server writes to its connections; where it limits its rate, what one has no use for is the others'. */
  #commit(capacity: number, nowMs: number, stepMs: number): void {
    const { spec } = this;
    const own = spec.connectionRateMax === undefined ? Infinity : (spec.connectionRateMax * stepMs) / 1000;
    if (!spec.shaped) {
      for (const connection of this.connections) if (connection.wants(nowMs)) connection.commit(nowMs, own);
      return;
    }
    const busy = this.connections.filter((c) => c.wants(nowMs));
    let pool = capacity;
    busy.sort((a, b) => a.room - b.room);
    busy.forEach((connection, i) => {
      pool -= connection.commit(nowMs, Math.min(own, pool / (busy.length - i)));
    });
  }
}
