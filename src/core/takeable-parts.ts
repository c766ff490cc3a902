import type { Lane, Segment } from './lane.js';

/** From a lane with more segments than these the longest are taken, and so many of them at once. */
const segmentsMany = 6;
const stealSegmentsMax = 3;

/** A segment, and how many whole bytes of its end are not on their way to its holder, or may come twice. */
export interface TakeablePart {
  readonly segment: Segment;
  readonly takeable: number;
}

/**
 * What a thief takes of, in order: the victim's last segments; where it has many, the longest, so that small ones are
 * not handed round for ever. The first bytes that the victim owes are on their way and stay with it.
 */
export function takeableParts(victim: Lane, committedBytes: number): TakeablePart[] {
  let kept = committedBytes;
  const out: TakeablePart[] = [];
  for (const segment of victim.segments) {
    const owed = Math.max(0, segment.end - segment.position);
    const stays = Math.min(Math.max(0, Math.ceil(kept)), owed);
    kept -= stays;
    if (owed > stays) out.push({ segment, takeable: owed - stays });
  }
  if (victim.segments.length <= segmentsMany) return out.reverse();
  return out.sort((a, b) => b.takeable - a.takeable).slice(0, stealSegmentsMax);
}
