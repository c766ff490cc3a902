import type { SegmentId } from '../../src/core/scheduler-messages.js';
import type { ClientConnection, ClientProtocol, ClientSegment, ClientWorld, ConnectionCommand } from './sim-client.js';
import { readableBytes } from './sim-connection.js';
import type { HttpSpec } from './world.js';

/** As in `src/sources/http/`: what is read over rather than to connect anew, and requests that are out at once. */
const drainBytesMax = 256 * 1024;
const outMax = 16;

/** An answer that is coming or awaited. */
interface Answer {
  /** What the server's stream calls it. */
  readonly id: SegmentId;
  /** Where it is. */
  position: number;
  readonly end: number;
  order: ClientSegment | undefined;
}

/**
 * HTTP/1.1 as `HttpConnection` speaks it, for one connection: what was asked for comes to its end, or the TCP connection
 * is given up for another one; without ranges all of the file comes, from its start on.
 *
 * Invariant: `#answers` are in the order in which they were asked for; an order of one of them is in `#asked`.
 */
export class HttpClient implements ClientProtocol {
  readonly #world: ClientWorld;
  readonly #spec: HttpSpec;
  #orders: ClientSegment[] = [];
  readonly #asked = new Set<ClientSegment>();
  #answers: Answer[] = [];
  #nextAnswer = 1;
  #isOpen = true;

  constructor(world: ClientWorld, spec: HttpSpec) {
    this.#world = world;
    this.#spec = spec;
  }

  command(connection: ClientConnection, command: ConnectionCommand): void {
    // There is no ping.
    if (command.type === 'probe') return;
    const segment = connection.segments.get(command.segment);
    if (segment === undefined) return;
    if (command.type === 'request') this.#orders.push(segment);
    else if (command.end < segment.end) {
      segment.end = Math.max(command.end, segment.position);
      if (!this.#asked.has(segment) && segment.position >= segment.end) this.#finish(connection, segment);
    }
    this.#pump(connection);
  }

  read(connection: ClientConnection): void {
    const { extents } = connection.tcp.stream;
    const world = this.#world;
    let available = readableBytes(connection, world.nowMs);
    for (;;) {
      const [first] = extents;
      const [answer] = this.#answers;
      if (first === undefined || answer === undefined || connection.closed || !this.#isOpen) return;
      const { tcp } = connection;
      if (first.start === first.end && first.atMs + tcp.rttMs / 2 > world.nowMs) return;
      const wanted = Math.min(available, first.end - first.start);
      const count = wanted > 0 ? this.#take(connection, answer, wanted) : 0;
      if (connection.tcp !== tcp) return;
      available -= count;
      connection.taken += count;
      first.start += count;
      // Nobody wants the rest yet: the server's kernel is to hold it.
      tcp.isHeldBack = count < wanted;
      if (first.start < first.end) return;
      if (first.last) {
        extents.shift();
        this.#answers.shift();
        if (answer.order !== undefined) this.#finish(connection, answer.order);
        this.#pump(connection);
      } else if (extents.length > 1) extents.shift();
      else return;
    }
  }

  /** Takes up to `count` bytes of an answer for whoever wants them; says how many. */
  #take(connection: ClientConnection, answer: Answer, count: number): number {
    let taken = 0;
    while (taken < count && this.#isOpen && !connection.closed) {
      const order = answer.order ?? this.#adopter(answer);
      if (order === undefined) {
        if (!this.#spec.ranges) return taken;
        this.#skip(connection, answer, count - taken);
        return count;
      }
      if (order.position >= order.end) {
        answer.order = undefined;
        this.#finish(connection, order);
        if (this.#spec.ranges && answer.end - answer.position > drainBytesMax) this.#reconnect(connection);
        continue;
      }
      if (answer.position < order.position) {
        taken += this.#skip(connection, answer, Math.min(count - taken, order.position - answer.position));
        continue;
      }
      const bytes = Math.min(count - taken, order.end - answer.position);
      taken += bytes;
      answer.position += bytes;
      this.#world.took(connection, order, answer.position);
      if (order.position < order.end) continue;
      answer.order = undefined;
      this.#finish(connection, order);
      if (this.#spec.ranges && answer.end - answer.position > drainBytesMax) this.#reconnect(connection);
    }
    return taken;
  }

  /** The whole file that is coming goes on for the next order, where it has not gone by. */
  #adopter(answer: Answer): ClientSegment | undefined {
    if (this.#spec.ranges) return undefined;
    const next = this.#next;
    if (next === undefined || next.position < answer.position) return undefined;
    this.#asked.add(next);
    answer.order = next;
    return next;
  }

  #skip(connection: ClientConnection, answer: Answer, bytes: number): number {
    answer.position += bytes;
    this.#world.discarded(bytes);
    connection.lastByteMs = this.#world.nowMs;
    if (!this.#spec.ranges) connection.passed = answer.position;
    return bytes;
  }

  get #next(): ClientSegment | undefined {
    return this.#orders.find((order) => !this.#asked.has(order));
  }

  #finish(connection: ClientConnection, order: ClientSegment): void {
    this.#asked.delete(order);
    this.#orders = this.#orders.filter((o) => o !== order);
    this.#world.ended(connection, order);
  }

  /** Sends what can be sent now. */
  #pump(connection: ClientConnection): void {
    for (const order of this.#orders) {
      if (!this.#asked.has(order) && order.position >= order.end) this.#finish(connection, order);
    }
    while (this.#isOpen && !connection.closed) {
      const next = this.#next;
      const [running] = this.#answers;
      if (next === undefined) return;
      if (running !== undefined && !this.#spec.ranges) {
        if (running.order === undefined && next.position < running.position) this.#reconnect(connection);
        return;
      }
      if (running !== undefined && !(this.#spec.pipelines && this.#answers.length < outMax)) return;
      const [start, end] = this.#spec.ranges ? [next.position, next.end] : [0, this.#world.sizeBytes];
      const id = this.#nextAnswer++;
      this.#answers.push({ id, position: start, end, order: next });
      this.#asked.add(next);
      this.#world.atServer(connection, (tcp) => tcp.ask(id, start, end, this.#world.nowMs));
    }
  }

  #reconnect(connection: ClientConnection): void {
    this.#isOpen = false;
    this.#answers = [];
    this.#asked.clear();
    this.#world.reconnect(connection, () => {
      this.#isOpen = true;
      this.#pump(connection);
    });
  }
}
