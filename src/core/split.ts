import type { ByteRange } from '../base/byte-range.js';

/** A steal that brings the end less near than this is left alone: the request and the estimates cost about as much. */
export const stealGainMsMin = 20;
/** The same for a steal of bytes that are on their way already, which arrive twice. */
const hedgeGainMsMin = 25;
/** So few bytes may be hedged whatever has been wasted before: nobody waits for a trickle. */
export const hedgeBytesFree = 32 * 1024;
/** What asking for fewer bytes than this costs in headers and wake-ups is more than it brings. */
export const stealBytesMin = 16 * 1024;
/** Where no piece boundary is near, cuts are still multiples of this, so that writes stay aligned to disk pages. */
const grainBytes = 16 * 1024;

/** The lane that would end last. */
export interface StealVictim {
  /** What it still has to deliver. */
  readonly owedBytes: number;
  /** Of that, what is on its way, or will be by the time that it is told to stop: the first bytes that it owes. */
  readonly committedBytes: number;
  /** Until it has delivered all that it owes, in milliseconds. */
  readonly leftMs: number;
  /** Bytes per second. */
  readonly rate: number;
}

/** The lane that runs out of work. */
export interface StealThief {
  readonly rate: number;
  /** Until the first stolen byte can arrive, in milliseconds. */
  readonly startMs: number;
}

/** What a steal has to be worth, and what may be fetched twice for it on purpose. */
export interface HedgeBudget {
  /** A steal that gains less is left alone. Default {@link stealGainMsMin}. */
  readonly gainMsMin?: number;
  readonly bytes: number;
  /** So few whatever has been wasted before. Default 32 KiB. */
  readonly bytesFree?: number;
  /** And beyond that, for each millisecond gained: a small part of what all connections bring in it. */
  readonly bytesPerMs: number;
}

/** The thief takes the last `bytes` of what the victim owes. */
export interface StealPlan {
  readonly bytes: number;
  /** By how much sooner the two are done. */
  readonly gainMs: number;
  /** Bytes that will arrive twice, as far as can be known. */
  readonly wasteBytes: number;
}

/**
 * Splits what the victim still owes so that both end together. With rates v (victim) and c (thief), the victim's time
 * left t and the thief's start s, the end is at s + v (t - s) / (v + c), and the thief takes c v (t - s) / (v + c).
 * What is on its way already is taken (a hedge) as far as the budget allows. Undefined where it all gains too little.
 */
export function planSteal(victim: StealVictim, thief: StealThief, budget: HedgeBudget): StealPlan | undefined {
  const aheadMs = victim.leftMs - thief.startMs;
  if (aheadMs <= 0) return undefined;
  const both = victim.rate + thief.rate;
  const gainMsMin = budget.gainMsMin ?? stealGainMsMin;
  if ((aheadMs * thief.rate) / both < gainMsMin) return undefined;
  // A victim that is late delivers less than its rate says: then there may be less to take than the formula wishes.
  // And a rest that is not worth a request is not worth waiting for either.
  const fair = (thief.rate * victim.rate * aheadMs) / 1000 / both;
  const wished = victim.owedBytes - fair < stealBytesMin ? victim.owedBytes : fair;
  const untouched = Math.max(0, victim.owedBytes - victim.committedBytes);
  const wasteBytes = Math.ceil(Math.max(0, wished - untouched));
  if (wasteBytes > 0) {
    const gainMs = gainOf(victim, thief, wished);
    if (
      gainMs >= Math.max(hedgeGainMsMin, gainMsMin) &&
      wasteBytes <= Math.max(budget.bytes, budget.bytesFree ?? hedgeBytesFree, gainMs * budget.bytesPerMs)
    )
      return { bytes: Math.ceil(wished), gainMs, wasteBytes };
  }
  const bytes = Math.floor(Math.min(wished, untouched));
  if (bytes < Math.min(stealBytesMin, victim.owedBytes)) return undefined;
  const gainMs = gainOf(victim, thief, bytes);
  return gainMs < gainMsMin ? undefined : { bytes, gainMs, wasteBytes: 0 };
}

function gainOf(victim: StealVictim, thief: StealThief, bytes: number): number {
  const thiefEndsMs = thief.startMs + (bytes / thief.rate) * 1000;
  const victimEndsMs = bytes >= victim.owedBytes ? 0 : victim.leftMs - (bytes / victim.rate) * 1000;
  return victim.leftMs - Math.max(thiefEndsMs, victimEndsMs);
}

/**
 * `cut` moved to the nearest piece boundary where that is within `slackBytes` and inside `room`, else to a multiple of
 * 16 KiB where one is inside, else to a whole byte.
 */
export function alignCut(cut: number, room: ByteRange, pieceBytes: number, slackBytes: number): number {
  const inside = (at: number): boolean => at > room.start && at < room.end;
  const piece = Math.round(cut / pieceBytes) * pieceBytes;
  if (Math.abs(piece - cut) <= slackBytes && inside(piece)) return piece;
  for (const grain of [Math.round(cut / grainBytes), Math.ceil(cut / grainBytes)]) {
    if (inside(grain * grainBytes)) return grain * grainBytes;
  }
  return Math.min(room.end, Math.max(room.start, Math.round(cut)));
}
