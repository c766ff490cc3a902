import type { ConnectionId, SourceId } from '../base/ids.js';
import { Allotter } from './allotter.js';
import { ConnectionGrowth } from './connection-growth.js';
import type { GrowthDecision, GrowthView } from './growth-view.js';
import { Lane, type Segment } from './lane.js';
import { OrderBook, type Order } from './order-book.js';
import { Reading } from './reading.js';
import type { SchedulerCommand, SchedulerEvent, SegmentId } from './scheduler-messages.js';
import { connectionsPerSourceDefault, type SchedulerOptions } from './scheduler-options.js';
import { Tiers } from './tiers.js';
import { TrialGate } from './trial-gate.js';

/** A connection is given its next work when what it has lasts this much longer than asking takes. */
const lookAheadMs = 15;
/** With nothing unassigned, plans reach this far ahead at most, so that what is on its way can still be balanced. */
const horizonMsMax = 600;
/** From here on the client's own processor is what bounds the download. */
const busyMin = 0.8;
/** Lanes looked at for the horizon, and thieves for one tick. */
const lastLanesMax = 4;
const thievesMax = 64;
/** Parts that a connection is given one after another, where one is too short to keep it busy. */
const partsMax = 16;

/**
 * Decides who fetches what. Pure: events and the time go in, commands come out; the same sequence gives the same
 * commands. `docs/scheduler.md` gives the reasoning.
 *
 * Owns: the order book, and through it what each connection holds; the finding of work is the allotter's, the number of
 * connections to a source its growth's.
 */
export class Scheduler {
  readonly #connectionsMax: number;
  readonly #book: OrderBook;
  readonly #allotter: Allotter;
  readonly #reading: Reading;
  readonly #tiers = new Tiers();
  readonly #sources = new Map<SourceId, ConnectionGrowth>();
  readonly #gate = new TrialGate();
  /** Sources that brought bytes since the last tick. */
  readonly #delivering = new Set<ConnectionGrowth>();
  #paused = false;
  #receivedBytes = 0;
  #horizonMs = 0;

  constructor(options: SchedulerOptions) {
    this.#connectionsMax = options.connectionsPerSourceMax ?? connectionsPerSourceDefault;
    this.#book = new OrderBook(options.missing);
    const laneRate = (source: SourceId): number | undefined => this.#sources.get(source)?.laneRate;
    this.#reading = new Reading(this.#book, options.pieceBytes, laneRate);
    this.#allotter = new Allotter(this.#book, this.#reading, options.pieceBytes, laneRate);
  }

  /** All that is missing and not on order is beyond what the reader keeps: nobody is asked until it goes on. */
  get awaitsReader(): boolean {
    return this.#book.beyond.bytes > 0 && this.freeBytes === 0;
  }

  /** Bytes that nobody holds. */
  get freeBytes(): number {
    return this.#allotter.freeBytes;
  }

  /** Orders that are out: who is to deliver what. */
  inFlight(): Order[] {
    return this.#book.orders();
  }

  /** The connection's book, for views. */
  lane(connection: ConnectionId): Lane | undefined {
    return this.#book.board.get(connection);
  }

  /** Takes one event at `nowMs` (never smaller than before) and says what to do about it. */
  handle(event: SchedulerEvent, nowMs: number): readonly SchedulerCommand[] {
    this.#book.nowMs = Math.max(this.#book.nowMs, nowMs);
    this.#apply(event);
    return this.#book.takeCommands();
  }

  #apply(event: SchedulerEvent): void {
    switch (event.type) {
      case 'source-expected':
        this.#allotter.expect(event.source);
        this.#growthOf(event.source).expected(this.#book.nowMs);
        this.#rank();
        return;
      case 'source-connected':
        // Who waits for the first bytes gets them no sooner from more of them at once.
        if (!this.#reading.isOn) this.#ramp(this.#growthOf(event.source), event.rttMs);
        return;
      case 'source-gone':
        this.#allotter.expectNoMore(event.source);
        this.#rank();
        return;
      case 'connection-ready':
        this.#connectionReady(event);
        return;
      case 'connection-closed':
        this.#connectionClosed(event.connection);
        return;
      case 'open-failed':
        this.#sources.get(event.source)?.openFailed(this.#book.nowMs);
        return;
      case 'bytes':
        this.#bytes(event.connection, event.segment, event.position);
        return;
      case 'skipped':
        this.#skipped(event.connection, event.position);
        return;
      case 'segment-ended':
        this.#segmentEnded(event.connection, event.segment, event.end);
        return;
      case 'alive':
        this.#alive(event.connection);
        return;
      case 'refetch':
        this.#allotter.refetch(event.range, event.avoid, event.alone);
        this.#feedHungry();
        return;
      case 'cursor':
        if (this.#reading.move(event.at, event.aheadBytes)) this.#seek();
        this.#feedHungry();
        return;
      case 'source-preference':
        this.#tiers.set(event.source, event.tier);
        this.#rank();
        return;
      case 'pause':
        this.#pause();
        return;
      case 'resume':
        this.#paused = false;
        this.#feedHungry();
        return;
      case 'tick':
        this.#book.isClientBusy = (event.busy ?? 0) > busyMin;
        this.#book.isLinkFull = this.#gate.isLinkFull(this.#book.nowMs);
        this.#tick();
        return;
    }
  }

  // What happens.

  #connectionReady(event: SchedulerEvent & { type: 'connection-ready' }): void {
    const { connection, source, rttMs, traits } = event;
    this.#allotter.expectNoMore(source);
    const growth = this.#growthOf(source);
    if (traits?.ranges === false && growth.isOneStream) {
      // Opened before it was known.
      growth.openFailed(this.#book.nowMs);
      const reason = 'it sends the file from its start on only: a second stream brings the same bytes';
      this.#book.command({ type: 'close', connection, reason });
      return;
    }
    const lane = new Lane(connection, source, rttMs, this.#book.nowMs, traits, () => growth.laneRate);
    if (growth.added(lane, rttMs, this.#book.nowMs)) this.#gate.sawRoom(this.#book.nowMs);
    this.#book.board.add(lane, this.#book.nowMs);
    this.#allotter.streams.added(lane);
    this.#rank();
    this.#feed(lane);
    this.#ramp(growth, rttMs, growth.hasGone);
  }

  #connectionClosed(connection: ConnectionId): void {
    const lane = this.#book.board.get(connection);
    if (lane === undefined) return;
    this.#book.board.remove(lane);
    this.#allotter.streams.removed(lane);
    this.#sources.get(lane.source)?.removed(lane, this.#book.nowMs);
    for (const segment of lane.segments) {
      this.#book.settle(segment);
      this.#book.giveBack(segment.position, segment.end);
    }
    this.#rank();
    this.#feedHungry();
  }

  #bytes(connection: ConnectionId, id: SegmentId, position: number): void {
    const lane = this.#book.board.get(connection);
    const segment = lane?.segment(id);
    if (lane === undefined || segment === undefined) return;
    const bytes = Math.max(0, position - segment.position);
    this.#receivedBytes += bytes;
    lane.arrived(segment, position, this.#book.nowMs);
    this.#overran(segment);
    this.#book.askParts(lane);
    this.#book.board.refresh(lane, this.#book.nowMs);
    const growth = this.#sources.get(lane.source);
    if (growth !== undefined) {
      growth.receivedBytes += bytes;
      this.#delivering.add(growth);
    }
    this.#probe(lane);
    if (this.#isHungry(lane)) this.#feed(lane);
  }

  #skipped(connection: ConnectionId, position: number): void {
    const lane = this.#book.board.get(connection);
    if (lane === undefined) return;
    // Elsewhere it is the rest of an answer, and a sign of life.
    if (lane.isOneStream) lane.skipped(position, this.#book.nowMs);
    else lane.sawLife(this.#book.nowMs);
    this.#book.board.refresh(lane, this.#book.nowMs);
    if (this.#isHungry(lane)) this.#feed(lane);
  }

  /** What a trimmed connection had sent before it heard of it: who was given these bytes need not bring them again. */
  #overran(segment: Segment): void {
    const { taker } = segment;
    if (taker === undefined) return;
    const { lane, segment: later } = taker;
    if (segment.position >= later.end) {
      segment.taker = undefined;
      this.#book.trim(lane, later, later.position, 'its bytes came from elsewhere', false);
    } else if (!later.isAsked && later.position < segment.position) {
      later.position = segment.position;
      this.#book.board.refresh(lane, this.#book.nowMs);
    }
  }

  #segmentEnded(connection: ConnectionId, id: SegmentId, end: number): void {
    const lane = this.#book.board.get(connection);
    const segment = lane?.segment(id);
    if (lane === undefined || segment === undefined) return;
    // Where nothing can be shortened at the server, what is taken back ends here, whether that lives or not.
    if (lane.traits.canTrim) lane.sawLife(this.#book.nowMs);
    lane.ended(segment, this.#book.nowMs);
    this.#book.askParts(lane);
    this.#book.board.refresh(lane, this.#book.nowMs);
    const isSettled = this.#book.settle(segment);
    if (end < segment.end) {
      this.#book.giveBack(Math.max(segment.position, end), segment.end);
      this.#feedHungry();
      return;
    }
    const isRetired = this.#book.closeRetired(lane);
    if (isSettled) this.#feedHungry();
    else if (!isRetired && this.#isHungry(lane)) this.#feed(lane);
  }

  #alive(connection: ConnectionId): void {
    const lane = this.#book.board.get(connection);
    if (lane === undefined) return;
    lane.answered(this.#book.nowMs);
    this.#book.board.refresh(lane, this.#book.nowMs);
    this.#rank();
    if (this.#isHungry(lane)) this.#feed(lane);
  }

  #pause(): void {
    this.#paused = true;
    for (const lane of this.#book.board.lanes()) this.#book.takeBack(lane, 0, 'paused');
  }

  /** The reader wants other bytes now: all leave what is not wanted soon, and each sees to a part of what is. */
  #seek(): void {
    const lanes = [...this.#book.board.lanes()].filter((lane) => lane.takesWork);
    lanes.sort((a, b) => this.#book.board.rateOf(b) - this.#book.board.rateOf(a));
    for (const lane of lanes) {
      this.#standDown(lane, 'the reader wants other bytes', this.#reading.keptBytes(lane));
    }
    for (const lane of lanes) this.#feed(lane);
  }

  /** Which sources are in use, by their tiers and by who is there. */
  #rank(): void {
    const coming = this.#allotter.coming().filter((source) => this.#growthOf(source).isUntried);
    const changed = this.#tiers.update(this.#book.board.lanes(), coming);
    for (const source of coming) if (this.#tiers.isReserve(source)) this.#allotter.expectNoMore(source);
    for (const lane of changed) {
      lane.isReserve = !lane.isReserve;
      this.#book.board.refresh(lane, this.#book.nowMs);
      if (lane.isReserve) this.#standDown(lane, 'better sources are there');
    }
    this.#allotter.streams.rank();
    if (changed.length > 0) this.#feedHungry();
  }

  /** Gives back what a connection holds, but for what is on its way, and `keepBytes` at the least. */
  #standDown(lane: Lane, reason: string, keepBytes = 0): void {
    const onTheWay = Math.max(lane.uncuttableBytes, Math.ceil(((lane.rate ?? 0) * lane.latencyMs) / 1000));
    this.#book.takeBack(lane, Math.max(onTheWay, keepBytes), reason);
  }

  #tick(): void {
    this.#rank();
    this.#book.settleOverdue();
    this.#book.planEnd();
    // Not between the reports of one moment: the sum lacks those that are still to come.
    for (const growth of this.#delivering) this.#adapt(growth);
    this.#delivering.clear();
    for (const lane of this.#book.board.takeSilent(this.#book.nowMs)) {
      const silentMs = lane.silentMs(this.#book.nowMs);
      if (silentMs > lane.stallMs) lane.markSuspect();
      this.#book.board.refresh(lane, this.#book.nowMs);
      this.#probe(lane);
    }
    for (const [source, sinceMs] of this.#allotter.expected) {
      // Connecting and the first answer take a round trip each: so long at least is one of them.
      this.#ramp(this.#growthOf(source), (this.#book.nowMs - sinceMs) / 2);
    }
    this.#horizonMs = 0;
    if (this.#book.free.isEmpty && this.#book.beyond.isEmpty) {
      for (const lane of this.#book.board.latest(lastLanesMax)) {
        this.#horizonMs = Math.max(this.#horizonMs, Math.min(horizonMsMax, lane.latencyMs));
      }
    }
    this.#feedHungry();
  }

  #probe(lane: Lane): void {
    const leftMs = this.#book.board.endAtMs(lane, this.#book.nowMs) - this.#book.nowMs;
    if (lane.isIdle || !lane.takeProbe(this.#book.nowMs, leftMs)) return;
    const reason = lane.isSuspect
      ? `nothing came for ${(lane.silentMs(this.#book.nowMs) / 1000).toFixed(1)} s`
      : 'finding out how late it hears';
    this.#book.command({ type: 'probe', connection: lane.connection, reason });
  }

  // Who gets work.

  /** Gives work to every connection that will soon be without, the fastest first: what is left goes where it ends soonest. */
  #feedHungry(): void {
    if (this.#paused) return;
    const until = this.#book.nowMs + horizonMsMax + 1000;
    const hungry = this.#book.board.soonest(thievesMax, until).filter((lane) => this.#isHungry(lane));
    if (hungry.length > 1) hungry.sort((a, b) => this.#book.board.rateOf(b) - this.#book.board.rateOf(a));
    for (const lane of hungry) this.#feed(lane);
  }

  #isHungry(lane: Lane): boolean {
    if (!lane.takesWork) return false;
    const horizon = lane.firstByteMs + Math.min(60, 1.2 * lane.gapMs) + lookAheadMs + this.#horizonMs;
    const { nowMs } = this.#book;
    return Math.max(this.#book.board.endAtMs(lane, nowMs), lane.strayUntilMs()) - nowMs < horizon;
  }

  #feed(lane: Lane): void {
    if (this.#paused || !lane.takesWork) return;
    if (!this.#reading.isOn) {
      this.#allotter.feed(lane);
      return;
    }
    // Parts are short then: several may be needed until the first byte of the next one can come.
    for (let i = 0; i < partsMax && this.#allotter.feed(lane) && this.#isHungry(lane); i += 1);
  }

  // How many connections a source has.

  #growthOf(source: SourceId): ConnectionGrowth {
    let growth = this.#sources.get(source);
    if (growth === undefined) {
      growth = new ConnectionGrowth(source);
      this.#sources.set(source, growth);
    }
    return growth;
  }

  #ramp(growth: ConnectionGrowth, rttMs: number, isBack = false): void {
    if (!this.#mayGrow(growth)) return;
    const shareBytes = this.#book.leftBytes / Math.max(1, this.#sources.size);
    const view = this.#view();
    this.#carryOut(growth, isBack ? growth.returned(rttMs, shareBytes, view) : growth.ramp(rttMs, shareBytes, view));
  }

  #adapt(growth: ConnectionGrowth): void {
    if (!this.#mayGrow(growth)) return;
    if (this.#reading.isNearlyFull || this.#reading.isSettling) {
      growth.hold(this.#book.nowMs);
      return;
    }
    this.#carryOut(growth, growth.decide(this.#view()));
  }

  #mayGrow(growth: ConnectionGrowth): boolean {
    return !this.#paused && !this.#book.isClientBusy && !this.#tiers.isReserve(growth.source) && !growth.isOneStream;
  }

  #view(): GrowthView {
    return {
      nowMs: this.#book.nowMs,
      totalBytes: this.#receivedBytes,
      connectionsMax: this.#connectionsMax,
      sources: this.#sources.size,
      connections: this.#book.board.size,
      gate: this.#gate,
      leftMs: this.#book.leftMs,
      reading: this.#reading,
    };
  }

  #carryOut({ source }: ConnectionGrowth, decision: GrowthDecision): void {
    if (decision.type === 'none') return;
    const { reason } = decision;
    if (decision.type === 'retire') for (const lane of decision.lanes) this.#book.retire(lane, reason);
    else for (let i = 0; i < decision.count; i += 1) this.#book.command({ type: 'open', source, reason });
  }
}
