import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Lane } from '../../src/core/lane.js';
import { OrderBook } from '../../src/core/order-book.js';

const MiB = 1024 * 1024;
const rttMs = 100;

/** A book of 100 MiB, of which a measured connection, at 10 MB a second, has the first 8 and has brought 2. */
function bookAt2MiB(): { book: OrderBook; lane: Lane } {
  const book = new OrderBook([{ start: 0, end: 100 * MiB }]);
  const lane = new Lane(1 as ConnectionId, 1 as SourceId, rttMs, 0);
  book.board.add(lane, 0);
  book.free.remove(0, 8 * MiB);
  const segment = book.request(lane, 0, 8 * MiB, undefined, 'test');
  for (let n = 1; n <= 4; n += 1) {
    book.nowMs = rttMs + n * 50;
    lane.arrived(segment, n * (MiB / 2), book.nowMs);
    book.board.refresh(lane, book.nowMs);
  }
  book.takeCommands();
  return { book, lane };
}

describe('a connection that is taken back', () => {
  test('is told to end, and what it may have sent is nobody else’s until it says where it ended', () => {
    const { book, lane } = bookAt2MiB();
    const [segment] = lane.segments;
    book.retire(lane, 'test');
    expect(book.takeCommands()).toMatchObject([{ type: 'trim', end: segment?.end }]);
    expect(segment?.end).toBeLessThan(8 * MiB);
    expect(book.free.bytes).toBe(92 * MiB);
    expect(book.lacks(segment?.end ?? 0, 8 * MiB)).toBe(true);
    expect(book.leftBytes).toBe(98 * MiB);
    expect(book.orders().map(({ start, end }) => ({ start, end }))).toEqual([
      { start: 2 * MiB, end: segment?.end },
      { start: segment?.end, end: 8 * MiB },
    ]);
  });

  test('keeps what came behind its cut; only the rest is free', () => {
    const { book, lane } = bookAt2MiB();
    const [segment] = lane.segments;
    if (segment === undefined) throw new Error('expected a segment');
    book.retire(lane, 'test');
    lane.arrived(segment, 6 * MiB, book.nowMs + 50);
    book.board.refresh(lane, book.nowMs);
    expect(book.settle(segment)).toBe(true);
    expect(book.free.bytes).toBe(94 * MiB);
    expect(book.leftBytes).toBe(94 * MiB);
    expect(book.settle(segment)).toBe(false);
  });

  test('that falls quiet without a word is waited for only so long', () => {
    const { book, lane } = bookAt2MiB();
    book.retire(lane, 'test');
    const from = book.nowMs;
    book.nowMs = from + 2 * lane.latencyMs + 500;
    book.settleOverdue();
    expect(book.free.bytes).toBe(92 * MiB);
    book.nowMs += 1;
    book.settleOverdue();
    expect(book.free.bytes).toBeGreaterThan(92 * MiB);
  });

  test('is closed when nothing of it is left', () => {
    const { book, lane } = bookAt2MiB();
    const [segment] = lane.segments;
    if (segment === undefined) throw new Error('expected a segment');
    book.retire(lane, 'test');
    book.takeCommands();
    expect(book.closeRetired(lane)).toBe(true);
    expect(book.takeCommands()).toEqual([]);
    lane.ended(segment, book.nowMs);
    book.closeRetired(lane);
    expect(book.takeCommands()).toMatchObject([{ type: 'close', connection: 1 }]);
  });
});
