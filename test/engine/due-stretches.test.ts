import { describe, expect, test } from 'vitest';
import type { PieceIndex, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { sampleLimits } from '../../src/core/sample-plan.js';
import { DueStretches } from '../../src/engine/due-stretches.js';

const stretch = sampleLimits.stretchBytes;
const piece = 4 * stretch;
const source = 0 as SourceId;

/** Two and a half pieces. */
function begin(): { ledger: Ledger; due: DueStretches; take: (isEnding?: boolean) => number[][] } {
  const ledger = new Ledger(2.5 * piece, piece);
  const due = new DueStretches(ledger);
  const take = (isEnding = false): number[][] =>
    due.take(isEnding).map(({ start, end }) => [start / stretch, end / stretch]);
  return { ledger, due, take };
}

describe('what is to be compared', () => {
  test('is each piece once, when it is complete', () => {
    const { ledger, take } = begin();
    ledger.receive(0, piece + 2 * stretch, source);
    expect(take()).toEqual([[0, 4]]);
    expect(take()).toEqual([]);
    ledger.receive(piece, 2.5 * piece, source);
    expect(take()).toEqual([
      [4, 8],
      [8, 10],
    ]);
  });

  test('is each stretch that is here at the end, and the rest of its piece later', () => {
    const { ledger, take } = begin();
    ledger.receive(0, stretch, source);
    ledger.receive(2 * stretch, 4 * stretch - 1, source);
    expect(take()).toEqual([]);
    expect(take(true)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(take(true)).toEqual([]);
    ledger.receive(stretch, piece, source);
    expect(take()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('is nothing of which a hash has been seen to be right', () => {
    const { ledger, take } = begin();
    ledger.receive(0, 2.5 * piece, source);
    ledger.verify(1 as PieceIndex);
    expect(take(true)).toEqual([
      [0, 4],
      [8, 10],
    ]);
  });

  test('is compared again where it was missing in between', () => {
    const { ledger, due, take } = begin();
    ledger.receive(0, 2.5 * piece, source);
    take();
    ledger.forget(stretch, stretch + 1);
    due.forget(stretch, stretch + 1);
    expect(take(true)).toEqual([]);
    ledger.receive(stretch, 2 * stretch, source);
    expect(take()).toEqual([[1, 2]]);
  });
});
