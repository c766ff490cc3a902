import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { LaneBoard } from '../../src/core/lane-board.js';
import { Lane } from '../../src/core/lane.js';

/** A connection that owes 1,000 bytes. */
function owing(connection: number): Lane {
  const lane = new Lane(connection as ConnectionId, 0 as SourceId, 10, 0);
  lane.asked(
    {
      id: connection,
      start: 0,
      position: 0,
      end: 1000,
      isAsked: false,
      askedAtMs: 0,
      victim: undefined,
      reason: '',
      hedges: 0,
      strayUntilMs: 0,
      taker: undefined,
    },
    0,
  );
  return lane;
}

describe('a connection that is gone', () => {
  test('is neither counted again nor in the way of others when its book changes afterwards', () => {
    const board = new LaneBoard();
    const [gone, other] = [owing(1), owing(2)];
    board.add(gone, 0);
    board.remove(gone);
    board.refresh(gone, 0);
    board.add(other, 5);
    expect(board.owedBytes).toBe(1000);
    expect(board.activeCount).toBe(1);
    expect(board.soonest(9, Infinity)).toEqual([other]);
    expect(board.latest(9)).toEqual([other]);
    expect(board.takeSilent(1000)).toEqual([other]);
  });
});
