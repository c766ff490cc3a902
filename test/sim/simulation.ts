import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { defaultRetryPolicy, retryDelayMs } from '../../src/core/retry-policy.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent } from '../../src/core/scheduler-messages.js';
import { Random } from '../support/random.js';
import { ControlQueue } from './control-queue.js';
import { RateCurve } from './rate-curve.js';
import { HttpClient } from './http-client.js';
import { MgpClient } from './mgp-client.js';
import type { ClientConnection, ClientSegment, ClientWorld } from './sim-client.js';
import { ClientLink } from './client-link.js';
import { SimConnection } from './sim-connection.js';
import { SimLink } from './sim-link.js';
import { SimSource, type Attempt } from './sim-source.js';
import type { SimulationExtras, SimulationWatcher } from './simulation-options.js';
import { slotMs, type World } from './world.js';

/** As in the engine: how often it looks around, when it gives a silent connection up, how long an attempt may take. */
const tickMs = 50;
const silenceMsMax = 4500;
const attemptMsMax = 4000;
const blockBytes = 1024 * 1024;

type Happening =
  | { readonly type: 'attempt'; readonly source: number; readonly first: boolean }
  | ({ readonly type: 'connected' | 'greeted' } & Attempt)
  | { readonly type: 'timed-out'; readonly source: number; readonly attempt: number }
  | { readonly type: 'refused'; readonly source: number; readonly attempt: number }
  | { readonly type: 'reset'; readonly connection: ClientConnection }
  | { readonly type: 'act'; readonly act: () => void };

/** One download in a world: the real scheduler and ledger, an imitated engine and network. */
export class Simulation implements ClientWorld {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly segments: ClientSegment[] = [];
  readonly connections: ClientConnection[] = [];
  arrivedBytes = 0;
  /** Bytes that came and that nobody wanted. */
  discardedBytes = 0;
  /** TCP connections that were given up for another one. */
  reconnects = 0;
  decisions = 0;
  nowMs = 0;
  readonly #random: Random;
  readonly #watcher: SimulationWatcher;
  readonly #extras: SimulationExtras;
  readonly #sources: SimSource[];
  readonly #client: ClientLink;
  readonly #mgp = new MgpClient(this);
  readonly #happenings = new ControlQueue<Happening>();
  readonly #open = new Map<ConnectionId, ClientConnection>();
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
    this.#sources = world.sources.map(
      (spec, i) => new SimSource(new SimLink(spec, new RateCurve(world, i), this.#random)),
    );
    this.#client = new ClientLink(world.clientRate, this.#random);
  }

  /** Runs until the file is there, or until `msMax`; returns the time. */
  run(msMax: number): number {
    for (const [source, tier] of Object.entries(this.#extras.tiers ?? {})) {
      this.handle({ type: 'source-preference', source: Number(source) as SourceId, tier });
    }
    this.#letRead();
    this.#sources.forEach((_, i) => this.#attempt(i, true));
    let nextTickMs = tickMs;
    while (!this.ledger.isReceived && this.nowMs < msMax) {
      this.nowMs += this.world.stepMs;
      this.#serversChange();
      this.#happen();
      this.#move();
      for (const connection of this.#open.values()) connection.protocol.read(connection);
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
    if (event !== undefined) this.handle(event);
  }

  #serversChange(): void {
    if (this.nowMs % slotMs >= this.world.stepMs) return;
    this.#sources.forEach((source, index) => {
      const down = source.link.state(this.nowMs) === 'down';
      if (down && !source.wasDown) {
        for (const attempt of source.died()) {
          this.#happenings.put(this.nowMs + source.link.spec.rttMs / 2, { type: 'refused', source: index, attempt });
        }
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
        case 'connected':
          this.#connected(next);
          break;
        case 'greeted':
          this.#greeted(next);
          break;
        case 'refused':
        case 'timed-out':
          this.#attemptFailed(next.source, next.attempt);
          break;
        case 'reset':
          this.#close(next.connection);
          break;
        case 'act':
          next.act();
          break;
      }
    }
  }

  #attempt(index: number, expected: boolean): void {
    const source = this.#sources[index];
    if (source === undefined) return;
    const attempt = this.#nextAttempt++;
    source.attempts.add(attempt);
    if (expected) this.handle({ type: 'source-expected', source: index as SourceId });
    const state = source.link.state(this.nowMs);
    const { rttMs } = source.link.spec;
    if (state === 'down') {
      this.#happenings.put(this.nowMs + rttMs, { type: 'refused', source: index, attempt });
      return;
    }
    this.#happenings.put(this.nowMs + attemptMsMax, { type: 'timed-out', source: index, attempt });
    if (state !== 'up') return;
    // What answers waits in the queues like any other packet.
    const connectMs = rttMs + source.link.queueMs + this.#client.queueMs;
    const { life } = source;
    this.#happenings.put(this.nowMs + connectMs, { type: 'connected', source: index, attempt, life, connectMs });
  }

  #connected(attempt: Attempt): void {
    const source = this.#sources[attempt.source];
    if (source === undefined) return;
    const { isReady, asks } = source.connected(attempt, this.nowMs);
    source.madeInMs = attempt.connectMs;
    // Nobody can plan before a first source has said what the file is.
    if (this.connections.length > 0) this.#tellMade(source, attempt.source);
    const greetMs = attempt.connectMs + source.link.spec.thinkMs;
    if (asks) this.#happenings.put(this.nowMs + greetMs, { ...attempt, type: 'greeted' });
    if (isReady) this.#ready(attempt);
  }

  #tellMade({ madeInMs: rttMs }: SimSource, index: number): void {
    if (rttMs !== undefined) this.handle({ type: 'source-connected', source: index as SourceId, rttMs });
  }

  #tellOthersMade(index: number): void {
    this.#sources.forEach((other, i) => i !== index && this.#tellMade(other, i));
  }

  #greeted(attempt: Attempt): void {
    const source = this.#sources[attempt.source];
    if (source?.link.state(this.nowMs) === 'stalled')
      this.#happenings.put(this.nowMs + slotMs, { ...attempt, type: 'greeted' });
    else for (const waiting of source?.greeted(attempt, this.nowMs) ?? []) this.#ready(waiting);
  }

  #attemptFailed(index: number, attempt: number): void {
    const source = this.#sources[index];
    if (source?.leave(attempt) !== true) return;
    this.handle({ type: 'open-failed', source: index as SourceId });
    if (source.connections + source.attempts.size > 0) return;
    this.handle({ type: 'source-gone', source: index as SourceId });
    this.#again(index, source);
  }

  #again(index: number, source: SimSource): void {
    source.failures += 1;
    const delay = retryDelayMs(defaultRetryPolicy, source.failures, this.#random.next());
    this.#happenings.put(this.nowMs + delay, { type: 'attempt', source: index, first: true });
  }

  #ready({ source: index, attempt, connectMs }: Attempt): void {
    const source = this.#sources[index];
    if (source?.leave(attempt) !== true) return;
    const { spec } = source.link;
    const tcp = new SimConnection(source.link, spec.rttMs, this.world.stepMs, this.nowMs);
    const id = this.#nextConnection++ as ConnectionId;
    const connection: ClientConnection = {
      id,
      source: index as SourceId,
      tcp,
      protocol: spec.http === undefined ? this.#mgp : new HttpClient(this, spec.http),
      segments: new Map(),
      current: undefined,
      taken: 0,
      lastByteMs: this.nowMs,
      passed: undefined,
      closed: false,
    };
    source.link.add(tcp);
    source.connections += 1;
    source.failures = 0;
    this.#open.set(id, connection);
    if (this.connections.push(connection) === 1) this.#tellOthersMade(index);
    const traits = spec.http === undefined ? undefined : { canTrim: false, ranges: spec.http.ranges };
    this.handle({ type: 'connection-ready', connection: id, source: connection.source, rttMs: connectMs, traits });
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
    this.handle({ type: 'connection-closed', connection: connection.id });
    if (source.connections + source.attempts.size > 0) return;
    this.handle({ type: 'source-gone', source: connection.source });
    this.#again(connection.source, source);
  }

  /** Tells the scheduler how far the present segment has come, where that is news. */
  #report(connection: ClientConnection): void {
    const { passed } = connection;
    if (passed !== undefined) {
      connection.passed = undefined;
      this.handle({ type: 'skipped', connection: connection.id, position: passed });
    }
    const segment = connection.current;
    if (segment === undefined || segment.position === segment.reported) return;
    this.ledger.receive(segment.reported, segment.position, connection.source);
    segment.reported = segment.position;
    this.handle({ type: 'bytes', connection: connection.id, segment: segment.id, position: segment.position });
  }

  #tick(): void {
    for (const connection of this.#open.values()) this.#report(connection);
    this.handle({ type: 'tick' });
    for (const connection of [...this.#open.values()]) {
      const silentMs = this.scheduler.lane(connection.id)?.silentMs(this.nowMs) ?? 0;
      if (silentMs >= silenceMsMax) this.#close(connection);
    }
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
    connection.protocol.command(connection, command);
  }

  // What the protocols need.

  get sizeBytes(): number {
    return this.world.sizeBytes;
  }

  discarded(bytes: number): void {
    this.arrivedBytes += bytes;
    this.discardedBytes += bytes;
  }

  took(connection: ClientConnection, segment: ClientSegment, position: number): void {
    this.arrivedBytes += position - segment.position;
    connection.lastByteMs = this.nowMs;
    if (connection.current !== segment) {
      this.#report(connection);
      connection.current = segment;
    }
    segment.position = position;
    const first = segment.firstByteMs === undefined;
    segment.firstByteMs ??= this.nowMs;
    const crossed = Math.floor(segment.position / blockBytes) > Math.floor(segment.reported / blockBytes);
    if (first || crossed) this.#report(connection);
  }

  ended(connection: ClientConnection, segment: ClientSegment): void {
    if (connection.current === segment) {
      this.#report(connection);
      connection.current = undefined;
    }
    segment.endedAtMs = this.nowMs;
    connection.segments.delete(segment.id);
    this.handle({ type: 'segment-ended', connection: connection.id, segment: segment.id, end: segment.position });
  }

  atServer(connection: ClientConnection, act: (tcp: SimConnection) => void): void {
    const { tcp } = connection;
    const heard = (): void => {
      if (connection.closed || connection.tcp !== tcp || tcp.isDead) return;
      // It lies in the server's receive buffer.
      if (tcp.link.state(this.nowMs) === 'stalled')
        this.#happenings.put(this.nowMs + slotMs, { type: 'act', act: heard });
      else act(tcp);
    };
    this.#happenings.put(this.nowMs + tcp.rttMs / 2, { type: 'act', act: heard });
  }

  reconnect(connection: ClientConnection, opened: () => void): void {
    const { link, rttMs } = connection.tcp;
    this.reconnects += 1;
    this.#report(connection);
    connection.current = undefined;
    link.remove(connection.tcp);
    this.#client.remove(connection.tcp);
    const tcp = new SimConnection(link, rttMs, this.world.stepMs, this.nowMs);
    connection.tcp = tcp;
    connection.taken = 0;
    const accepted = (): void => {
      if (connection.closed || tcp.isDead) return;
      const state = link.state(this.nowMs);
      if (state === 'stalled') this.#happenings.put(this.nowMs + slotMs, { type: 'act', act: accepted });
      else if (state === 'down') this.#close(connection);
      else {
        link.add(tcp);
        opened();
      }
    };
    this.#happenings.put(this.nowMs + rttMs, { type: 'act', act: accepted });
  }

  handle(event: SchedulerEvent): void {
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
}
