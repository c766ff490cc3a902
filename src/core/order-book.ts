import type { ByteRange } from '../base/byte-range.js';
import type { ConnectionId, SourceId } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import { LaneBoard } from './lane-board.js';
import type { Lane, Segment } from './lane.js';
import type { Run } from './provenance.js';
import { RangeSet } from './range-set.js';
import type { SchedulerCommand, SegmentId } from './scheduler-messages.js';

/** What is asked for at once on a connection whose requests cannot be cut short: as time, and as a share of what is left. */
const partMsMax = 500;
/** While somebody reads along, who may jump: what was asked for has to come first then. */
const readPartMsMax = 100;
const partShareMax = 0.2;
const partBytesMin = 64 * 1024;
/** And so many times as long as the server takes from one part to the next, which some connect anew for. */
const partGapsMin = 12;
/** Before its speed is known: this much, or this share of what is left. */
const firstPartBytes = 256 * 1024;
const firstPartShare = 1 / 256;
/** A connection that was told to end may be quiet for so long, and twice what a trim takes to show. */
const heldMsMin = 500;
/** Nobody waits for that when less time is left than this: then it delivers at the least what a send buffer holds. */
const lateLatencies = 6;
const lateMsMin = 1500;
const partGrainBytes = 16 * 1024;
/** The next part is asked for when the last one lasts this much longer than asking takes. */
const askAheadMs = 30;
/** The same where it costs nothing to ask for too much. */
const askAheadMsOfTrimmed = 60;
/** With less time left than this every connection is asked for a part at a time: what its server has not heard of can be taken for nothing. */
const endMs = 6000;
/** What it was asked for before is cut to this much, or three times what is on its way: a cut into that would have it sent twice. */
const endKeepMs = 1500;
const endKeepLatencies = 3;
/** And only where it was asked for so many times as much. */
const endSurplusMin = 1.25;
const endPartBytesMin = 16 * 1024;
/** A speed that is measured for a shorter time may be a burst. */
const settledMs = 1000;

/** What a connection that is taken back still delivers at the least: as much as a send buffer holds. */
const retireBytesMin = 128 * 1024;

/** A range that is on order, with the connection that is to deliver it. */
export interface Order extends Run {
  readonly connection: ConnectionId;
}

/** What a segment lost, since when, and the lane that it is on. */
interface Held extends ByteRange {
  readonly lane: Lane;
  readonly sinceMs: number;
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
  /** What one source is to bring by itself: nobody of another one takes a part of it, but where that is silent. */
  readonly alone = new RangeSet();
  readonly board = new LaneBoard();
  /** The time of the event at hand. */
  nowMs = 0;
  /** The client's own processor bounds the download: what one connection gains another one loses. */
  isClientBusy = false;
  /** The client's link bounds it: the same. */
  isLinkFull = false;
  /** Somebody reads along without a bound, and may jump. */
  isRead = false;
  /** So little is left that everybody is asked for a part at a time, where others could take the rest. */
  #isEnding = false;
  #nextSegment: SegmentId = 1;
  #commands: SchedulerCommand[] = [];
  /** What segments lost that have yet to say where they ended: nobody's until then. */
  readonly #held = new Map<Segment, Held>();
  #heldBytes = 0;
  /** No byte from here on may be asked for. */
  #limit = Infinity;

  constructor(missing: Iterable<ByteRange>) {
    this.free = new RangeSet(missing);
  }

  /** Bytes that are free, on order, held back, or may not be asked for yet. */
  get leftBytes(): number {
    return this.free.bytes + this.beyond.bytes + this.board.owedBytes + this.#heldBytes;
  }

  /** Time in which all lanes together would bring that, if none got slower. */
  get leftMs(): number {
    return (this.leftBytes / this.board.rateSum) * 1000;
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
      for (const segment of [...lane.segments]) {
        if (segment.end > limit)
          this.trim(lane, segment, Math.max(limit, segment.position), 'the reader is not there yet');
      }
    }
  }

  /** True where a byte of [start, end) is missing. */
  lacks(start: number, end: number): boolean {
    if (this.free.overlapBytes(start, end) + this.beyond.overlapBytes(start, end) > 0) return true;
    for (const held of this.#held.values()) {
      if (Math.max(start, held.start) < Math.min(end, held.end)) return true;
    }
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
    for (const [{ position }, { lane, start, end }] of this.#held) {
      const { source, connection } = lane;
      const from = Math.max(position, start);
      if (from < end) out.push({ start: from, end, source, connection });
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

  /** The victim owes bytes that are to be of one source, which is not the thief's. */
  mustLeave(thief: Lane, victim: Lane): boolean {
    if (this.alone.isEmpty || thief.source === victim.source) return false;
    return victim.segments.some(({ position, end }) => this.alone.overlapBytes(position, end) > 0);
  }

  /** Gives a connection a range that is neither free nor on order. */
  request(lane: Lane, start: number, end: number, victim: SourceId | undefined, reason: string, hedges = 0): Segment {
    const segment = this.#segment(start, end, victim, reason, hedges);
    if (!this.#asksParts(lane)) this.#ask(lane, segment);
    else {
      lane.segments.push(segment);
      this.askParts(lane);
    }
    this.board.refresh(lane, this.nowMs);
    return segment;
  }

  #asksParts(lane: Lane): boolean {
    if (lane.isParted) return true;
    return this.#isEnding && !lane.isOneStream && this.nowMs - (lane.firstByteAtMs ?? this.nowMs) >= settledMs;
  }

  /** Once a tick: near the end, what servers were asked for beyond the next seconds is only planned from now on. */
  planEnd(): void {
    this.#isEnding = this.board.activeCount > 1 && this.leftMs < endMs && !this.isRead && this.beyond.isEmpty;
    if (!this.#isEnding) return;
    for (const lane of this.board.lanes())
      if (!lane.isParted && lane.takesWork && this.#asksParts(lane)) this.#askLess(lane);
  }

  /** Plans what it was asked for beyond that, and tells its server so. */
  #askLess(lane: Lane): void {
    const rate = this.board.rateOf(lane);
    let keep = Math.max((rate * Math.max(endKeepMs, endKeepLatencies * lane.latencyMs)) / 1000, 2 * lane.pipeBytes);
    if (lane.askedBytes < endSurplusMin * keep + endPartBytesMin) return;
    for (const segment of lane.segments.filter((s) => s.isAsked && s.end > s.position)) {
      const kept = Math.min(keep, segment.end - segment.position);
      keep -= kept;
      const cut = Math.min(segment.end, Math.ceil((segment.position + kept) / partGrainBytes) * partGrainBytes);
      const { end, victim, reason, hedges } = segment;
      if (end - cut < endPartBytesMin) continue;
      this.trim(lane, segment, cut, 'the end is near: it is asked for the rest in parts', false);
      const planned = this.#segment(cut, end, victim, reason, hedges);
      lane.segments.push(planned);
      segment.taker = { lane, segment: planned };
    }
    this.board.refresh(lane, this.nowMs);
  }

  /** How long before a connection has brought what it was asked for it is asked for more. */
  #aheadMs(lane: Lane): number {
    const askingMs = lane.isParted ? lane.latencyMs + askAheadMs : lane.firstByteMs + askAheadMsOfTrimmed;
    return askingMs + 1.2 * lane.gapMs;
  }

  /**
   * Where a range that is under way cannot be ended for nothing, a connection is asked for a small part at a time of what
   * it was given, each before the last one is done: the rest can still be taken by others.
   */
  askParts(lane: Lane): void {
    for (let next = lane.planned; next !== undefined; next = lane.planned) {
      const rate = this.board.rateOf(lane);
      const askedMs = lane.askedBytes === 0 ? 0 : lane.rate === undefined ? Infinity : (lane.askedBytes / rate) * 1000;
      if (askedMs > this.#aheadMs(lane)) return;
      const bytes = this.#partBytes(lane, rate);
      if (next.end - next.position < 1.5 * bytes) {
        this.#ask(lane, next);
        continue;
      }
      const end = Math.floor((next.position + bytes) / partGrainBytes) * partGrainBytes;
      const reason = `${formatBytes(end - next.position)} of its share`;
      const part = this.#segment(next.position, end, next.victim, reason, next.hedges);
      next.position = end;
      this.#ask(lane, part);
    }
  }

  /** As much as comes in half a second, and ever less towards the end: nobody is to wait for the rest of it then. */
  #partBytes(lane: Lane, rate: number): number {
    // What comes too fast to be measured doubles.
    if (lane.rate === undefined) {
      const first = Math.min(firstPartBytes, this.leftBytes * firstPartShare);
      return Math.max(partBytesMin, first, lane.receivedBytes);
    }
    const most = this.isRead ? Math.max(readPartMsMax, lane.latencyMs) : partMsMax;
    const leastMs = lane.isParted ? lane.latencyMs : askAheadMsOfTrimmed;
    const balanced = Math.min(most, Math.max(this.leftMs * partShareMax, leastMs));
    const ms = Math.max(balanced, lane.partGapMs * partGapsMin);
    return Math.max(lane.isParted ? partBytesMin : endPartBytesMin, (rate * ms) / 1000);
  }

  #segment(start: number, end: number, victim: SourceId | undefined, reason: string, hedges: number): Segment {
    const id = this.#nextSegment++;
    return {
      id,
      start,
      position: start,
      end,
      isAsked: false,
      askedAtMs: this.nowMs,
      victim,
      reason,
      hedges,
      strayUntilMs: 0,
      taker: undefined,
    };
  }

  #ask(lane: Lane, segment: Segment): void {
    lane.asked(segment, this.nowMs);
    const { id, position: start, end, victim, reason } = segment;
    const { connection, source } = lane;
    const isHedge = segment.hedges > 0;
    this.#commands.push({ type: 'request', connection, source, segment: id, start, end, victim, isHedge, reason });
  }

  /** Ends a segment early; what it loses is free again, or the caller's to give away. */
  trim(lane: Lane, segment: Segment, end: number, reason: string, giveBack = true): void {
    if (end >= segment.end) return;
    if (giveBack) this.giveBack(end, segment.end);
    lane.trimmed(segment, end, this.nowMs);
    this.board.refresh(lane, this.nowMs);
    if (!segment.isAsked) return;
    this.#commands.push({ type: 'trim', connection: lane.connection, segment: segment.id, end, reason });
  }

  /** Gives back what a connection holds but for the first `keepBytes`. */
  takeBack(lane: Lane, keepBytes: number, reason: string): void {
    let keep = keepBytes;
    for (const segment of [...lane.segments]) {
      const kept = Math.min(keep, Math.max(0, segment.end - segment.position));
      keep -= kept;
      this.trim(lane, segment, Math.ceil(segment.position + kept), reason);
    }
    this.board.refresh(lane, this.nowMs);
  }

  /** Ends a connection without losing what is on its way: it gets nothing more, and is closed once that has come. */
  retire(lane: Lane, reason: string): void {
    lane.isRetiring = true;
    const rate = lane.rate ?? 0;
    const isRead = this.isRead || !this.beyond.isEmpty;
    if (lane.traits.canTrim && !isRead) {
      this.#release(lane, (rate * lane.latencyMs) / 1000, reason);
    } else {
      // Several times what is on its way by the estimate: a cut into that would have it sent twice.
      const sent = Math.max(retireBytesMin, lane.uncuttableBytes, (rate * (3 * lane.latencyMs + 200)) / 1000);
      this.takeBack(lane, sent, reason);
    }
    this.closeRetired(lane);
  }

  /** True where the connection is one that is taken back: it is closed when all has come. */
  closeRetired(lane: Lane): boolean {
    if (!lane.isRetiring || lane.segments.length > 0) return lane.isRetiring;
    const reason = 'a connection more brought nothing';
    this.command({ type: 'close', connection: lane.connection, reason });
    return true;
  }

  /**
   * As `takeBack`, where there is no hurry: what a connection may have sent already is free only when it has said where it
   * ended, so that nothing comes twice.
   */
  #release(lane: Lane, keepBytes: number, reason: string): void {
    let keep = keepBytes;
    for (const segment of [...lane.segments]) {
      const kept = Math.min(keep, Math.max(0, segment.end - segment.position));
      keep -= kept;
      const cut = Math.ceil(segment.position + kept);
      if (cut >= segment.end) continue;
      const waits = segment.isAsked && !this.#held.has(segment);
      if (waits) {
        this.#held.set(segment, { lane, start: cut, end: segment.end, sinceMs: this.nowMs });
        this.#heldBytes += segment.end - cut;
      }
      this.trim(lane, segment, cut, reason, !waits);
    }
  }

  /** It is known where the segment ended: what was held back and did not come is free. False where nothing was. */
  settle(segment: Segment): boolean {
    const held = this.#held.get(segment);
    if (held === undefined) return false;
    this.#held.delete(segment);
    this.#heldBytes -= held.end - held.start;
    this.giveBack(Math.max(held.start, segment.position), held.end);
    return true;
  }

  /** So little time is left that nobody can wait until a connection has said where it ended. */
  #isLate(lane: Lane): boolean {
    return this.leftMs < lateLatencies * lane.latencyMs + lateMsMin;
  }

  /** Frees what a connection holds back that brings nothing and does not say where it ended either. */
  settleOverdue(): void {
    for (const [segment, { lane, sinceMs }] of this.#held) {
      const heldMs = this.nowMs - sinceMs;
      const quietMs = Math.min(heldMs, lane.quietMs(this.nowMs));
      const isOver = this.#isLate(lane)
        ? heldMs > Math.min(lane.latencyMs, this.leftMs)
        : quietMs > 2 * lane.latencyMs + heldMsMin;
      if (isOver) this.settle(segment);
    }
  }

  giveBack(start: number, end: number): void {
    if (start >= end) return;
    this.free.add(start, Math.min(end, this.#limit));
    this.beyond.add(Math.max(start, this.#limit), end);
  }
}
