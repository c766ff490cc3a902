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
  readonly board = new LaneBoard();
  /** The time of the event at hand. */
  nowMs = 0;
  /** The client's own processor bounds the download: what one connection gains another one loses. */
  isClientBusy = false;
  #nextSegment: SegmentId = 1;
  #commands: SchedulerCommand[] = [];

  constructor(missing: Iterable<ByteRange>) {
    this.free = new RangeSet(missing);
  }

  /** Bytes that are free or on order. */
  get leftBytes(): number {
    return this.free.bytes + this.board.owedBytes;
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
    if (start < end) this.free.add(start, end);
  }
}
