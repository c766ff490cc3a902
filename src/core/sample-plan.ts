/**
 * Where two sources are compared, when no hash can be had: one point in every stretch of the file.
 *
 * Why a grid and not random blocks: what is changed is a run of bytes somewhere. A grid with the same distance
 * everywhere and a random first point meets a run of L bytes with certainty where L is at least the distance, and with
 * L / distance otherwise; as many points thrown at random would miss a run of one distance in 37% of all cases (1/e).
 * Each source's bytes are sampled on a grid of their own, so that what a source is asked about others says nothing of
 * where its own bytes will be looked at.
 */

export const sampleLimits = {
  /** From one point to the next. */
  stretchBytes: 64 * 1024,
  /** Compared at each point. */
  sampleBytes: 16,
  /** What samples may cost, requests and answers, of the file's size. */
  costShareMax: 0.0096,
  /** And in any case this much. */
  costBytesMin: 64 * 1024,
  /** And of what each source delivered so many points are compared, whatever that costs: nobody goes unseen. */
  pointsMin: 8,
  /** One sample in an answer of many parts, as it is expected before any was seen. */
  sampleCostBytes: 165,
  /** Sources that are asked about one point, at the most. */
  othersMax: 3,
} as const;

/** Number of stretches of a file. */
export function stretchCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / sampleLimits.stretchBytes);
}

/** The distance of a source's points from the starts of their stretches, from a random number in [0, 1). */
export function gridPhase(random: number): number {
  return Math.floor(random * (sampleLimits.stretchBytes - sampleLimits.sampleBytes));
}

/** The sample of the stretch for the grid of this phase; in a last stretch that is too short for it, its end. */
export function sampleAt(stretch: number, phase: number, sizeBytes: number): { start: number; end: number } {
  const first = stretch * sampleLimits.stretchBytes;
  const end = Math.min(sizeBytes, first + phase + sampleLimits.sampleBytes);
  return { start: Math.max(first, Math.min(first + phase, sizeBytes - sampleLimits.sampleBytes)), end };
}

/** How many others are asked about each point, so that all points together stay within the cost. */
export function othersPerPoint(sources: number, sampleCostBytes: number): number {
  const affordable = Math.floor((sampleLimits.stretchBytes * sampleLimits.costShareMax) / sampleCostBytes);
  return Math.max(1, Math.min(sources - 1, affordable, sampleLimits.othersMax));
}

/** The probability that a run of `bytes` changed bytes was met, with `compared` of `all` stretches compared. */
export function chanceToMeet(bytes: number, compared: number, all: number): number {
  if (all === 0) return 1;
  return Math.min(1, bytes / sampleLimits.stretchBytes) * Math.min(1, compared / all);
}
