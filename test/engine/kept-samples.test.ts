import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { sampleAt, sampleLimits } from '../../src/core/sample-plan.js';
import { KeptSamples } from '../../src/engine/kept-samples.js';
import type { SamplePoint } from '../../src/engine/sample-lane.js';
import { randomBytesOf } from '../support/random-bytes.js';

const { stretchBytes } = sampleLimits;
const sizeBytes = 100 * stretchBytes + 77;
const file = randomBytesOf(sizeBytes, 3);
const phases = [1000, 60_000];
const [one, other] = [0 as SourceId, 1 as SourceId];

function pointOf(stretch: number, deliverer: SourceId): SamplePoint {
  return {
    ...sampleAt(stretch, phases[deliverer] ?? 0, sizeBytes),
    stretch,
    deliverer,
    isStale: false,
    awaited: 1,
  };
}

const make = (): KeptSamples => new KeptSamples(sizeBytes, (source) => phases[source] ?? 0);

describe('samples that are kept as they arrive', () => {
  it('are the bytes at the points of whoever brought them, the short end of the file included', () => {
    const kept = make();
    for (let at = 0; at < sizeBytes; at += 1_000_003) {
      kept.note(file.subarray(at, Math.min(sizeBytes, at + 1_000_003)), at, one);
    }
    const found = Array.from({ length: 101 }, (_, i) => pointOf(i, one)).map((point) => ({
      point,
      at: kept.textAt(point),
    }));
    for (const { point, at } of found) {
      if (at !== undefined) expect(at).toBe(file.toString('latin1', point.start, point.end));
    }
    // Only those on the boundary of two writes are missing.
    expect(found.filter(({ at }) => at === undefined).length).toBeLessThanOrEqual(1);
    expect(found.at(-1)?.at).toBeDefined();
  });

  it('are not those of somebody else, nor of another place in the stretch', () => {
    const kept = make();
    kept.note(file.subarray(0, stretchBytes), 0, one);
    expect(kept.textAt(pointOf(0, other))).toBeUndefined();
    expect(kept.textAt({ ...pointOf(0, one), start: 0, end: 16 })).toBeUndefined();
    expect(kept.textAt(pointOf(0, one))).toBeDefined();
  });

  it('are gone where bytes were taken out of the file', () => {
    const kept = make();
    kept.note(file, 0, one);
    kept.forget(0, 10);
    expect(kept.textAt(pointOf(0, one))).toBeUndefined();
    expect(kept.textAt(pointOf(99, one))).toBeDefined();
  });
});
