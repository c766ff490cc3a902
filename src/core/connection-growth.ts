import type { SourceId } from '../base/ids.js';
import { rampConnections, type Worth } from './connection-ramp.js';
import { GoodputWindow, type Goodput, type GoodputSample } from './goodput-window.js';
import type { GrowthDecision, GrowthView } from './growth-view.js';
import type { Lane } from './lane.js';
import { usefulUnderLoss } from './loss-bound.js';
import { Way } from './way.js';

/** How many times what it was the goodput has to be after doubling the connections, for them to have been worth it. */
const gainMin = 1.2;
/** From this gain on the next step is a fourfold one: a limit for each connection is what slows it. */
const gainForLeap = 1.6;
const leap = 4;
/** So many times as many connections as would bring it by their limits are kept of a leap: they do not share evenly. */
const heldSpare = 1.1;
/** Of what a source gained, so much has to be seen in the sum: otherwise it only took from the others. */
const sharedGainMin = 0.5;
/** A source that became so much slower in a trial has changed. */
const staleGainMax = 0.75;
/** A source that gained what the sum does not show is left as it is for so long. */
const unseenRestMs = 1500;
/** What brought this much is not taken back, though more is not tried: it costs more to be wrong than to be generous. */
const keptGainMin = 1.08;
/** After a trial that brought nothing, the next one comes so much later, doubling. */
const restMsMin = 4000;
const restMsMax = 60_000;
/** In the first seconds of a source a trial is compared with slow start, which no packet was lost in yet: it is tried again sooner. */
const youngMs = 4000;
const youngRestMs = 1500;
/** What connections hold back in queues and send buffers may take this share of the time that is left to deliver. */
const heldShareMax = 0.1;
/** Where nothing queues on the way they only hold it back because packets are lost: with more of them it takes less time. */
const heldShareMaxOnFreeWay = 0.25;
/** What came in this time of a source came in slow start: where nothing queues, to be no faster with more later is no proof. */
const slowStartMs = 1500;
/** A connection that is slower than this share of its fastest sibling is in the way. */
const starvedShare = 0.02;
/** But not in its first seconds, in which every one is slow at some time. */
const starvedMsMin = 2000;
/** So many windows in a row have to say that it is slower than with the connections that it had. */
const slowerWindowsMin = 2;
/** An opening that nothing was heard of is given up. */
const openingMsMax = 5000;

const none: GrowthDecision = { type: 'none' };

/** What a source brought with so many connections, and all together, while the others had `others`. */
interface Baseline {
  readonly atMs: number;
  readonly rate: number;
  readonly total: number;
  readonly count: number;
  readonly others: number;
  /** The server held each of them back. */
  readonly isHeld: boolean;
}

/**
 * Finds how many connections to one source are worth having: measures, doubles, measures again, and takes back what
 * brought nothing.
 *
 * Invariant: at most one trial of a source runs; `#opening` are connections asked for that have neither come nor failed.
 */
export class ConnectionGrowth {
  readonly source: SourceId;
  readonly lanes = new Set<Lane>();
  receivedBytes = 0;
  #opening = 0;
  #openingSinceMs = 0;
  readonly #window = new GoodputWindow();
  #baseline: Baseline | undefined;
  #nextTrialMs = 0;
  #restMs = restMsMin;
  #limit = Infinity;
  /** Its last trial paid, or there was none. */
  #isPromising = true;
  #hasGone = false;
  #thereSinceMs: number | undefined;
  readonly #way = new Way();
  #laneRateLast: number | undefined;
  /** What it had when it was measured last, and no trial was running that had not paid. */
  #worth: Worth = { count: 1, latencyMs: Infinity };
  /** What a trial that was taken back had, until it is seen whether that was right. */
  #slower = 0;
  #retired: { readonly rate: number; readonly count: number; readonly othersRate: number } | undefined;

  constructor(source: SourceId) {
    this.source = source;
  }

  /** It sends the file from its start on only: a second connection would bring the same bytes. */
  get isOneStream(): boolean {
    for (const lane of this.lanes) if (lane.isOneStream) return true;
    return false;
  }

  /** Nothing is known of it yet: it may be there in a moment. */
  get isUntried(): boolean {
    return !this.#hasGone && this.#thereSinceMs === undefined;
  }

  /** It was not there for a while, or not at once. */
  get hasGone(): boolean {
    return this.#hasGone;
  }

  get opening(): number {
    return this.#opening;
  }

  /** A connection to it was made, in so long; true where nothing queued on the way although bytes were coming. */
  added(lane: Lane, connectMs: number, nowMs: number): boolean {
    this.lanes.add(lane);
    this.#thereSinceMs ??= nowMs;
    this.#opening = Math.max(0, this.#opening - 1);
    this.#window.changed(nowMs);
    this.#way.connected(connectMs, this.receivedBytes > 0);
    return this.#way.isFree;
  }

  removed(lane: Lane, nowMs: number): void {
    // One that was taken back is not counted any more: it only brings what was on its way.
    if (!this.lanes.delete(lane)) return;
    this.#baseline = undefined;
    if (this.lanes.size === 0) {
      this.#limit = Infinity;
      this.#hasGone = true;
    }
    this.#window.changed(nowMs);
  }

  /** It refused one, or did not answer. */
  openFailed(nowMs: number): void {
    this.#hasGone ||= this.lanes.size === 0;
    if (this.#opening === 0) return;
    this.#opening -= 1;
    if (this.lanes.size > 0) this.#limit = this.lanes.size;
    this.#window.changed(nowMs);
  }

  /** What comes now says nothing of what could: it is measured anew. */
  hold(nowMs: number): void {
    this.#window.changed(nowMs);
  }

  /** Mean rate of its measured connections, or the last there was, in bytes a second: what one more can be expected to deliver. */
  get laneRate(): number | undefined {
    let sum = 0;
    let count = 0;
    for (const lane of this.lanes) {
      if (lane.rate === undefined) continue;
      sum += lane.rate;
      count += 1;
    }
    if (count > 0) this.#laneRateLast = sum / count;
    return this.#laneRateLast;
  }

  /** Called now and then while bytes come: says whether to open more connections, or to give some up. */
  decide(view: GrowthView): GrowthDecision {
    const { nowMs } = view;
    if (this.#opening > 0) {
      if (nowMs - this.#openingSinceMs < openingMsMax) return none;
      this.#opening = 0;
    }
    const rttMs = this.#rttMs();
    if (rttMs === undefined) return none;
    const isHeld = this.#way.isHeldAtServer(this.lanes);
    const sample: GoodputSample = {
      nowMs,
      ownBytes: this.receivedBytes,
      totalBytes: view.totalBytes,
      rttMs,
      connections: this.lanes.size,
      isHeld,
      leftMs: view.leftMs,
    };
    const goodput = this.#window.measure(sample);
    if (goodput === undefined) return none;
    // Nothing waits before the client's link either.
    if (isHeld) view.gate.sawRoom(nowMs);
    const decision = this.#judge(goodput, rttMs, view);
    if (decision !== undefined) this.#window.begin(sample);
    return decision ?? none;
  }

  /** A first attempt to connect is under way. */
  expected(nowMs: number): void {
    if (this.lanes.size > 0) return;
    this.#opening = Math.max(1, this.#opening);
    this.#openingSinceMs = nowMs;
  }

  /**
   * Called when its first connection is there, and before, as the attempt takes longer and so tells how far away it is.
   * Far away, the time goes into slow start: several windows open faster than one. `shareBytes` is what a source has to
   * deliver in the mean.
   */
  ramp(rttMs: number, shareBytes: number, view: GrowthView): GrowthDecision {
    if (this.receivedBytes > 0 || this.#hasGone) return none;
    const wanted = Math.min(rampConnections(rttMs, shareBytes, view), view.connectionsMax, this.#limit);
    const count = wanted - this.lanes.size - this.#opening;
    if (count <= 0) return none;
    return this.#open(count, `${rttMs.toFixed(0)} ms away: several come up to speed sooner than one`, view);
  }

  /** Called when it is there, and was not for a while: it gets as many as were worth having, and nobody measures again. */
  returned(rttMs: number, shareBytes: number, view: GrowthView): GrowthDecision {
    if (this.lanes.size !== 1 || this.#opening > 0) return none;
    const worth = Math.min(this.#worth.count, this.#useful(this.#worth, rttMs, view));
    const wanted = Math.max(worth, rampConnections(rttMs, shareBytes, view));
    const more = Math.min(wanted, view.connectionsMax, this.#limit) - 1;
    if (more <= 0) return none;
    return this.#open(more, `it is back, and ${more + 1} connections were worth having`, view);
  }

  /** What a measured window says; undefined where a longer one is to be waited for. */
  #judge({ rate, total, isSure }: Goodput, rttMs: number, view: GrowthView): GrowthDecision | undefined {
    const before = this.#baseline;
    const count = this.lanes.size;
    const others = view.connections - count;
    const isHeld = this.#way.isHeldAtServer(this.lanes);
    const measured: Baseline = { atMs: view.nowMs, rate, total, count, others, isHeld };
    if (before === undefined || count <= before.count) {
      this.#baseline = measured;
      this.#worth = { count, latencyMs: this.#latencyMs(rttMs) };
      return this.#undo(rate, total, rttMs, view) ?? this.#cull(view) ?? this.#grow(2, rate, rttMs, view);
    }
    const gain = rate / Math.max(1, before.rate);
    const hasRoom = view.gate.hasRoom(view.nowMs);
    if (gain >= gainMin && others < before.others && !hasRoom) {
      // Connections to others went away meanwhile: whether it has what they had, nobody can tell. Measured anew, later.
      view.gate.ended(this.source, false);
      this.#baseline = measured;
      this.#nextTrialMs = view.nowMs + unseenRestMs;
      return none;
    }
    const shared = hasRoom || total - before.total >= (rate - before.rate) * sharedGainMin;
    if (gain >= gainMin && shared) {
      const raised = hasRoom || view.gate.raisesSum(total, before.total, rate - before.rate, view.nowMs);
      view.gate.ended(this.source, raised);
      this.#baseline = measured;
      this.#worth = { count, latencyMs: this.#latencyMs(rttMs) };
      this.#restMs = restMsMin;
      this.#isPromising = raised;
      if (!raised) {
        // It gained, and the sum did not show it: what is there stays, more is not tried for a while.
        this.#nextTrialMs = view.nowMs + unseenRestMs;
        return none;
      }
      return this.#shed(before, measured, view) ?? this.#grow(gain >= gainForLeap ? leap : 2, rate, rttMs, view);
    }
    if (!isSure) return undefined;
    if (gain < staleGainMax) {
      // No trial makes a source that much slower: what it was measured against is a speed of the past.
      this.#baseline = measured;
      return this.#grow(2, rate, rttMs, view);
    }
    view.gate.ended(this.source, false);
    if (gain >= gainMin) view.gate.costOthers(rate - before.rate, total, view.nowMs);
    const isKept = gain >= keptGainMin || (this.#way.isFree && before.atMs - (this.#thereSinceMs ?? 0) < slowStartMs);
    if (isKept && shared) {
      this.#baseline = measured;
      this.#rest(view);
      return this.#shed(before, measured, view) ?? none;
    }
    return this.#giveUp(measured, before.count, view);
  }

  /**
   * Where the server gave each connection so much before, as many as the gain is worth of those bring it all: what a leap brought
   * beyond that only fills buffers, which somebody waits for at the end.
   */
  #shed(before: Baseline, measured: Baseline, view: GrowthView): GrowthDecision | undefined {
    if (!before.isHeld || measured.isHeld) return undefined;
    const needed = Math.ceil((before.count * measured.rate * heldSpare) / Math.max(1, before.rate));
    return needed < measured.count ? this.#giveUp(measured, needed, view) : undefined;
  }

  /** All but `needed` connections go; should it become slower for it, they are opened again. */
  #giveUp({ rate, total, count }: Baseline, needed: number, view: GrowthView): GrowthDecision {
    this.#baseline = undefined;
    this.#rest(view);
    this.#retired = { rate, count, othersRate: total - rate };
    this.#slower = 0;
    return this.#takeBack(this.#slowest(count - needed), `${count} connections bring no more than ${needed}`);
  }

  /** A window that is open is worth keeping: the slowest go. */
  #slowest(count: number): Lane[] {
    return [...this.lanes].sort((a, b) => (a.rate ?? 0) - (b.rate ?? 0)).slice(0, count);
  }

  /** Connections that starve beside their siblings: they hold work and bring next to nothing. */
  #cull(view: GrowthView): GrowthDecision | undefined {
    let best = 0;
    for (const lane of this.lanes) best = Math.max(best, lane.rate ?? 0);
    const starved: Lane[] = [];
    for (const lane of this.lanes) {
      if (view.nowMs - lane.openedAtMs < starvedMsMin || lane.rate === undefined) continue;
      if (lane.rate < best * starvedShare) starved.push(lane);
    }
    if (starved.length === 0) return undefined;
    this.#nextTrialMs = Math.max(this.#nextTrialMs, view.nowMs + unseenRestMs);
    return this.#takeBack(starved, 'it starves beside the others');
  }

  #takeBack(lanes: readonly Lane[], reason: string): GrowthDecision {
    for (const lane of lanes) this.lanes.delete(lane);
    this.#window.close();
    return { type: 'retire', lanes, reason };
  }

  /**
   * Taken back, and slower for it, at once or later: the connections did bring something, and what was measured before
   * was a good moment, as the first second of a connection is where packets are lost.
   */
  #undo(rate: number, total: number, rttMs: number, view: GrowthView): GrowthDecision | undefined {
    const retired = this.#retired;
    if (retired === undefined) return undefined;
    this.#slower = rate * gainMin > retired.rate ? 0 : this.#slower + 1;
    if (this.#slower < slowerWindowsMin) return undefined;
    this.#retired = undefined;
    // What it lost others have: they would lose it again.
    const gainedByOthers = total - rate - retired.othersRate;
    if (!view.gate.hasRoom(view.nowMs) && gainedByOthers > (retired.rate - rate) * sharedGainMin) return undefined;
    const count = this.#countMax(retired.count, rate, rttMs, view) - this.lanes.size;
    if (count <= 0) return undefined;
    return this.#open(count, 'it is slower without them', view);
  }

  /** At most so many connections: as are allowed, and can deliver what they hold back in the time that is left. */
  #countMax(wanted: number, rate: number, rttMs: number, view: GrowthView): number {
    const count = this.lanes.size;
    const useful = this.#useful({ count, latencyMs: this.#latencyMs(rttMs) }, rttMs, view);
    const isTrusted =
      this.#isPromising && view.reading.windowMs === Infinity && ![...this.lanes].some((l) => l.isParted);
    const underLoss = isTrusted ? usefulUnderLoss({ count, rate, rttMs }, view.leftMs) : 0;
    return Math.floor(Math.min(wanted, view.connectionsMax, this.#limit, Math.max(useful, underLoss)));
  }

  /** So many can deliver what they hold back in the time that is left, where `count` of them hold back `latencyMs`. */
  #useful({ count, latencyMs }: Worth, rttMs: number, view: GrowthView): number {
    if (view.leftMs < 6 * rttMs + 500) return 0;
    const heldMsMax =
      Math.min(view.leftMs, view.reading.windowMs) * (this.#way.isFree ? heldShareMaxOnFreeWay : heldShareMax);
    return Math.max(view.reading.windowMs === Infinity ? 2 : 1, Math.floor(count * (heldMsMax / latencyMs)));
  }

  #rest(view: GrowthView): void {
    this.#isPromising = false;
    if (view.nowMs - (this.#thereSinceMs ?? view.nowMs) < youngMs) {
      this.#nextTrialMs = view.nowMs + youngRestMs;
      return;
    }
    this.#nextTrialMs = view.nowMs + this.#restMs;
    this.#restMs = Math.min(restMsMax, 2 * this.#restMs);
  }

  #grow(factor: number, rate: number, rttMs: number, view: GrowthView): GrowthDecision {
    const count = this.lanes.size;
    const isHeld = this.#way.isHeldAtServer(this.lanes);
    const wanted = this.#countMax(count * (isHeld ? leap : factor), rate, rttMs, view) - count;
    if (wanted <= 0 || view.nowMs < this.#nextTrialMs) return none;
    if (!isHeld && !view.gate.mayTry(this.source, view.sources, view.nowMs)) return none;
    view.gate.started(this.source, view.nowMs);
    const speed = `${((rate * 8) / 1e6).toFixed(1)} Mbit/s with ${count}`;
    return this.#open(wanted, `${speed}: finding out whether ${count + wanted} bring more`, view);
  }

  #open(count: number, reason: string, view: GrowthView): GrowthDecision {
    this.#opening += count;
    this.#openingSinceMs = view.nowMs;
    this.#window.close();
    return { type: 'open', count, reason };
  }

  /** What its connections hold back in queues and send buffers, as time: the mean delay of a trim. */
  #latencyMs(rttMs: number): number {
    let sum = 0;
    for (const lane of this.lanes) sum += lane.latencyMs;
    return Math.max(rttMs, sum / Math.max(1, this.lanes.size));
  }

  #rttMs(): number | undefined {
    let least: number | undefined;
    for (const lane of this.lanes) {
      if (lane.firstByteAtMs === undefined) continue;
      least = least === undefined ? lane.firstByteMs : Math.min(least, lane.firstByteMs);
    }
    return least;
  }
}
