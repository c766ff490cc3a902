import type { SourceId } from '../base/ids.js';

/** What a trial that pays raises the sum to has to be so many times that of the last one that did, if that was lately. */
const sumGainMin = 1.02;
const bestMsMax = 5000;
/** Where the gain is too small a share of the sum to show in it, the sum may at least not fall below this. */
const sumKeptMin = 0.95;
const visibleShare = 0.03;
/**
 * What several trials gained has to show in the sum by this share, once together it is this share of the sum: each one alone is less than the sum
 * fluctuates by.
 */
const claimedShareMin = 0.12;
const claimSeenMin = 0.35;
/** In its first seconds a download loses speed by itself, when slow start ends: that is not what others took. */
const claimsFromMs = 2000;
/** Claims that are older say nothing of the link of today. */
const claimMsMax = 4000;
/** So long it is believed that the client's link has room, once a connection came through it without waiting. */
const roomMsMax = 1500;
/** So long beyond that rest a link that was found full counts as such. */
const fullMsMax = 10_000;
/** Trials that end within this time ran side by side. */
const sameRoundMs = 400;
/** A trial that takes longer, or whose source went away, holds nobody up. */
const trialMsMax = 1500;
/** After trials that only shifted speed from one source to another, nobody tries for so long, doubling. */
const restMsMin = 1000;
const restMsMax = 60_000;

/**
 * Keeps sources from trying all at once: as long as no trial has paid, only some run at a time; and where one showed that
 * a source can only grow at the cost of the others (the client's own link is full), all rest.
 */
export class TrialGate {
  /** Trials, and since when. */
  readonly #running = new Map<SourceId, number>();
  #paid = false;
  #restsUntilMs = 0;
  #restMs = restMsMin;
  #best = { total: 0, atMs: 0 };
  #firstTrialAtMs: number | undefined;
  #fullUntilMs = 0;
  #roomUntilMs = 0;
  /** What trials gained since a moment, and the sum of that moment. */
  #claims: { gained: number; readonly total: number; readonly sinceMs: number } | undefined;

  /** True where the sum has become greater than in the trials of the last seconds: at a full link none raises it. */
  raisesSum(total: number, totalBefore: number, gained: number, nowMs: number): boolean {
    const agoMs = nowMs - this.#best.atMs;
    const isYoung = nowMs - (this.#firstTrialAtMs ?? nowMs) < claimsFromMs;
    if (!isYoung && this.#isOverclaimed(total, totalBefore, gained, nowMs)) {
      this.#rest(nowMs);
      this.#linkIsFull();
      return false;
    }
    // Trials that run side by side share what they raised the sum to.
    if (agoMs < sameRoundMs) return total > this.#best.total * sumKeptMin;
    // A small gain does not show in a sum that fluctuates by more: then the sum may at least not fall.
    const least = showsInSum(gained, total) ? sumGainMin : sumKeptMin;
    if (agoMs < bestMsMax && total < this.#best.total * least) return false;
    this.#best = { total, atMs: nowMs };
    return true;
  }

  /** True where the gains of the last trials together do not show in the sum: what one gained the others lost. */
  #isOverclaimed(total: number, totalBefore: number, gained: number, nowMs: number): boolean {
    if (this.#claims === undefined || nowMs - this.#claims.sinceMs > claimMsMax) {
      this.#claims = { gained: 0, total: totalBefore, sinceMs: nowMs };
    }
    this.#claims.gained += gained;
    const claimed = this.#claims.gained;
    if (claimed < total * claimedShareMin) return false;
    const isSeen = total - this.#claims.total >= claimed * claimSeenMin;
    this.#claims = undefined;
    return !isSeen;
  }

  /** What one connection gains another one loses, as the last trials showed: bytes that come twice are in the way of others. */
  isLinkFull(nowMs: number): boolean {
    return nowMs < this.#fullUntilMs;
  }

  /** A connection was made as fast as the first one to its source: nothing queued before the client's link, so it was not full. */
  sawRoom(nowMs: number): void {
    this.#roomUntilMs = nowMs + roomMsMax;
    this.#fullUntilMs = 0;
  }

  /** The client's link had room lately: what one source gains is not at the cost of others, whatever these do meanwhile. */
  hasRoom(nowMs: number): boolean {
    return nowMs < this.#roomUntilMs;
  }

  mayTry(source: SourceId, sources: number, nowMs: number): boolean {
    if (nowMs < this.#restsUntilMs && !this.hasRoom(nowMs)) return false;
    if (this.#paid || this.#running.has(source)) return true;
    for (const [running, sinceMs] of this.#running) if (nowMs - sinceMs > trialMsMax) this.#running.delete(running);
    return this.#running.size < Math.max(2, sources / 3);
  }

  started(source: SourceId, nowMs: number): void {
    this.#firstTrialAtMs ??= nowMs;
    this.#running.set(source, nowMs);
  }

  ended(source: SourceId, paid: boolean): void {
    this.#running.delete(source);
    if (!paid) return;
    this.#paid = true;
    this.#fullUntilMs = 0;
  }

  /** The others lost what a trial gained, as far as the sum of all says: all rest. Where it is too little to show in that, the link need not be full. */
  costOthers(gained: number, total: number, nowMs: number): void {
    const wasFull = this.isLinkFull(nowMs);
    this.#rest(nowMs);
    if (wasFull || showsInSum(gained, total)) this.#linkIsFull();
  }

  #rest(nowMs: number): void {
    this.#paid = false;
    this.#restsUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(restMsMax, 2 * this.#restMs);
  }

  #linkIsFull(): void {
    this.#fullUntilMs = this.#restsUntilMs + fullMsMax;
  }
}

/** True where a gain is large enough to show in the sum of all. */
function showsInSum(gained: number, total: number): boolean {
  return gained > total * visibleShare;
}
