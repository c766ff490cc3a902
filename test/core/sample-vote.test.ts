import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { voteSample } from '../../src/core/sample-vote.js';

const ids = (...numbers: number[]): SourceId[] => numbers as SourceId[];
const claims = (...values: number[]): { source: SourceId; bytes: Uint8Array }[] =>
  values.map((value, i) => ({ source: i as SourceId, bytes: Uint8Array.of(value) }));
const nobody = new Set<SourceId>();

describe('a vote on what is right at one place', () => {
  it('goes to those who are most', () => {
    expect(voteSample(claims(1, 1, 2, 1), nobody)).toMatchObject({
      kind: 'decided',
      right: { sources: ids(0, 1, 3) },
      wrong: [{ sources: ids(2) }],
    });
  });

  it('is a tie where two groups are equally many', () => {
    expect(voteSample(claims(1, 2), nobody)).toMatchObject({ kind: 'tie' });
    expect(voteSample(claims(1, 2, 2, 1, 3), nobody)).toMatchObject({ kind: 'tie' });
  });

  it('goes to a source that is trusted, against any majority', () => {
    expect(voteSample(claims(1, 2, 2), new Set(ids(0)))).toMatchObject({ kind: 'decided', right: { sources: ids(0) } });
  });

  it('is a tie where two that are trusted differ', () => {
    expect(voteSample(claims(1, 2, 2), new Set(ids(0, 1)))).toMatchObject({ kind: 'tie' });
  });
});
