import type { SourceId } from '../base/ids.js';
import type { Lane } from './lane.js';

/** How many times what it was the goodput has to be after doubling the connections, for them to have been worth it. */
const gainMin = 1.2;
/** From this gain on the next step is a fourfold one: a limit for each connection is what slows it. */
const gainForLeap = 1.6;
/** Of what a source gained, so much has to be seen in the sum: otherwise it only took from the others. */
const sharedGainMin = 0.4;
/** Time that a fresh connection is given to come up to speed, in round trips, and at the least. */
const warmRoundTrips = 4;
const warmMsMin = 100;
/** How long a rate is measured, in round trips, and at the least. */
const measureRoundTrips = 3;
const measureMsMin = 150;
/** A trial that does not look worth it is measured this much longer before it is given up. */
const patience = 2.5;
/** After a trial that brought nothing, the next one comes so much later, doubling. */
const restMsMin = 8000;
const restMsMax = 60_000;
/** What a connection holds back in queues and send buffers, and for how much of the time that is left that may be. */
const heldBytes = 64 * 1024;
const heldShareMax = 0.08;
/** A round trip from which on slow start costs more than connections do: as many of them as these fit into one. */
const rampMsPerConnection = 20;
const rampConnectionsMax = 8;
const rampMsMin = 40;
/** Nothing is known of its speed then: what these connections hold back may be this share of a source's part. */
const rampHeldShareMax = 0.01;
/** An opening that nothing was heard of is given up. */
const openingMsMax = 5000;

/** What a decision on a source's connections takes into account, besides the source. */
export interface GrowthView {
  readonly nowMs: number;
  /** Bytes that came from all sources so far. */
  readonly totalBytes: number;
  readonly connectionsMax: number;
  /** Time until the download ends, as planned. */
  readonly leftMs: number;
}

export type GrowthDecision =
  | { readonly type: 'none' }
  | { readonly type: 'open'; readonly count: number; readonly reason: string }
  | { readonly type: 'retire'; readonly count: number; readonly reason: string };

const none: GrowthDecision = { type: 'none' };

/**
 * Finds how many connections to one source are worth having: measures, doubles, measures again, and takes back what
 * brought nothing.
 *
 * Invariant: at most one trial runs; `#opening` are connections asked for that have neither come nor failed.
 */
export class ConnectionGrowth {
  readonly source: SourceId;
  readonly lanes = new Set<Lane>();
  receivedBytes = 0;
  #opening = 0;
  #openingSinceMs = 0;
  #changedAtMs: number | undefined;
  #windowAtMs: number | undefined;
  #windowBytes = 0;
  #windowTotal = 0;
  #baseline: { rate: number; total: number; count: number } | undefined;
  #nextTrialMs = 0;
  #restMs = restMsMin;
  #limit = Infinity;
  #ramped = false;

  constructor(source: SourceId) {
    this.source = source;
  }

  get opening(): number {
    return this.#opening;
  }

  added(lane: Lane, nowMs: number): void {
    this.lanes.add(lane);
    this.#opening = Math.max(0, this.#opening - 1);
    this.#change(nowMs);
  }

  removed(lane: Lane, nowMs: number): void {
    this.lanes.delete(lane);
    this.#baseline = undefined;
    this.#change(nowMs);
  }

  /** It refused one. */
  openFailed(nowMs: number): void {
    if (this.#opening === 0) return;
    this.#opening -= 1;
    this.#limit = Math.max(1, this.lanes.size);
    this.#change(nowMs);
  }

  /** Mean rate of its measured connections, in bytes a second: what one more can be expected to deliver. */
  get laneRate(): number | undefined {
    let sum = 0;
    let count = 0;
    for (const lane of this.lanes) {
      if (lane.rate === undefined) continue;
      sum += lane.rate;
      count += 1;
    }
    return count === 0 ? undefined : sum / count;
  }

  /** Called now and then while bytes come: says whether to open more connections, or to give some up. */
  decide(view: GrowthView): GrowthDecision {
    const { nowMs } = view;
    if (this.#opening > 0) {
      if (nowMs - this.#openingSinceMs < openingMsMax) return none;
      this.#opening = 0;
    }
    const rttMs = this.#rttMs();
    if (rttMs === undefined || nowMs < this.#nextTrialMs) return none;
    if (this.#windowAtMs === undefined) {
      const warmMs = Math.max(warmMsMin, warmRoundTrips * rttMs);
      if (this.#changedAtMs === undefined || nowMs - this.#changedAtMs < warmMs) return none;
      this.#startWindow(view);
      return none;
    }
    const elapsed = nowMs - this.#windowAtMs;
    const measureMs = Math.max(measureMsMin, measureRoundTrips * rttMs);
    if (elapsed < measureMs) return none;
    const rate = ((this.receivedBytes - this.#windowBytes) / elapsed) * 1000;
    const total = ((view.totalBytes - this.#windowTotal) / elapsed) * 1000;
    const decision = this.#judge(rate, total, rttMs, view, elapsed > patience * measureMs);
    if (decision !== undefined) this.#startWindow(view);
    return decision ?? none;
  }

  /**
   * Called when its first connection is there. Far away, the time goes into slow start: several windows open faster than
   * one. `shareBytes` is what a source has to deliver in the mean.
   */
  ramp(rttMs: number, shareBytes: number, view: GrowthView): GrowthDecision {
    if (this.#ramped || rttMs < rampMsMin) return none;
    this.#ramped = true;
    const affordable = Math.floor((shareBytes * rampHeldShareMax) / heldBytes);
    const wanted = Math.min(rampConnectionsMax, Math.round(rttMs / rampMsPerConnection), affordable);
    const count = Math.min(wanted, view.connectionsMax, this.#limit) - this.lanes.size;
    if (count <= 0) return none;
    return this.#open(count, `${rttMs.toFixed(0)} ms away: several come up to speed sooner than one`, view);
  }

  /** What a measured window says; undefined where a longer one is to be waited for. */
  #judge(rate: number, total: number, rttMs: number, view: GrowthView, patient: boolean): GrowthDecision | undefined {
    const before = this.#baseline;
    const count = this.lanes.size;
    if (before === undefined || count <= before.count) {
      this.#baseline = { rate, total, count };
      return this.#grow(2, rate, rttMs, view);
    }
    const gain = rate / Math.max(1, before.rate);
    const shared = (total - before.total) / Math.max(1, rate - before.rate);
    if (gain >= gainMin && shared >= sharedGainMin) {
      this.#baseline = { rate, total, count };
      this.#restMs = restMsMin;
      return this.#grow(gain >= gainForLeap ? 4 : 2, rate, rttMs, view);
    }
    if (!patient) return undefined;
    this.#baseline = undefined;
    this.#nextTrialMs = view.nowMs + this.#restMs;
    this.#restMs = Math.min(restMsMax, 2 * this.#restMs);
    const reason = `${count} connections bring no more than ${before.count}`;
    return { type: 'retire', count: count - before.count, reason };
  }

  #grow(factor: number, rate: number, rttMs: number, view: GrowthView): GrowthDecision {
    const count = this.lanes.size;
    const useful = Math.max(1, (rate * view.leftMs * heldShareMax) / 1000 / heldBytes);
    const wanted = Math.floor(Math.min(count * factor, view.connectionsMax, this.#limit, useful)) - count;
    if (wanted <= 0 || view.leftMs < 6 * rttMs + 500) {
      this.#nextTrialMs = view.nowMs + restMsMin;
      return none;
    }
    const speed = `${((rate * 8) / 1e6).toFixed(1)} Mbit/s with ${count}`;
    return this.#open(wanted, `${speed}: finding out whether ${count + wanted} bring more`, view);
  }

  #open(count: number, reason: string, view: GrowthView): GrowthDecision {
    this.#opening += count;
    this.#openingSinceMs = view.nowMs;
    this.#windowAtMs = undefined;
    return { type: 'open', count, reason };
  }

  #rttMs(): number | undefined {
    let least: number | undefined;
    for (const lane of this.lanes) {
      if (lane.firstByteAtMs === undefined) continue;
      least = least === undefined ? lane.firstByteMs : Math.min(least, lane.firstByteMs);
    }
    return least;
  }

  #startWindow(view: GrowthView): void {
    this.#windowAtMs = view.nowMs;
    this.#windowBytes = this.receivedBytes;
    this.#windowTotal = view.totalBytes;
  }

  #change(nowMs: number): void {
    this.#changedAtMs = nowMs;
    this.#windowAtMs = undefined;
  }
}
