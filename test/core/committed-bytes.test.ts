import { expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { committedBytes } from '../../src/core/committed-bytes.js';
import { Lane } from '../../src/core/lane.js';
import { OrderBook } from '../../src/core/order-book.js';

const kib = 1024;
const rttMs = 20;

/** A connection of 64 KiB a second that was asked for `bytes` a second ago. */
function asked(bytes: number): { book: OrderBook; lane: Lane } {
  const book = new OrderBook([]);
  const lane = new Lane(1 as ConnectionId, 1 as SourceId, rttMs, 0);
  book.board.add(lane, 0);
  const segment = book.request(lane, 0, bytes, undefined, 'test');
  for (let nowMs = 50; nowMs <= 1000; nowMs += 50)
    lane.arrived(segment, Math.min(bytes, (64 * kib * nowMs) / 1000), nowMs);
  book.nowMs = 1000;
  book.board.refresh(lane, 1000);
  return { book, lane };
}

test('what a send buffer holds is on its way, however soon a server hears', () => {
  const { book, lane } = asked(1024 * kib);
  // 16 KiB, and half a second of it.
  expect(committedBytes(book.board, lane, 1000, false) / kib).toBeGreaterThanOrEqual(47);
  expect(committedBytes(book.board, lane, 1000, false) / kib).toBeLessThan(60);
});

test('somebody who reads along does not wait for that', () => {
  const { book, lane } = asked(1024 * kib);
  expect(committedBytes(book.board, lane, 1000, true) / kib).toBeLessThan(16);
});

test('no more is on its way than a server was asked for', () => {
  const { book, lane } = asked(74 * kib);
  expect(committedBytes(book.board, lane, 1000, false) / kib).toBeCloseTo(10, 5);
});
