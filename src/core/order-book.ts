import type { ByteRange } from '../base/byte-range.js';
import type { ConnectionId, SourceId } from '../base/ids.js';
import { LaneBoard } from './lane-board.js';
import type { Lane, Segment } from './lane.js';
import type { Run } from './provenance.js';
import { RangeSet } from './range-set.js';
import type { SchedulerCommand, SegmentId } from './scheduler-messages.js';

/** A range that is on order, with the connection that is to deliver it. */
export interface Order extends Run {
  readonly connection: ConnectionId;
}

/**
 * What is free, what is on order and with whom; every order and every trim goes through here and becomes a command.
 *
 * Invariant: no byte is free and on order at once, and none is on order on two connections, but for what a trimmed
 * connection still sends.
 */
export class OrderBook {
  readonly free: RangeSet;
  /** What nobody holds and nobody may be asked for yet. */
  readonly beyond = new RangeSet();
  readonly board = new LaneBoard();
  /** The time of the event at hand. */
  nowMs = 0;
  /** The client's own processor bounds the download: what one connection gains another one loses. */
  isClientBusy = false;
  #nextSegment: SegmentId = 1;
  #commands: SchedulerCommand[] = [];
  /** No byte from here on may be asked for. */
  #limit = Infinity;

  constructor(missing: Iterable<ByteRange>) {
    this.free = new RangeSet(missing);
  }

  /** Bytes that are free, on order, or may not be asked for yet. */
  get leftBytes(): number {
    return this.free.bytes + this.beyond.bytes + this.board.owedBytes;
  }

  /** Nothing from `limit` on may be asked for: what is, is taken back as far as it is not on its way. */
  moveLimit(limit: number): void {
    const before = this.#limit;
    this.#limit = limit;
    if (limit > before) {
      for (const { start, end } of this.beyond.within(before, limit)) {
        this.beyond.remove(start, end);
        this.free.add(start, end);
      }
      return;
    }
    for (const { start, end } of this.free.within(limit, before)) {
      this.free.remove(start, end);
      this.beyond.add(start, end);
    }
    for (const lane of this.board.lanes()) {
      for (const segment of lane.segments) {
        if (segment.end > limit)
          this.trim(lane, segment, Math.max(limit, segment.position), 'the reader is not there yet');
      }
    }
  }

  /** True where a byte of [start, end) is missing. */
  lacks(start: number, end: number): boolean {
    if (this.free.overlapBytes(start, end) + this.beyond.overlapBytes(start, end) > 0) return true;
    for (const { segments } of this.board.lanes()) {
      for (const { position, end: owedEnd } of segments) {
        if (Math.max(start, position) < Math.min(end, owedEnd)) return true;
      }
    }
    return false;
  }

  orders(): Order[] {
    const out: Order[] = [];
    for (const { segments, source, connection } of this.board.lanes()) {
      for (const { position, end } of segments) {
        if (position < end) out.push({ start: position, end, source, connection });
      }
    }
    return out;
  }

  command(command: SchedulerCommand): void {
    this.#commands.push(command);
  }

  /** The commands since the last call. */
  takeCommands(): readonly SchedulerCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** Asks for a range that is neither free nor on order. */
  request(lane: Lane, start: number, end: number, victim: SourceId | undefined, reason: string): Segment {
    const id = this.#nextSegment++;
    const segment: Segment = {
      id,
      start,
      position: start,
      end,
      askedAtMs: this.nowMs,
      strayUntilMs: 0,
      taker: undefined,
    };
    lane.asked(segment, this.nowMs);
    this.board.refresh(lane, this.nowMs);
    const { connection, source } = lane;
    this.#commands.push({ type: 'request', connection, source, segment: id, start, end, victim, reason });
    return segment;
  }

  /** Ends a segment early; what it loses is free again, or the caller's to give away. */
  trim(lane: Lane, segment: Segment, end: number, reason: string, giveBack = true): void {
    if (end >= segment.end) return;
    if (giveBack) this.giveBack(end, segment.end);
    lane.trimmed(segment, end, this.nowMs);
    this.board.refresh(lane, this.nowMs);
    this.#commands.push({ type: 'trim', connection: lane.connection, segment: segment.id, end, reason });
  }

  giveBack(start: number, end: number): void {
    if (start >= end) return;
    this.free.add(start, Math.min(end, this.#limit));
    this.beyond.add(Math.max(start, this.#limit), end);
  }
}
