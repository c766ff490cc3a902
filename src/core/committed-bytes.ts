import type { LaneBoard } from './lane-board.js';
import type { Lane } from './lane.js';

/** Queues grow between a probe and a trim: so much more than the last one said is taken to be on its way. */
const latencyMargin = 1.15;
/** Where nobody waits for a part, it is better to leave too much where it is than to have it sent twice. */
const patientMargin = 1.3;
/** A server's kernel takes at once what it is asked for: so much, or what the connection brings in this time and a little. */
const bufferBytesMax = 128 * 1024;
const bufferBytesMin = 16 * 1024;
const bufferMs = 500;

/**
 * What is on its way to a connection at `nowMs`, or will be by the time that its server hears of a trim: the first bytes that it owes.
 * It can only be fetched twice.
 *
 * @param isRead Somebody reads along: nearly right and soon is better than never twice.
 */
export function committedBytes(board: LaneBoard, lane: Lane, nowMs: number, isRead: boolean): number {
  const rate = board.rateOf(lane);
  const byTime = (rate * (lane.latencyMs * latencyMargin + lane.unreportedMs(nowMs))) / 1000;
  const buffered = Math.min(bufferBytesMax, bufferBytesMin + (rate * bufferMs) / 1000);
  // Where a connection slows down, what fills its buffers stays as much, and only takes longer.
  const sent = isRead ? byTime : Math.max(patientMargin * byTime, lane.pipeBytes, buffered);
  // But no more than its server was asked for.
  return Math.min(sent, lane.askedBytes);
}
