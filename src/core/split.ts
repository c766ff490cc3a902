import type { ByteRange } from '../base/byte-range.js';

/** A steal that brings the end less near than this is left alone: the request and the estimates cost about as much. */
export const stealGainMsMin = 20;
/** What asking for fewer bytes than this costs in headers and wake-ups is more than it brings. */
const stealBytesMin = 16 * 1024;
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
  /** From asking it to stop to its stopping: what is on its way is not worth taking. */
  readonly latencyMs: number;
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
  readonly gainMs: number;
}

/**
 * Splits what the victim still owes so that both end together. With rates v (victim) and c (thief), the victim's time
 * left t and the thief's start s, the end is at s + v (t - s) / (v + c), and the thief takes c v (t - s) / (v + c).
 * Undefined where that gains less than {@link stealGainMsMin}, or where everything is on its way already.
 */
export function planSteal(victim: StealVictim, thief: StealThief, pieceBytes: number): StealPlan | undefined {
  const aheadMs = victim.leftMs - thief.startMs;
  if (aheadMs <= 0) return undefined;
  const both = victim.rate + thief.rate;
  const gainMs = (aheadMs * thief.rate) / both;
  if (gainMs < stealGainMsMin) return undefined;
  const onItsWay = (victim.rate * victim.latencyMs) / 1000;
  const lowest = victim.position + onItsWay;
  const wished = victim.end - (thief.rate * victim.rate * aheadMs) / 1000 / both;
  const room = { start: Math.ceil(Math.max(lowest, victim.position)), end: victim.end };
  if (room.end - room.start < stealBytesMin) return undefined;
  // A cut at a piece boundary keeps the piece whole for its hash; it may shift the end by a tenth of the gain.
  const slack = (gainMs / 10) * (both / 1000);
  const cut = alignCut(Math.max(wished, room.start), room, pieceBytes, slack);
  if (victim.end - cut < stealBytesMin) return undefined;
  return { cut, gainMs };
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
