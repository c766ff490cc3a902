import { expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Lane } from '../../src/core/lane.js';
import { OrderBook } from '../../src/core/order-book.js';
import { takeableParts } from '../../src/core/takeable-parts.js';

/** A lane that holds segments of so many bytes, one behind the other. */
function laneWith(...sizes: number[]): Lane {
  const book = new OrderBook([]);
  const lane = new Lane(1 as ConnectionId, 1 as SourceId, 20, 0);
  book.board.add(lane, 0);
  let start = 0;
  for (const size of sizes) {
    book.request(lane, start, start + size, undefined, 'test');
    start += size;
  }
  return lane;
}

function taken(lane: Lane, committedBytes: number): { start: number; takeable: number }[] {
  return takeableParts(lane, committedBytes).map(({ segment, takeable }) => ({ start: segment.start, takeable }));
}

test('the last segments come first, and what is on its way stays', () => {
  expect(taken(laneWith(100, 200, 300), 150)).toEqual([
    { start: 300, takeable: 300 },
    { start: 100, takeable: 150 },
  ]);
});

test('what is on its way in part of a byte stays with that byte', () => {
  expect(taken(laneWith(100, 200), 299.3)).toEqual([]);
  expect(taken(laneWith(100, 200), 298.3)).toEqual([{ start: 100, takeable: 1 }]);
});

test('of many segments the three longest come first', () => {
  const lane = laneWith(10, 70, 20, 60, 30, 50, 40);
  expect(taken(lane, 0).map(({ takeable }) => takeable)).toEqual([70, 60, 50]);
});
