import type { ByteRange } from '../base/byte-range.js';
import type { SourceId } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import { committedBytes } from './committed-bytes.js';
import { HedgeAllowance } from './hedge-allowance.js';
import type { Lane } from './lane.js';
import type { OrderBook } from './order-book.js';
import type { Reading } from './reading.js';
import { StreamLanes } from './stream-lanes.js';
import {
  alignCut,
  planSteal,
  stealBytesMin,
  stealGainMsMin,
  type HedgeBudget,
  type StealPlan,
  type StealVictim,
} from './split.js';
import { takeableParts, type TakeablePart } from './takeable-parts.js';

/** How long a source may take to connect before its share is dealt out to the others. */
const expectedMsMax = 2000;
/** The smallest span worth a request. */
const spanBytesMin = stealBytesMin;
/** A connection below this share of the mean speed is not given what would take it this much longer than the others. */
const slowShare = 0.25;
const slowMsMin = 200;
/** What a steal has to gain while the client's own processor or link is the bottleneck: all speeds are shares of it. */
const sharedGainMsMin = 150;
/** Who ends so many times as late as all would together is late for a reason of its own. */
const sharedLaterMax = 2;
/** Connections to one source mostly share what bounds it: when one ends, the others are as much faster by themselves. */
const siblingGainMsMin = 100;
/** And one fetches another's bytes a second time only where that is so late: packets of it alone were lost. */
const siblingLateMs = 150;
/** Victims looked at for one thief. */
const victimsMax = 4;
/** While the start comes in one stream, another connection is given what it brings in this share of the time that is left, or in this time. */
const spanBesideStream = 0.1;
const spanBesideStreamMsMin = 1000;
/** And before its speed is known this much. */
const firstSpanBytes = 1024 * 1024;
/** Who was given what the reader wants next has so long to begin with it. */
const headMsMin = 250;
/** What a cut has to gain that costs its victim the connection. */
const cutGainMsMin = 120;
/** Bytes that were hedged once are hedged again where who was to bring them is so late. */
const hedgeAgainMs = 300;
/** Or a few of them, where a fast connection gains much: at the end nobody waits for the rest of a slow one's queue. */
const hedgeAgainBytes = 32 * 1024;
const hedgeAgainGainMsMin = 120;
/** What a steal has to gain where nothing may be fetched twice for it. */
const noHedgeGainMsMin = 50;
/**
 * Finds work for a connection: what proved wrong, else a share of what nobody holds, else a part of what another one
 * would end last with.
 *
 * Owns: what is to be fetched again (`#second`), the sources that are expected, and what may be fetched twice.
 */
export class Allotter {
  readonly #book: OrderBook;
  readonly #reading: Reading;
  readonly #pieceBytes: number;
  readonly #sourceRate: (source: SourceId) => number | undefined;
  readonly #expected = new Map<SourceId, number>();
  /** Ranges to be fetched again, each if possible from another source than the one that gave wrong bytes. */
  readonly #second: { readonly range: ByteRange; readonly avoid: SourceId | undefined }[] = [];
  readonly streams: StreamLanes;
  readonly #hedges: HedgeAllowance;

  /** @param sourceRate What one more connection to a source can be expected to deliver, in bytes a second. */
  constructor(
    book: OrderBook,
    reading: Reading,
    pieceBytes: number,
    sourceRate: (source: SourceId) => number | undefined,
  ) {
    this.#book = book;
    this.#reading = reading;
    this.#pieceBytes = pieceBytes;
    this.#sourceRate = sourceRate;
    this.streams = new StreamLanes(book, reading, (lane) => this.#committedBytes(lane));
    this.#hedges = new HedgeAllowance(book.free.bytes);
  }

  /** Bytes that nobody holds. */
  get freeBytes(): number {
    return this.#book.free.bytes + this.#second.reduce((sum, s) => sum + s.range.end - s.range.start, 0);
  }

  /** Sources that are connecting, and since when. */
  get expected(): ReadonlyMap<SourceId, number> {
    return this.#expected;
  }

  expect(source: SourceId): void {
    this.#expected.set(source, this.#book.nowMs);
  }

  /** Sources that will be there in a moment, as far as one can hope. */
  coming(): SourceId[] {
    const { nowMs } = this.#book;
    return [...this.#expected].filter(([, since]) => nowMs - since < expectedMsMax).map(([source]) => source);
  }

  expectNoMore(source: SourceId): void {
    this.#expected.delete(source);
  }

  refetch(range: ByteRange, avoid: SourceId | undefined, isAlone = false): void {
    if (isAlone) this.#book.alone.add(range.start, range.end);
    this.#second.push({ range, avoid });
  }

  /** Gives a connection more work, where there is any for it; false where there was none. */
  feed(lane: Lane): boolean {
    if (lane.isOneStream) return this.#takeSecond(lane) || this.#takeStream(lane);
    if (this.#reading.holdsEnough(lane)) return false;
    this.#shortenStream();
    if (this.#takeSecond(lane) || this.#helpHead(lane) || this.#takeFree(lane)) return true;
    return this.#steal(lane);
  }

  #takeSecond(lane: Lane): boolean {
    if (this.#second.length === 0) return false;
    const others = new Set<SourceId>();
    for (const other of this.#book.board.lanes()) if (!other.isSuspect) others.add(other.source);
    if (lane.isOneStream && this.#othersHaveRanges()) return false;
    const at = this.#second.findIndex((s) => s.avoid !== lane.source || others.size < 2);
    const taken = this.#second[at];
    if (taken === undefined) return false;
    this.#second.splice(at, 1);
    this.#book.request(lane, taken.range.start, taken.range.end, undefined, 'fetched again: its bytes were wrong');
    return true;
  }

  /** Takes its fair part of what nobody holds: as much as it can deliver until all would be done together. */
  #takeFree(lane: Lane, victim?: Lane, why = 'that nobody holds: its share by speed'): boolean {
    const first = this.#reading.firstFree(lane);
    if (first === undefined) return false;
    const share = this.#fairShare(lane);
    if (this.streams.isLed) return this.#takeFromEnd(lane, share, victim, why);
    const want = Math.max(spanBytesMin, Math.min(share, this.#reading.partBytesMax(lane, first.start)));
    if (share < spanBytesMin && this.#othersAreSooner(lane, want)) return false;
    if (this.#reading.wouldBlock(lane, want)) return false;
    const lastEnd = lane.segments.at(-1)?.end ?? -1;
    const following = lastEnd < 0 || this.#reading.isOn ? undefined : this.#book.free.atOrAfter(lastEnd);
    const from = following?.start === lastEnd ? following : first;
    let end = from.start + Math.ceil(want);
    if (end < from.end) end = alignCut(end, { start: from.start, end: from.end }, this.#pieceBytes, want / 8);
    if (from.end - end < Math.min(spanBytesMin, want)) end = from.end;
    this.#book.free.remove(from.start, end);
    this.#book.request(lane, from.start, end, victim?.source, `${formatBytes(end - from.start)} ${why}`);
    return true;
  }

  /** For a connection that brings bytes from the file's start on only: its share of all that is left is what it travels. */
  #takeStream(lane: Lane): boolean {
    return this.streams.feed(lane, this.#fairShare(lane) + lane.remainingBytes, this.#othersHaveRanges());
  }

  /** What the stream was given and others bring sooner is anybody's again. */
  #shortenStream(): void {
    const { leader } = this.streams;
    if (leader !== undefined && this.streams.isLed)
      this.streams.shorten(this.#fairShare(leader) + leader.remainingBytes);
  }

  /**
   * While the start comes in one stream, others take from the end of the file, and little at a time: what is in the
   * middle is anybody's until it is known how far the stream comes.
   */
  #takeFromEnd(lane: Lane, share: number, victim: Lane | undefined, why: string): boolean {
    const { free } = this.#book;
    const last = free.at(free.count - 1);
    if (last === undefined) return false;
    const rate = lane.rate ?? this.#sourceRate(lane.source);
    const spanMs = Math.max(spanBesideStreamMsMin, this.#book.leftMs * spanBesideStream);
    const want = Math.max(spanBytesMin, Math.min(share, rate === undefined ? firstSpanBytes : (rate * spanMs) / 1000));
    // The stream brings nothing of what it has passed, nor of what it was offered and left.
    const { leader } = this.streams;
    const isNotItsOwn = leader?.isIdle === true || last.end <= (leader?.streamAt ?? 0);
    if (share < spanBytesMin && this.#othersAreSooner(lane, want, isNotItsOwn ? leader : undefined)) return false;
    let start = last.end - Math.ceil(want);
    if (start > last.start) start = alignCut(start, last, this.#pieceBytes, want / 8);
    if (start - last.start < Math.min(spanBytesMin, want)) start = last.start;
    const { end } = last;
    free.remove(start, end);
    this.#book.request(lane, start, end, victim?.source, `${formatBytes(end - start)} ${why}`);
    return true;
  }

  #othersHaveRanges(): boolean {
    for (const lane of this.#book.board.lanes()) if (!lane.isOneStream && lane.takesWork) return true;
    return false;
  }

  #fairShare(lane: Lane): number {
    const { meanRate, rateSum } = this.#book.board;
    let rates = rateSum;
    for (const since of this.#expected.values()) {
      if (this.#book.nowMs - since < expectedMsMax) rates += meanRate;
    }
    return (this.#book.leftBytes * this.#book.board.rateOf(lane)) / rates - lane.remainingBytes;
  }

  /** True for a connection so slow that the others will have brought everything before it could bring `bytes`. */
  #othersAreSooner(lane: Lane, bytes: number, except?: Lane): boolean {
    const { board, leftBytes } = this.#book;
    const count = board.activeCount - (except === undefined ? 0 : 1);
    if (count < 2) return false;
    if (!lane.isIdle) return true;
    const own = board.rateOf(lane);
    const rates = board.rateSum - (except === undefined ? 0 : board.rateOf(except));
    // The fastest one is never below the mean, so there is always somebody who does not refuse.
    if (own > (rates / count) * slowShare) return false;
    const others = rates - own;
    const othersMs = (leftBytes / Math.max(1, others)) * 1000;
    return (bytes / own) * 1000 > othersMs + slowMsMin;
  }

  /** Takes of what the reader wants next, where who holds it is late with it. */
  #helpHead(thief: Lane): boolean {
    const head = this.#reading.head();
    if (head === undefined || head.lane === thief || thief.isOneStream) return false;
    const { lane: victim, segment } = head;
    if (victim.isSuspect) return this.#takeOver(thief, victim, 0);
    if (this.#book.mustLeave(thief, victim)) return false;
    const { board, nowMs } = this.#book;
    const rate = board.rateOf(victim);
    const leftMs = victim.endAtMs(nowMs, rate, segment) - nowMs;
    // Two that take it from each other in turns would never bring it.
    if (nowMs - segment.askedAtMs < headMsMin) return false;
    if (!this.#reading.isLate(leftMs, this.#startMs(thief))) return false;
    const owedBytes = segment.end - segment.position;
    const committed = Math.min(owedBytes, Math.max(this.#committedBytes(victim), victim.uncuttableBytes));
    const plan = this.#plan(thief, victim, { owedBytes, committedBytes: committed, leftMs, rate }, true);
    if (plan === undefined) return false;
    this.#hedges.hedged(plan.wasteBytes);
    const takeable = Math.floor(owedBytes - committed) + plan.wasteBytes;
    this.#takeOff(thief, victim, { segment, takeable }, plan, plan.bytes, 'what the reader waits for');
    return true;
  }

  /** Takes from a connection that would be done last, so that both are done at the same time; false where none is late. */
  #steal(thief: Lane): boolean {
    if (thief.isOneStream) return false;
    let best: { victim: Lane; plan: StealPlan; committedBytes: number } | undefined;
    let silent: Lane | undefined;
    for (const victim of this.#book.board.latest(victimsMax)) {
      if (victim === thief || this.streams.tries(victim)) continue;
      if (victim.isSuspect) {
        if (this.#takeOver(thief, victim, victim.heldBytes)) return true;
        silent ??= victim;
        continue;
      }
      if (this.#book.mustLeave(thief, victim)) continue;
      let committed = Math.max(this.#committedBytes(victim), victim.uncuttableBytes);
      const { board, nowMs } = this.#book;
      const leftMs = board.endAtMs(victim, nowMs) - nowMs;
      const owed = { owedBytes: victim.remainingBytes, committedBytes: committed, leftMs, rate: board.rateOf(victim) };
      // A full window is not the end: where the reader is the slow one nothing is fetched twice.
      const isEnd = this.#book.beyond.isEmpty || this.#reading.isWaiting;
      const mayHedge = isEnd && (this.#reading.isOn || this.#comesTooLate(owed));
      let plan = this.#plan(thief, victim, owed, mayHedge && !victim.isParted);
      if (plan === undefined && victim.isParted) {
        // What it was asked for is cut only where that is worth the connection.
        committed = this.#committedBytes(victim);
        plan = this.#plan(thief, victim, { ...owed, committedBytes: committed }, mayHedge, cutGainMsMin);
      }
      if (plan === undefined || (best !== undefined && plan.gainMs <= best.plan.gainMs)) continue;
      // A victim owes no more than it owes: a hedge takes of that, however much could be on its way.
      best = { victim, plan, committedBytes: Math.min(committed, victim.remainingBytes) - plan.wasteBytes };
    }
    if (best === undefined) return silent !== undefined && this.#takeOver(thief, silent, 0);
    this.#hedges.hedged(best.plan.wasteBytes);
    this.#takeEnd(thief, best.victim, best.plan, best.committedBytes);
    return true;
  }

  /** Also what cannot be taken from it any more comes later than all together would bring everything: only then is it worth fetching twice. */
  #comesTooLate({ owedBytes, committedBytes, leftMs, rate }: StealVictim): boolean {
    const untouchedMs = (Math.max(0, owedBytes - committedBytes) / Math.max(1, rate)) * 1000;
    return leftMs - untouchedMs > this.#book.leftMs;
  }

  #committedBytes(lane: Lane): number {
    return committedBytes(this.#book.board, lane, this.#book.nowMs, this.#reading.isOn);
  }

  /** Until the first byte of something new can come from a connection. */
  #startMs(lane: Lane): number {
    const { board, nowMs } = this.#book;
    return Math.max(lane.firstByteMs, board.endAtMs(lane, nowMs) - nowMs, lane.strayUntilMs() - nowMs);
  }

  #plan(
    thief: Lane,
    victim: Lane,
    owed: StealVictim,
    mayHedge: boolean,
    gainMsMin = stealGainMsMin,
  ): StealPlan | undefined {
    const { board } = this.#book;
    return planSteal(
      owed,
      {
        rate: thief.rate ?? (this.#sourceRate(thief.source) ?? board.meanRate) * thief.trust,
        startMs: this.#startMs(thief),
      },
      this.#price(thief, victim, owed.leftMs, mayHedge, gainMsMin),
    );
  }

  /** What a steal has to gain, and what may come twice for it. */
  #price(thief: Lane, victim: Lane, victimLeftMs: number, mayHedge: boolean, leastMs: number): HedgeBudget {
    const { board, nowMs } = this.#book;
    if (this.#book.isClientBusy || this.#sharesLink(victimLeftMs))
      return { bytes: 0, bytesPerMs: 0, gainMsMin: sharedGainMsMin };
    const isSibling = thief.source === victim.source;
    const gainMsMin = isSibling ? Math.max(leastMs, siblingGainMsMin) : leastMs;
    const bytesPerMs = isSibling ? 0 : this.#hedges.bytesPerMs(board.rateSum);
    // What is on its way twice is not fetched a third time, unless nothing comes or all wait for it behind a full window;
    // and nothing is by one that is slow itself.
    const isTwice = !this.#reading.isBounded && victim.isHedging && victim.lateMs(nowMs) < hedgeAgainMs;
    if (isTwice && mayHedge && !victim.isOneStream && !this.#reading.isOn && board.rateOf(thief) >= board.meanRate) {
      return {
        bytes: 0,
        bytesPerMs,
        bytesFree: this.#hedges.smallBytes(hedgeAgainBytes),
        gainMsMin: hedgeAgainGainMsMin,
      };
    }
    // What one queue brings twice is in the way of the rest in it.
    const isInTime = isSibling && !this.#reading.isOn && victim.lateMs(nowMs) < siblingLateMs;
    if (!mayHedge || isTwice || isInTime || board.rateOf(thief) < board.meanRate * slowShare) {
      return { bytes: 0, bytesPerMs: 0, bytesFree: 0, gainMsMin: Math.max(gainMsMin, noHedgeGainMsMin) };
    }
    return {
      bytes: this.#hedges.bytesLeft,
      bytesPerMs,
      bytesFree: this.#hedges.smallBytes(),
      gainMsMin,
    };
  }

  /** On a full link all others are as much faster when one ends, as long as it is full: not where one would be much later. */
  #sharesLink(victimLeftMs: number): boolean {
    if (!this.#book.isLinkFull || this.#reading.isOn) return false;
    return victimLeftMs < sharedLaterMax * this.#book.leftMs + sharedGainMsMin;
  }

  /** Moves bytes that the victim owes to the thief: whole segments, and the end of one. */
  #takeEnd(thief: Lane, victim: Lane, plan: StealPlan, committedBytes: number): void {
    let left = plan.bytes;
    for (const part of takeableParts(victim, committedBytes)) {
      if (left <= 0) break;
      left -= this.#takeOff(thief, victim, part, plan, left, 'the one that would end last');
    }
  }

  /** Moves about the last `wanted` bytes of what may be taken to the thief; returns how many they became. */
  #takeOff(thief: Lane, victim: Lane, part: TakeablePart, plan: StealPlan, wanted: number, what: string): number {
    const { segment, takeable } = part;
    const gain = `done ${(plan.gainMs / 1000).toFixed(plan.gainMs < 1000 ? 2 : 1)} s sooner`;
    const both = this.#book.board.rateOf(victim) + this.#book.board.rateOf(thief);
    // A cut at a piece boundary keeps the piece whole for its hash; it may shift the end by a tenth of the gain.
    const slack = (plan.gainMs / 10) * (both / 1000);
    const { position, end } = segment;
    const wished = end - Math.min(wanted, takeable);
    // What is on its way would come twice for it, so a cut is not moved into that.
    const free = { start: end - takeable, end };
    const cut = wished <= position ? position : alignCut(wished, free, this.#pieceBytes, slack);
    this.#book.trim(victim, segment, cut, 'its end is taken by a connection that runs out of work', false);
    const isHedge = plan.wasteBytes > 0;
    const twice = isHedge ? `; ${formatBytes(plan.wasteBytes)} of it may come twice` : '';
    const reason = `${formatBytes(end - cut)} ${gain}, off ${what}${twice}`;
    const hedges = segment.hedges + (isHedge ? 1 : 0);
    const asked = this.#book.request(thief, cut, end, victim.source, reason, hedges);
    segment.taker = { lane: thief, segment: asked };
    return end - cut;
  }

  /**
   * Takes what a silent connection holds but for the first `keepBytes`, which may be on their way; false where there is no
   * more. What it sends after all is still welcome.
   */
  #takeOver(thief: Lane, victim: Lane, keepBytes: number): boolean {
    if (victim.remainingBytes <= keepBytes) return false;
    const silent = `silent for ${(victim.silentMs(this.#book.nowMs) / 1000).toFixed(1)} s`;
    this.#book.takeBack(victim, keepBytes, silent);
    return this.#takeFree(thief, victim, `of one that is ${silent}`);
  }
}
