import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Lane, type Segment } from '../../src/core/lane.js';
import { OrderBook } from '../../src/core/order-book.js';

const mib = 1024 * 1024;
const rttMs = 40;

/** A lane that was asked for a mebibyte at 0. */
function asked(siblingRate?: () => number | undefined): { book: OrderBook; lane: Lane; segment: Segment } {
  const book = new OrderBook([]);
  const lane = new Lane(1 as ConnectionId, 1 as SourceId, rttMs, 0, undefined, siblingRate);
  book.board.add(lane, 0);
  return { book, lane, segment: book.request(lane, 0, mib, undefined, 'test') };
}

describe('a connection whose first byte is late', () => {
  test('is predicted to be late by as much again, however little it owes', () => {
    const { lane } = asked();
    for (const nowMs of [500, 1000, 2000]) {
      const lateMs = lane.lateMs(nowMs);
      expect(lateMs).toBeGreaterThan(nowMs - rttMs - 100);
      expect(lane.endAtMs(nowMs, 1000 * mib) - nowMs).toBeGreaterThanOrEqual(lateMs);
    }
  });
});

describe('what a stall lasted', () => {
  test('is not taken for the time that an answer takes', () => {
    const { lane, segment } = asked();
    lane.markSuspect();
    lane.arrived(segment, 1000, 3000);
    expect(lane.firstByteMs).toBeLessThanOrEqual(2 * rttMs);
  });

  test('is not taken for the delay of a trim, while a server that always answers late is', () => {
    const { lane, segment } = asked();
    lane.arrived(segment, 1000, rttMs);
    expect(lane.takeProbe(300, 1000)).toBe(true);
    lane.markSuspect();
    lane.answered(3000);
    expect(lane.latencyMs).toBeLessThan(300);
    lane.arrived(segment, 2000, 3001);
    expect(lane.takeProbe(4000, 1000)).toBe(true);
    lane.answered(4500);
    expect(lane.latencyMs).toBe(500);
  });
});

test('a connection that is not measured is expected to be as fast as its siblings are now, not as they were', () => {
  let siblings = 4 * mib;
  const { book, lane } = asked(() => siblings);
  expect(book.board.rateOf(lane)).toBe(4 * mib);
  siblings = mib;
  expect(book.board.rateOf(lane)).toBe(mib);
});
