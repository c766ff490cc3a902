import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignCut, planSteal, stealBytesMin, stealGainMsMin } from '../../src/core/split.js';

const mib = 1024 * 1024;
const noHedge = { bytes: 0, bytesPerMs: 0 };

function victimOf(owedBytes: number, rate: number, committedBytes = 0): Parameters<typeof planSteal>[0] {
  return { owedBytes, committedBytes, rate, leftMs: (owedBytes / rate) * 1000 };
}

describe('a steal', () => {
  test('between equals takes half of what is left, less what the thief needs to start', () => {
    const plan = planSteal(victimOf(10 * mib, mib), { rate: mib, startMs: 1000 }, noHedge);
    expect(plan?.bytes).toBe(4.5 * mib);
    expect(plan?.gainMs).toBe(4500);
  });

  test('lets both end together, whatever their speeds', () => {
    const speed = fc.integer({ min: 20_000, max: 100 * mib });
    fc.assert(
      fc.property(speed, speed, fc.integer({ min: 0, max: 500 }), (slow, fast, startMs) => {
        const victim = victimOf(slow * 30, slow);
        const plan = planSteal(victim, { rate: fast, startMs }, noHedge);
        if (plan === undefined) return;
        const thiefEndsMs = startMs + (plan.bytes / fast) * 1000;
        const victimEndsMs = victim.leftMs - (plan.bytes / slow) * 1000;
        const takesAll = plan.bytes === victim.owedBytes;
        expect(takesAll || Math.abs(thiefEndsMs - victimEndsMs) < 1).toBe(true);
        expect(plan.gainMs).toBeGreaterThanOrEqual(stealGainMsMin);
        expect(plan.wasteBytes).toBe(0);
      }),
    );
  });

  test('is left alone where the victim ends no later than the thief could begin', () => {
    expect(planSteal(victimOf(mib, mib), { rate: mib, startMs: 1000 }, noHedge)).toBeUndefined();
  });

  test('is left alone where it gains next to nothing', () => {
    expect(planSteal(victimOf(mib, mib), { rate: 1000, startMs: 0 }, noHedge)).toBeUndefined();
  });

  test('leaves what is on its way, where nothing may be fetched twice', () => {
    const plan = planSteal(victimOf(mib, mib, 0.9 * mib), { rate: 10 * mib, startMs: 10 }, noHedge);
    expect(plan?.bytes).toBe(Math.floor(mib - 0.9 * mib));
    expect(planSteal(victimOf(mib, mib, mib), { rate: 10 * mib, startMs: 10 }, noHedge)).toBeUndefined();
  });

  test('takes what is on its way too where the budget allows it: a hedge', () => {
    const plan = planSteal(victimOf(mib, mib, mib), { rate: 10 * mib, startMs: 10 }, { bytes: mib, bytesPerMs: 0 });
    expect(plan?.bytes).toBeGreaterThan(0.8 * mib);
    expect(plan?.wasteBytes).toBe(plan?.bytes);
  });

  test('hedges beyond the budget where the gain is worth the bytes', () => {
    const victim = victimOf(mib, mib / 10, mib);
    const priced = (bytesPerMs: number): unknown =>
      planSteal(victim, { rate: 10 * mib, startMs: 10 }, { bytes: 0, bytesPerMs });
    expect(priced(1)).toBeUndefined();
    expect(priced(1000)).toBeDefined();
  });

  test('nobody waits for a trickle: a rest that is not worth a request is taken whole', () => {
    const plan = planSteal(victimOf(stealBytesMin / 2, 1000, stealBytesMin), { rate: mib, startMs: 10 }, noHedge);
    expect(plan?.bytes).toBe(stealBytesMin / 2);
  });

  test('never takes more than is owed, also from one that is late', () => {
    const late = { owedBytes: 100_000, committedBytes: 0, rate: mib, leftMs: 5000 };
    expect(planSteal(late, { rate: mib, startMs: 10 }, noHedge)?.bytes).toBe(100_000);
  });
});

describe('a cut', () => {
  const room = { start: 0, end: 10 * mib };

  test('goes to a piece boundary that is near enough', () => {
    expect(alignCut(3 * mib + 1000, room, mib, 2000)).toBe(3 * mib);
  });

  test('else to a multiple of 16 KiB', () => {
    expect(alignCut(3.5 * mib + 5, room, mib, 2000)).toBe(3.5 * mib);
  });

  test('is not moved out of the room, where a boundary is nearer before it', () => {
    const behind = { start: 3.5 * mib + 5, end: 10 * mib };
    expect(alignCut(3.5 * mib + 6, behind, mib, 2000)).toBe(3.5 * mib + 16 * 1024);
    expect(alignCut(3.5 * mib + 6, behind, mib, mib)).toBe(4 * mib);
  });

  test('else to a whole byte within the room', () => {
    expect(alignCut(100.4, { start: 50, end: 200 }, mib, 10)).toBe(100);
    expect(alignCut(300, { start: 50, end: 200 }, mib, 10)).toBe(200);
  });
});
