import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { fromEarlierRun, Provenance, type Run } from '../../src/core/provenance.js';

const space = 40;
const change = fc.record({
  source: fc.option(fc.nat(2), { nil: undefined }),
  start: fc.nat(space),
  length: fc.nat(14),
});

/** Runs of a list with one entry a byte. */
function runsOf(bytes: readonly (number | undefined)[], from: number, to: number): Run[] {
  const out: { start: number; end: number; source: SourceId }[] = [];
  for (let i = from; i < to; i += 1) {
    const source = bytes[i];
    if (source === undefined) continue;
    const last = out.at(-1);
    if (last?.end === i && last.source === source) last.end = i + 1;
    else out.push({ start: i, end: i + 1, source: source as SourceId });
  }
  return out;
}

test('says of every byte who delivered it last, as a list of bytes would', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat(space), fc.nat(14), (changes, from, length) => {
      const provenance = new Provenance();
      const naive = new Array<number | undefined>(2 * space).fill(undefined);
      for (const { source, start, length: bytes } of changes) {
        if (source === undefined) provenance.clear(start, start + bytes);
        else provenance.set(start, start + bytes, source as SourceId);
        naive.fill(source, start, start + bytes);
      }
      const all = runsOf(naive, 0, 2 * space);
      expect(provenance.within(0, 2 * space)).toEqual(all);
      expect(provenance.count).toBe(all.length);
      expect(provenance.within(from, from + length)).toEqual(runsOf(naive, from, from + length));
      expect(provenance.of(1 as SourceId)).toEqual(all.filter((run) => run.source === 1));
    }),
  );
});

test('neighbours of one source are one run, whatever came between', () => {
  const provenance = new Provenance();
  provenance.set(0, 10, 0 as SourceId);
  provenance.set(20, 30, 0 as SourceId);
  provenance.set(10, 20, fromEarlierRun);
  expect(provenance.count).toBe(3);
  provenance.set(10, 20, 0 as SourceId);
  expect(provenance.within(0, 30)).toEqual([{ start: 0, end: 30, source: 0 }]);
});
