import type { GrowthView } from './growth-view.js';

/** A round trip from which on slow start costs more than connections do: as many of them as these fit into one. */
const rampMsPerConnection = 10;
const rampMsMin = 30;
/** To one source, and all sources together: many of them are as good as many connections to few, and buffers add up. */
const rampMax = { each: 16, all: 64 };
/** Where somebody reads along, what all but a few of them bring first is wanted last. */
const rampMaxOfRead = { each: 8, all: 32 };
/** What a connection to a slow link holds back. */
const heldBytes = 64 * 1024;
/** Nothing is known of a source's speed then: what these connections hold back may be this share of its part. */
const rampHeldShareMax = 0.05;

/**
 * How many connections a source so far away is to have before anything is known of its speed: slow start takes less
 * where several windows open side by side.
 *
 * @param shareBytes What one source has to deliver in the mean.
 */
export function rampConnections(
  rttMs: number,
  shareBytes: number,
  { sources, reading }: Pick<GrowthView, 'sources' | 'reading'>,
): number {
  if (rttMs < rampMsMin) return 1;
  const most = reading.isOn ? rampMaxOfRead : rampMax;
  const affordable = Math.floor((shareBytes * rampHeldShareMax) / heldBytes);
  const inAll = Math.ceil(most.all / Math.max(1, sources));
  return Math.max(1, Math.min(most.each, Math.round(rttMs / rampMsPerConnection), affordable, inAll));
}

/** As many connections to a source as were worth having, with what they held back, as time. */
export interface Worth {
  readonly count: number;
  readonly latencyMs: number;
}
