import type { ByteRange } from '../base/byte-range.js';

/** A steal that brings the end less near than this is left alone: the request and the estimates cost about as much. */
export const stealGainMsMin = 15;
/** The same for a steal of bytes that are on their way already, which arrive twice. */
const hedgeGainMsMin = 25;
/** What asking for fewer bytes than this costs in headers and wake-ups is more than it brings. */
export const stealBytesMin = 16 * 1024;
/** Where no piece boundary is near, cuts are still multiples of this, so that writes stay aligned to disk pages. */
const grainBytes = 16 * 1024;

/** The lane that would end last, in its last segment. */
export interface StealVictim {
  readonly position: number;
  readonly end: number;
  /** Until it has delivered all that it owes, in milliseconds. */
  readonly leftMs: number;
  /** Bytes per second. */
  readonly rate: number;
  /** Bytes of the segment from `position` that are on their way, or would be by the time it is told to stop. */
  readonly committedBytes: number;
}

/** The lane that runs out of work. */
export interface StealThief {
  readonly rate: number;
  /** Until the first stolen byte can arrive, in milliseconds. */
  readonly startMs: number;
}

/** The victim keeps what is before `cut`. */
export interface StealPlan {
  readonly cut: number;
  /** By how much sooner the two are done. */
  readonly gainMs: number;
  /** Bytes that will arrive twice, as far as can be known. */
  readonly wasteBytes: number;
}

/**
 * Splits what the victim still owes so that both end together. With rates v (victim) and c (thief), the victim's time
 * left t and the thief's start s, the end is at s + v (t - s) / (v + c), and the thief takes c v (t - s) / (v + c).
 * Of what is on its way already, at most `wasteBytesMax` are taken (a hedge). Undefined where that gains too little.
 */
export function planSteal(
  victim: StealVictim,
  thief: StealThief,
  pieceBytes: number,
  wasteBytesMax: number,
): StealPlan | undefined {
  const aheadMs = victim.leftMs - thief.startMs;
  if (aheadMs <= 0) return undefined;
  const both = victim.rate + thief.rate;
  if ((aheadMs * thief.rate) / both < stealGainMsMin) return undefined;
  const wished = victim.end - (thief.rate * victim.rate * aheadMs) / 1000 / both;
  const committed = Math.min(victim.end, victim.position + victim.committedBytes);
  const plan = (cut: number): StealPlan => ({
    cut,
    gainMs: Math.min(((victim.end - cut) / victim.rate) * 1000, aheadMs - ((victim.end - cut) / thief.rate) * 1000),
    wasteBytes: Math.max(0, committed - cut),
  });
  const hedge = plan(Math.max(victim.position, Math.ceil(wished)));
  if (hedge.wasteBytes > 0) {
    const worthIt = hedge.gainMs >= hedgeGainMsMin && hedge.wasteBytes <= wasteBytesMax;
    if (worthIt && hedge.cut < victim.end) return hedge;
  }
  const room = { start: Math.ceil(committed), end: victim.end };
  if (room.end - room.start < stealBytesMin) return undefined;
  // A cut at a piece boundary keeps the piece whole for its hash; it may shift the end by a tenth of the gain.
  const slack = (((aheadMs * thief.rate) / both / 10) * both) / 1000;
  const steal = plan(alignCut(Math.max(wished, room.start), room, pieceBytes, slack));
  return victim.end - steal.cut < stealBytesMin || steal.gainMs < stealGainMsMin ? undefined : steal;
}

/**
 * `cut` moved to the nearest piece boundary where that is within `slackBytes` and inside `room`, else to a multiple of
 * 16 KiB where one is inside, else to a whole byte.
 */
export function alignCut(cut: number, room: ByteRange, pieceBytes: number, slackBytes: number): number {
  const inside = (at: number): boolean => at > room.start && at < room.end;
  const piece = Math.round(cut / pieceBytes) * pieceBytes;
  if (Math.abs(piece - cut) <= slackBytes && inside(piece)) return piece;
  const grain = Math.round(cut / grainBytes) * grainBytes;
  if (inside(grain)) return grain;
  return Math.min(room.end, Math.max(room.start, Math.round(cut)));
}
