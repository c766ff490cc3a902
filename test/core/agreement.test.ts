import { describe, expect, test } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { agree, type SourceClaim } from '../../src/core/agreement.js';

function claim(source: number, contentId: string | undefined, sizeBytes = 100): SourceClaim {
  return { source: source as SourceId, sizeBytes, contentId };
}

function chosenOf(claims: readonly SourceClaim[], known?: Parameters<typeof agree>[1]): readonly number[] | string {
  const agreement = agree(claims, known);
  return agreement.kind === 'chosen' ? [...agreement.chosen.sources].sort((a, b) => a - b) : agreement.kind;
}

describe('agreement of sources', () => {
  test('without a claim there is none', () => {
    expect(agree([])).toEqual({ kind: 'none' });
  });

  test('the majority is chosen and the others are named', () => {
    const agreement = agree([claim(0, 'a'), claim(1, 'b'), claim(2, 'a')]);
    expect(agreement).toEqual({
      kind: 'chosen',
      chosen: { sizeBytes: 100, contentId: 'a', sources: [0, 2] },
      others: [{ sizeBytes: 100, contentId: 'b', sources: [1] }],
    });
  });

  test('one against one is a tie', () => {
    expect(chosenOf([claim(0, 'a'), claim(1, 'b')])).toBe('tie');
    expect(chosenOf([claim(0, undefined, 10), claim(1, undefined, 20)])).toBe('tie');
  });

  test('what an earlier run holds bytes of wins, also against a majority and in a tie', () => {
    const known = { sizeBytes: 100, contentId: 'b' };
    expect(chosenOf([claim(0, 'a'), claim(1, 'b'), claim(2, 'a')], known)).toEqual([1]);
    expect(chosenOf([claim(0, 'a'), claim(1, 'b')], known)).toEqual([1]);
  });

  test('where nobody has what the earlier run holds, the majority is chosen', () => {
    const known = { sizeBytes: 77, contentId: 'z' };
    expect(chosenOf([claim(0, 'a'), claim(1, 'a'), claim(2, 'b')], known)).toEqual([0, 1]);
  });

  test('an earlier run that knew only the size is matched by size', () => {
    const known = { sizeBytes: 200, contentId: undefined };
    expect(chosenOf([claim(0, 'a'), claim(1, 'a'), claim(2, 'b', 200)], known)).toEqual([2]);
  });

  test('a source that has not hashed yet counts with the largest group of its size', () => {
    expect(chosenOf([claim(0, undefined), claim(1, 'b'), claim(2, 'a'), claim(3, 'a')])).toEqual([0, 2, 3]);
    expect(chosenOf([claim(0, undefined, 5), claim(1, 'a'), claim(2, 'a')])).toEqual([1, 2]);
  });

  test('sizes that differ are different files, whatever the content id says', () => {
    expect(chosenOf([claim(0, 'a', 10), claim(1, 'a', 20), claim(2, 'a', 20)])).toEqual([1, 2]);
  });
});
