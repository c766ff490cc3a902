import type { ByteRange } from '../base/byte-range.js';
import type { ConnectionId, SourceId } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import { Lane, type Segment } from './lane.js';
import type { Run } from './provenance.js';
import { RangeSet } from './range-set.js';
import type { SchedulerCommand, SchedulerEvent, SegmentId } from './scheduler-messages.js';
import { alignCut, planSteal } from './split.js';

/** How long a source may take to connect before its share is dealt out to the others. */
const expectedMsMax = 2000;
/** A connection is given its next work when what it has lasts this much longer than asking takes. */
const lookAheadMs = 60;
/** The smallest span worth a request, while nobody is measured. */
const spanBytesMin = 64 * 1024;

export interface SchedulerOptions {
  readonly pieceBytes: number;
  /** What is to be fetched. */
  readonly missing: Iterable<ByteRange>;
  /** Connections to one source at most. Default 8. */
  readonly connectionsPerSourceMax?: number;
}

/** A range that is on order, with the connection that is to deliver it. */
export interface Order extends Run {
  readonly connection: ConnectionId;
}

/**
 * Decides who fetches what. Pure: events and the time go in, commands come out; the same sequence gives the same
 * commands. `docs/scheduler.md` gives the reasoning.
 *
 * Owns: what nobody holds (`#free`), and what each connection holds (its lane's segments). Invariant: no byte is free
 * and on order at once, and none is on order on two connections, but for what a trimmed connection still sends.
 */
export class Scheduler {
  readonly #pieceBytes: number;
  readonly #free: RangeSet;
  readonly #lanes = new Map<ConnectionId, Lane>();
  readonly #expected = new Map<SourceId, number>();
  readonly #known = new Set<SourceId>();
  /** Ranges to be fetched again, each if possible from another source than the one that gave wrong bytes. */
  #second: { range: ByteRange; avoid: SourceId | undefined }[] = [];
  #paused = false;
  #nextSegment: SegmentId = 1;
  #commands: SchedulerCommand[] = [];
  #nowMs = 0;

  constructor(options: SchedulerOptions) {
    this.#pieceBytes = options.pieceBytes;
    this.#free = new RangeSet(options.missing);
  }

  /** Bytes that nobody holds. */
  get freeBytes(): number {
    return this.#free.bytes + this.#second.reduce((sum, s) => sum + s.range.end - s.range.start, 0);
  }

  /** Orders that are out: who is to deliver what. */
  inFlight(): Order[] {
    const out: Order[] = [];
    for (const lane of this.#lanes.values()) {
      for (const s of lane.segments) {
        if (s.position < s.end)
          out.push({ start: s.position, end: s.end, source: lane.source, connection: lane.connection });
      }
    }
    return out;
  }

  /** The connection's book, for views. */
  lane(connection: ConnectionId): Lane | undefined {
    return this.#lanes.get(connection);
  }

  /** Takes one event at `nowMs` (never smaller than before) and says what to do about it. */
  handle(event: SchedulerEvent, nowMs: number): readonly SchedulerCommand[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#commands = [];
    this.#apply(event);
    return this.#commands;
  }

  #apply(event: SchedulerEvent): void {
    switch (event.type) {
      case 'source-expected':
        this.#expected.set(event.source, this.#nowMs);
        return;
      case 'source-gone':
        this.#expected.delete(event.source);
        return;
      case 'connection-ready':
        this.#connectionReady(event.connection, event.source, event.rttMs);
        return;
      case 'connection-closed':
        this.#connectionClosed(event.connection);
        return;
      case 'bytes':
        this.#bytes(event.connection, event.segment, event.position);
        return;
      case 'segment-ended':
        this.#segmentEnded(event.connection, event.segment, event.end);
        return;
      case 'alive':
        this.#lanes.get(event.connection)?.sawLife(this.#nowMs);
        this.#feedHungry();
        return;
      case 'open-failed':
        return;
      case 'refetch':
        this.#second.push({ range: event.range, avoid: event.avoid });
        this.#feedHungry();
        return;
      case 'pause':
        this.#pause();
        return;
      case 'resume':
        this.#paused = false;
        this.#feedHungry();
        return;
      case 'tick':
        this.#tick();
        return;
    }
  }

  #connectionReady(connection: ConnectionId, source: SourceId, rttMs: number): void {
    this.#expected.delete(source);
    this.#known.add(source);
    const lane = new Lane(connection, source, rttMs, this.#nowMs);
    this.#lanes.set(connection, lane);
    this.#feed(lane);
  }

  #connectionClosed(connection: ConnectionId): void {
    const lane = this.#lanes.get(connection);
    if (lane === undefined) return;
    this.#lanes.delete(connection);
    for (const segment of lane.segments) this.#giveBack(segment.position, segment.end);
    this.#feedHungry();
  }

  #bytes(connection: ConnectionId, id: SegmentId, position: number): void {
    const lane = this.#lanes.get(connection);
    const segment = lane?.segment(id);
    if (lane === undefined || segment === undefined) return;
    lane.arrived(segment, position, this.#nowMs);
    if (this.#isHungry(lane)) this.#feed(lane);
  }

  #segmentEnded(connection: ConnectionId, id: SegmentId, end: number): void {
    const lane = this.#lanes.get(connection);
    const segment = lane?.segment(id);
    if (lane === undefined || segment === undefined) return;
    lane.sawLife(this.#nowMs);
    lane.ended(segment, this.#nowMs);
    if (end < segment.end) this.#giveBack(Math.max(segment.position, end), segment.end);
    this.#feedHungry();
  }

  #pause(): void {
    this.#paused = true;
    for (const lane of this.#lanes.values()) {
      for (const segment of lane.segments) this.#trim(lane, segment, segment.position, 'paused');
    }
  }

  #tick(): void {
    for (const lane of this.#lanes.values()) {
      if (!lane.isStalled(this.#nowMs)) continue;
      const silent = `nothing came for ${(lane.silentMs(this.#nowMs) / 1000).toFixed(1)} s`;
      lane.markSuspect();
      if (lane.wantsProbe(this.#nowMs)) {
        this.#commands.push({ type: 'probe', connection: lane.connection, reason: silent });
      }
    }
    this.#feedHungry();
  }

  /** Gives work to every connection that will soon be without, the fastest first: what is left goes where it ends soonest. */
  #feedHungry(): void {
    if (this.#paused) return;
    const hungry = [...this.#lanes.values()].filter((lane) => this.#isHungry(lane));
    if (hungry.length > 1) hungry.sort((a, b) => (b.rate(this.#nowMs) ?? 0) - (a.rate(this.#nowMs) ?? 0));
    for (const lane of hungry) this.#feed(lane);
  }

  #isHungry(lane: Lane): boolean {
    if (lane.isSuspect) return false;
    return this.#leftMs(lane) < lane.firstByteMs + lookAheadMs;
  }

  #feed(lane: Lane): void {
    if (this.#paused || lane.isSuspect) return;
    if (this.#takeSecond(lane) || this.#takeFree(lane)) return;
    this.#steal(lane);
  }

  /** Time until a lane has delivered what it owes. A lane that is not measured yet counts as one of mean speed. */
  #leftMs(lane: Lane): number {
    const remaining = lane.remainingBytes;
    if (remaining === 0) return 0;
    return (remaining / Math.max(1, this.#rateOf(lane))) * 1000;
  }

  /** Bytes a second that a lane is counted with. */
  #rateOf(lane: Lane): number {
    return lane.rate(this.#nowMs) ?? this.#meanRate();
  }

  /** Mean of the measured lanes; 1 where none is measured, so that all count the same. */
  #meanRate(): number {
    let sum = 0;
    let count = 0;
    for (const lane of this.#lanes.values()) {
      const rate = lane.rate(this.#nowMs);
      if (rate === undefined) continue;
      sum += rate;
      count += 1;
    }
    return count === 0 ? 1 : sum / count;
  }

  #takeSecond(lane: Lane): boolean {
    const others = new Set([...this.#lanes.values()].filter((l) => !l.isSuspect).map((l) => l.source));
    const at = this.#second.findIndex((s) => s.avoid !== lane.source || others.size < 2);
    const taken = this.#second[at];
    if (taken === undefined) return false;
    this.#second.splice(at, 1);
    this.#request(lane, taken.range.start, taken.range.end, undefined, 'fetched again: its bytes were wrong');
    return true;
  }

  /** Takes its fair part of what nobody holds: as much as it can deliver until all would be done together. */
  #takeFree(lane: Lane): boolean {
    const range = this.#free.at(0);
    if (range === undefined) return false;
    const want = Math.max(spanBytesMin, this.#fairShare(lane));
    const following = this.#free.atOrAfter(lane.tail?.end ?? lane.segments.at(-1)?.end ?? 0);
    const from = following !== undefined && following.start === lane.segments.at(-1)?.end ? following : range;
    let end = from.start + want;
    if (end < from.end) end = alignCut(end, { start: from.start, end: from.end }, this.#pieceBytes, want / 8);
    if (from.end - end < Math.min(spanBytesMin, want)) end = from.end;
    this.#free.remove(from.start, end);
    const bytes = formatBytes(end - from.start);
    this.#request(lane, from.start, end, undefined, `${bytes} that nobody holds: its share by speed`);
    return true;
  }

  #fairShare(lane: Lane): number {
    const mean = this.#meanRate();
    let rates = 0;
    let remaining = this.#free.bytes;
    for (const other of this.#lanes.values()) {
      if (other.isSuspect) continue;
      rates += other.rate(this.#nowMs) ?? mean;
      remaining += other.remainingBytes;
    }
    for (const since of this.#expected.values()) {
      if (this.#nowMs - since < expectedMsMax) rates += mean;
    }
    return (remaining * this.#rateOf(lane)) / rates - lane.remainingBytes;
  }

  /** Takes from the connection that would be done last, so that both are done at the same time. */
  #steal(thief: Lane): void {
    let victim: Lane | undefined;
    let victimLeftMs = 0;
    for (const lane of this.#lanes.values()) {
      if (lane === thief || lane.tail === undefined) continue;
      const left = lane.isSuspect ? Infinity : this.#leftMs(lane);
      if (left > victimLeftMs) [victim, victimLeftMs] = [lane, left];
    }
    const segment = victim?.tail;
    if (victim === undefined || segment === undefined) return;
    if (victim.isSuspect) {
      this.#takeOver(thief, victim);
      return;
    }
    const plan = planSteal(
      {
        position: segment.position,
        end: segment.end,
        leftMs: victimLeftMs,
        rate: this.#rateOf(victim),
        latencyMs: victim.firstByteMs,
      },
      { rate: this.#rateOf(thief), startMs: Math.max(thief.firstByteMs, this.#leftMs(thief)) },
      this.#pieceBytes,
    );
    if (plan === undefined) return;
    const gain = `done ${(plan.gainMs / 1000).toFixed(plan.gainMs < 1000 ? 2 : 1)} s sooner`;
    const end = segment.end;
    this.#trim(victim, segment, plan.cut, 'its end is taken by a connection that runs out of work', false);
    this.#request(
      thief,
      plan.cut,
      end,
      victim.source,
      `${formatBytes(end - plan.cut)} off the one that would end last: ${gain}`,
    );
  }

  /** Takes all that a silent connection holds; what it sends after all is still welcome. */
  #takeOver(thief: Lane, victim: Lane): void {
    const segment = victim.segments.find((s) => s.position < s.end);
    if (segment === undefined) return;
    const { position, end } = segment;
    const silent = `silent for ${(victim.silentMs(this.#nowMs) / 1000).toFixed(1)} s`;
    for (const s of [...victim.segments]) {
      if (s !== segment) this.#trim(victim, s, s.position, silent);
    }
    this.#trim(victim, segment, position, silent, false);
    this.#request(thief, position, end, victim.source, `${formatBytes(end - position)} of one that is ${silent}`);
  }

  #request(lane: Lane, start: number, end: number, victim: SourceId | undefined, reason: string): void {
    const segment: Segment = { id: this.#nextSegment++, start, position: start, end, askedAtMs: this.#nowMs };
    lane.asked(segment, this.#nowMs);
    const { connection, source } = lane;
    this.#commands.push({ type: 'request', connection, source, segment: segment.id, start, end, victim, reason });
  }

  #trim(lane: Lane, segment: Segment, end: number, reason: string, giveBack = true): void {
    if (end >= segment.end) return;
    if (giveBack) this.#giveBack(end, segment.end);
    segment.end = end;
    this.#commands.push({ type: 'trim', connection: lane.connection, segment: segment.id, end, reason });
  }

  #giveBack(start: number, end: number): void {
    if (start < end) this.#free.add(start, end);
  }
}
