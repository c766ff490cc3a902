import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Lane, type Segment } from '../../src/core/lane.js';
import { OrderBook } from '../../src/core/order-book.js';
import type { LaneTraits } from '../../src/core/scheduler-messages.js';

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

describe('where a request cannot be cut short', () => {
  const traits: LaneTraits = { canTrim: false, ranges: true };
  const part = 64 * 1024;

  test('what others took of it comes all the same, and only then what it is asked for next', () => {
    const book = new OrderBook([]);
    const lane = new Lane(1 as ConnectionId, 1 as SourceId, rttMs, 0, traits);
    book.board.add(lane, 0);
    const [first, taken] = [0, part].map((start) => book.request(lane, start, start + part, undefined, 'test'));
    if (first === undefined || taken === undefined) throw new Error('nothing was asked for');
    // 64 KiB a second: a tenth of the first is still to come, so that the second is asked for.
    for (let nowMs = 10; nowMs <= 900; nowMs += 10) lane.arrived(first, (part * nowMs) / 1000, nowMs);
    if (!taken.isAsked) lane.asked(taken, 900);
    const rate = lane.rate ?? 0;
    const wholeMs = lane.endAtMs(900, rate);
    expect(wholeMs).toBeGreaterThan(1800);
    lane.trimmed(taken, taken.start, 900);
    expect(lane.strayUntilMs()).toBeCloseTo(wholeMs, 0);
    lane.ended(taken, 900);
    expect(lane.strayUntilMs()).toBeCloseTo(wholeMs, 0);
    book.request(lane, 10 * mib, 10 * mib + 1024, undefined, 'test');
    expect(lane.endAtMs(900, rate)).toBeGreaterThan(wholeMs);
  });
});

describe('a connection of which all was taken before a byte came', () => {
  test('is silent from when it was asked first, not again from when it is given other work', () => {
    const { book, lane, segment } = asked();
    book.nowMs = 400;
    book.trim(lane, segment, 0, 'taken');
    book.request(lane, 2 * mib, 3 * mib, undefined, 'test');
    expect(lane.silentMs(700)).toBe(700);
    expect(lane.silentMs(700)).toBeGreaterThan(lane.stallMs);
  });

  test('begins anew where its server has said that it ended it', () => {
    const { book, lane, segment } = asked();
    book.nowMs = 400;
    book.trim(lane, segment, 0, 'taken');
    lane.ended(segment, 400);
    book.request(lane, 2 * mib, 3 * mib, undefined, 'test');
    expect(lane.silentMs(700)).toBe(300);
  });
});
