/** A round trip from which on slow start costs more than connections do: as many of them as these fit into one. */
const rampMsPerConnection = 10;
const rampConnectionsMax = 8;
const rampMsMin = 30;
/** All sources together: many of them are as good as many connections to few, and buffers add up. */
const rampConnectionsInAll = 32;
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
export function rampConnections(rttMs: number, shareBytes: number, sources: number): number {
  if (rttMs < rampMsMin) return 1;
  const affordable = Math.floor((shareBytes * rampHeldShareMax) / heldBytes);
  const inAll = Math.ceil(rampConnectionsInAll / Math.max(1, sources));
  return Math.max(1, Math.min(rampConnectionsMax, Math.round(rttMs / rampMsPerConnection), affordable, inAll));
}

/** As many connections to a source as were worth having, with what they held back, as time. */
export interface Worth {
  readonly count: number;
  readonly latencyMs: number;
}
