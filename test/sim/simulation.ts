import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { defaultRetryPolicy, retryDelayMs } from '../../src/core/retry-policy.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent, SegmentId } from '../../src/core/scheduler-messages.js';
import { Random } from '../support/random.js';
import { ControlQueue } from './control-queue.js';
import { RateCurve } from './rate-curve.js';
import type { Extent } from './server-stream.js';
import type { ClientConnection, ClientSegment } from './sim-client.js';
import { ClientLink } from './client-link.js';
import { SimConnection } from './sim-connection.js';
import { SimLink } from './sim-link.js';
import type { SimReader } from './sim-reader.js';
import { slotMs, type World } from './world.js';

/** As in the engine: how often it looks around, when it gives a silent connection up, how long an attempt may take. */
const tickMs = 50;
const silenceMsMax = 4500;
const attemptMsMax = 4000;
const blockBytes = 1024 * 1024;

/** What can be watched while a world runs. */
export interface SimulationWatcher {
  event?(event: SchedulerEvent, commands: readonly SchedulerCommand[], nowMs: number): void;
}

/** Sources that are only used where no better one delivers: tier by source. */
export type SourceTiers = Readonly<Record<number, number>>;

/** What a simulation may have besides its world. */
export interface SimulationExtras {
  readonly reader?: SimReader;
  readonly tiers?: SourceTiers;
}

type Happening =
  | { readonly type: 'attempt'; readonly source: number; readonly first: boolean }
  | { readonly type: 'accepted'; readonly source: number; readonly life: number }
  | { readonly type: 'timed-out'; readonly source: number; readonly attempt: number }
  | { readonly type: 'refused'; readonly source: number; readonly attempt: number }
  | { readonly type: 'reset'; readonly connection: ClientConnection }
  | { readonly type: 'at-server'; readonly connection: ClientConnection; readonly command: SchedulerCommand };

interface SourceState {
  readonly link: SimLink;
  readonly attempts: Set<number>;
  connections: number;
  failures: number;
  /** Counts the times that its server came up; a connection of an earlier life is dead. */
  life: number;
  wasDown: boolean;
}

/** One download in a world: the real scheduler and ledger, an imitated engine and network. */
export class Simulation {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly segments: ClientSegment[] = [];
  readonly connections: ClientConnection[] = [];
  arrivedBytes = 0;
  decisions = 0;
  nowMs = 0;
  readonly #random: Random;
  readonly #watcher: SimulationWatcher;
  readonly #extras: SimulationExtras;
  readonly #sources: SourceState[];
  readonly #client: ClientLink;
  readonly #happenings = new ControlQueue<Happening>();
  readonly #open = new Map<ConnectionId, ClientConnection>();
  readonly #byTcp = new Map<SimConnection, ClientConnection>();
  readonly #events: SchedulerEvent[] = [];
  #handling = false;
  #nextConnection = 0;
  #nextAttempt = 0;

  constructor(world: World, watcher: SimulationWatcher = {}, extras: SimulationExtras = {}) {
    this.world = world;
    this.#watcher = watcher;
    this.#extras = extras;
    this.#random = new Random(world.seed ^ 0x51ed270b);
    this.ledger = new Ledger(world.sizeBytes, world.pieceBytes);
    this.scheduler = new Scheduler({
      pieceBytes: world.pieceBytes,
      missing: this.ledger.missing(0, world.sizeBytes),
      connectionsPerSourceMax: world.connectionsPerSourceMax,
    });
    this.#sources = world.sources.map((spec, i) => ({
      link: new SimLink(spec, new RateCurve(world, i), this.#random),
      attempts: new Set(),
      connections: 0,
      failures: 0,
      life: 0,
      wasDown: false,
    }));
    this.#client = new ClientLink(world.clientRate, this.#random);
  }

  /** Runs until the file is there, or until `msMax`; returns the time. */
  run(msMax: number): number {
    for (const [source, tier] of Object.entries(this.#extras.tiers ?? {})) {
      this.#handle({ type: 'source-preference', source: Number(source) as SourceId, tier });
    }
    this.#letRead();
    this.#sources.forEach((_, i) => this.#attempt(i, true));
    let nextTickMs = tickMs;
    while (!this.ledger.isReceived && this.nowMs < msMax) {
      this.nowMs += this.world.stepMs;
      this.#serversChange();
      this.#happen();
      this.#move();
      for (const connection of this.#open.values()) this.#read(connection);
      this.#letRead();
      if (this.nowMs < nextTickMs) continue;
      nextTickMs += tickMs;
      this.#tick();
    }
    return this.nowMs;
  }

  get duplicateBytes(): number {
    return this.ledger.duplicateBytes;
  }

  #move(): void {
    const { stepMs } = this.world;
    const client = this.#client;
    for (const { link } of this.#sources) {
      if (link.connections.length > 0) link.step(this.nowMs, stepMs, client.arrived);
    }
    client.step(this.nowMs, stepMs);
  }

  /** The reader, where there is one, takes what has arrived in order. */
  #letRead(): void {
    const event = this.#extras.reader?.read(this.ledger, this.nowMs);
    if (event !== undefined) this.#handle(event);
  }

  #serversChange(): void {
    if (this.nowMs % slotMs >= this.world.stepMs) return;
    this.#sources.forEach((source) => {
      const down = source.link.state(this.nowMs) === 'down';
      if (down && !source.wasDown) {
        source.life += 1;
        for (const connection of this.#open.values()) {
          if (connection.tcp.link !== source.link) continue;
          connection.tcp.isDead = true;
          this.#happenings.put(this.nowMs + connection.tcp.rttMs / 2, { type: 'reset', connection });
        }
      }
      source.wasDown = down;
    });
  }

  #happen(): void {
    for (let next = this.#happenings.take(this.nowMs); next !== undefined; next = this.#happenings.take(this.nowMs)) {
      switch (next.type) {
        case 'attempt':
          this.#attempt(next.source, next.first);
          break;
        case 'accepted':
          this.#accepted(next.source, next.life);
          break;
        case 'refused':
        case 'timed-out':
          this.#attemptFailed(next.source, next.attempt);
          break;
        case 'reset':
          this.#close(next.connection);
          break;
        case 'at-server':
          this.#atServer(next.connection, next.command);
          break;
      }
    }
  }

  #attempt(index: number, expected: boolean): void {
    const source = this.#sources[index];
    if (source === undefined) return;
    const attempt = this.#nextAttempt++;
    source.attempts.add(attempt);
    if (expected) this.#handle({ type: 'source-expected', source: index as SourceId });
    const state = source.link.state(this.nowMs);
    const { rttMs, thinkMs } = source.link.spec;
    if (state === 'down') {
      this.#happenings.put(this.nowMs + rttMs, { type: 'refused', source: index, attempt });
      return;
    }
    this.#happenings.put(this.nowMs + attemptMsMax, { type: 'timed-out', source: index, attempt });
    const readyMs = this.nowMs + 2 * rttMs + thinkMs;
    if (state === 'up') this.#happenings.put(readyMs, { type: 'accepted', source: index, life: source.life });
  }

  #attemptFailed(index: number, attempt: number): void {
    const source = this.#sources[index];
    if (source?.attempts.delete(attempt) !== true) return;
    this.#handle({ type: 'open-failed', source: index as SourceId });
    if (source.connections + source.attempts.size > 0) return;
    this.#handle({ type: 'source-gone', source: index as SourceId });
    this.#again(index, source);
  }

  #again(index: number, source: SourceState): void {
    source.failures += 1;
    const delay = retryDelayMs(defaultRetryPolicy, source.failures, this.#random.next());
    this.#happenings.put(this.nowMs + delay, { type: 'attempt', source: index, first: true });
  }

  #accepted(index: number, life: number): void {
    const source = this.#sources[index];
    const attempt = source?.attempts.values().next();
    if (source === undefined || attempt === undefined || attempt.done === true || source.life !== life) return;
    source.attempts.delete(attempt.value);
    const { spec } = source.link;
    const tcp = new SimConnection(source.link, spec.rttMs, this.world.stepMs, this.nowMs);
    const id = this.#nextConnection++ as ConnectionId;
    const connection: ClientConnection = {
      id,
      source: index as SourceId,
      tcp,
      segments: new Map(),
      current: undefined,
      taken: 0,
      lastByteMs: this.nowMs,
      closed: false,
    };
    source.link.add(tcp);
    source.connections += 1;
    source.failures = 0;
    this.#open.set(id, connection);
    this.#byTcp.set(tcp, connection);
    this.connections.push(connection);
    this.#handle({ type: 'connection-ready', connection: id, source: connection.source, rttMs: spec.rttMs });
  }

  #close(connection: ClientConnection): void {
    if (connection.closed) return;
    connection.closed = true;
    const source = this.#sources[connection.source];
    if (source === undefined) return;
    source.link.remove(connection.tcp);
    this.#client.remove(connection.tcp);
    source.connections -= 1;
    this.#open.delete(connection.id);
    this.#report(connection);
    for (const segment of connection.segments.values()) segment.endedAtMs ??= this.nowMs;
    this.#handle({ type: 'connection-closed', connection: connection.id });
    if (source.connections + source.attempts.size > 0) return;
    this.#handle({ type: 'source-gone', source: connection.source });
    this.#again(connection.source, source);
  }

  /** Takes what the connection's stream has for the client. */
  #read(connection: ClientConnection): void {
    const { tcp } = connection;
    const { extents } = tcp.stream;
    let available = Math.floor(tcp.readable(this.nowMs) + 1e-3) - connection.taken;
    for (let first = extents[0]; first !== undefined && !connection.closed; first = extents[0]) {
      if (first.start === first.end && first.atMs + tcp.rttMs / 2 > this.nowMs) return;
      if (first.pong) {
        extents.shift();
        connection.lastByteMs = this.nowMs;
        this.#handle({ type: 'alive', connection: connection.id });
        continue;
      }
      const count = Math.min(available, first.end - first.start);
      if (count > 0) {
        available -= count;
        connection.taken += count;
        this.#take(connection, first, count);
      }
      if (first.start < first.end) return;
      if (first.last) {
        extents.shift();
        this.#ended(connection, first);
      } else if (extents.length > 1) extents.shift();
      else return;
    }
  }

  #take(connection: ClientConnection, extent: Extent, count: number): void {
    const at = extent.start;
    (extent as { start: number }).start += count;
    this.arrivedBytes += count;
    connection.lastByteMs = this.nowMs;
    if (connection.current?.id !== extent.segment) {
      this.#report(connection);
      connection.current = connection.segments.get(extent.segment);
    }
    const segment = connection.current;
    if (segment === undefined) return;
    segment.position = at + count;
    const first = segment.firstByteMs === undefined;
    segment.firstByteMs ??= this.nowMs;
    const crossed = Math.floor(segment.position / blockBytes) > Math.floor(segment.reported / blockBytes);
    if (first || crossed) this.#report(connection);
  }

  /** Tells the scheduler how far the present segment has come, where that is news. */
  #report(connection: ClientConnection): void {
    const segment = connection.current;
    if (segment === undefined || segment.position === segment.reported) return;
    this.ledger.receive(segment.reported, segment.position, connection.source);
    segment.reported = segment.position;
    this.#handle({ type: 'bytes', connection: connection.id, segment: segment.id, position: segment.position });
  }

  #ended(connection: ClientConnection, extent: Extent): void {
    const segment = connection.segments.get(extent.segment);
    if (segment === undefined) return;
    if (connection.current?.id === segment.id) {
      this.#report(connection);
      connection.current = undefined;
    }
    segment.endedAtMs = this.nowMs;
    connection.segments.delete(segment.id);
    this.#handle({ type: 'segment-ended', connection: connection.id, segment: segment.id, end: segment.position });
  }

  #tick(): void {
    for (const connection of this.#open.values()) this.#report(connection);
    this.#handle({ type: 'tick' });
    for (const connection of [...this.#open.values()]) {
      const silentMs = this.scheduler.lane(connection.id)?.silentMs(this.nowMs) ?? 0;
      if (silentMs >= silenceMsMax) this.#close(connection);
    }
  }

  #handle(event: SchedulerEvent): void {
    this.#events.push(event);
    if (this.#handling) return;
    this.#handling = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      this.decisions += 1;
      const commands = this.scheduler.handle(next, this.nowMs);
      this.#watcher.event?.(next, commands, this.nowMs);
      for (const command of commands) this.#carryOut(command);
    }
    this.#handling = false;
  }

  #carryOut(command: SchedulerCommand): void {
    if (command.type === 'open') {
      this.#attempt(command.source, false);
      return;
    }
    const connection = this.#open.get(command.connection);
    if (connection === undefined) return;
    if (command.type === 'close') {
      this.#close(connection);
      return;
    }
    if (command.type === 'request') {
      const { segment: id, start, end, reason } = command;
      const segment: ClientSegment = {
        ...{ id, connection: connection.id, start, position: start, reported: start, end, reason },
        ...{ askedAtMs: this.nowMs, firstByteMs: undefined, endedAtMs: undefined },
      };
      connection.segments.set(id, segment);
      this.segments.push(segment);
    }
    this.#happenings.put(this.nowMs + connection.tcp.rttMs / 2, { type: 'at-server', connection, command });
  }

  #atServer(connection: ClientConnection, command: SchedulerCommand): void {
    const { tcp } = connection;
    if (connection.closed || tcp.isDead) return;
    if (tcp.link.state(this.nowMs) === 'stalled') {
      // It lies in the server's receive buffer.
      this.#happenings.put(this.nowMs + slotMs, { type: 'at-server', connection, command });
      return;
    }
    if (command.type === 'request') {
      if (!tcp.stream.hasRequests) tcp.stream.thinksUntilMs = this.nowMs + tcp.link.spec.thinkMs;
      tcp.stream.request(command.segment, command.start, command.end);
    } else if (command.type === 'trim') {
      tcp.stream.trim(command.segment, command.end, this.nowMs);
    } else if (command.type === 'probe') {
      tcp.stream.pong(this.nowMs);
    }
  }
}

export type { SegmentId };
