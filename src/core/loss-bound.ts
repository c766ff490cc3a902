/**
 * What a connection has on its way, in bytes, where packets that are lost bound it, and no link does: at most what Mathis' formula
 * leaves at a loss of 0.07% (45 packets).
 *
 * @see Mathis, Semke, Mahdavi, Ott: The Macroscopic Behavior of the TCP Congestion Avoidance Algorithm, 1997: 1.22 / sqrt(loss) packets.
 */
const windowBytesMax = 64 * 1024;
/** What a connection holds at the end, when it is asked for a part at a time. */
const heldBytes = 32 * 1024;
/** The time that is left in which that much may come. */
const heldShareMax = 0.1;
/** A trial takes several round trips, and has to pay after that: not with less left than so many, and this much. */
const leftRoundTripsMin = 10;
const leftMsMin = 1000;

/** What is known of a source's connections. */
export interface Measured {
  readonly count: number;
  /** Of all of them together, in bytes a second. */
  readonly rate: number;
  readonly rttMs: number;
}

/**
 * How many connections a source may have whose packets are lost, for all that they hold back in send buffers now: each has a speed of
 * its own there, and what it is asked for at the end is little. 0 where nothing says that it is loss that bounds them, or too little time is left.
 */
export function usefulUnderLoss({ count, rate, rttMs }: Measured, leftMs: number): number {
  const windowBytes = ((rate / Math.max(1, count)) * rttMs) / 1000;
  if (windowBytes >= windowBytesMax || leftMs <= leftRoundTripsMin * rttMs + leftMsMin) return 0;
  return Math.floor((leftMs * heldShareMax * rate) / 1000 / heldBytes);
}
