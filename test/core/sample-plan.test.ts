import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chanceToMeet,
  gridPhase,
  othersPerPoint,
  sampleAt,
  sampleLimits,
  stretchCount,
} from '../../src/core/sample-plan.js';

const { stretchBytes, sampleBytes } = sampleLimits;

describe('the grid of samples', () => {
  it('meets every run of one stretch, wherever it begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 40 }),
        fc.integer({ min: 0, max: stretchBytes - 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (stretches, over, phase, where) => {
          const size = stretches * stretchBytes + over;
          const start = Math.floor(where * (size - stretchBytes));
          const samples = Array.from({ length: stretchCount(size) }, (_, i) => sampleAt(i, gridPhase(phase), size));
          return samples.some((s) => s.start < start + stretchBytes && s.end > start);
        },
      ),
    );
  });

  it('has samples within the file, each in its stretch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 * stretchBytes }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (size, random) => {
          for (let i = 0; i < stretchCount(size); i += 1) {
            const { start, end } = sampleAt(i, gridPhase(random), size);
            expect(start).toBeGreaterThanOrEqual(i * stretchBytes);
            expect(end).toBeLessThanOrEqual(size);
            expect(end - start).toBeGreaterThan(0);
            expect(end - start).toBeLessThanOrEqual(sampleBytes);
          }
        },
      ),
    );
  });

  it('asks all of four sources, and fewer where each answer costs more', () => {
    expect(othersPerPoint(4, sampleLimits.sampleCostBytes)).toBe(3);
    expect(othersPerPoint(2, sampleLimits.sampleCostBytes)).toBe(1);
    expect(othersPerPoint(4, 600)).toBe(1);
  });

  it('says how likely it is to meet a change', () => {
    expect(chanceToMeet(stretchBytes, 10, 10)).toBe(1);
    expect(chanceToMeet(stretchBytes / 2, 10, 10)).toBe(0.5);
    expect(chanceToMeet(stretchBytes, 5, 10)).toBe(0.5);
  });
});
