import { describe, expect, test } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { TrialGate } from '../../src/core/trial-gate.js';

const mb = 1_000_000;

function source(id: number): SourceId {
  return id as SourceId;
}

/** A gate whose first trial was `agoMs` before `nowMs`. */
function gateAt(nowMs: number, agoMs: number): TrialGate {
  const gate = new TrialGate();
  gate.started(source(0), nowMs - agoMs);
  gate.ended(source(0), true);
  return gate;
}

describe('trials of more connections', () => {
  test('go on while what they gain shows in the sum', () => {
    const gate = gateAt(10_000, 5000);
    for (let n = 0; n < 6; n += 1) {
      const nowMs = 10_000 + n * 500;
      const before = (20 + 2 * n) * mb;
      expect(gate.raisesSum(before + 2 * mb, before, 2 * mb, nowMs)).toBe(true);
      expect(gate.mayTry(source(n), 6, nowMs)).toBe(true);
    }
  });

  test('rest where the gains of several do not show together, though none alone is more than the sum fluctuates by', () => {
    const gate = gateAt(10_000, 5000);
    const gained = 0.3 * mb;
    const results = [0, 1, 2, 3, 4].map((n) => gate.raisesSum(12 * mb, 12 * mb, gained, 10_000 + n * 500));
    expect(results).toEqual([true, true, true, true, false]);
    expect(gate.mayTry(source(1), 8, 12_999)).toBe(false);
    expect(gate.mayTry(source(1), 8, 13_000)).toBe(true);
  });

  test('are not doubted in the first two seconds, in which slow start ends and speed is lost by itself', () => {
    const gate = gateAt(1000, 500);
    for (let n = 0; n < 5; n += 1) {
      expect(gate.raisesSum(12 * mb, 12 * mb, 0.3 * mb, 1000 + n * 250)).toBe(true);
    }
    expect(gate.mayTry(source(1), 8, 2000)).toBe(true);
  });

  test('rest twice as long each time that one only took from the others', () => {
    const gate = new TrialGate();
    for (const [nowMs, restMs] of [
      [0, 1000],
      [10_000, 2000],
      [20_000, 4000],
    ] as const) {
      gate.costOthers(3 * mb, 12 * mb, nowMs);
      expect(gate.mayTry(source(0), 4, nowMs + restMs - 1)).toBe(false);
      expect(gate.mayTry(source(0), 4, nowMs + restMs)).toBe(true);
    }
  });
});

describe('the link', () => {
  test('counts as full through the rest after a trial that took from the others, and ten seconds more', () => {
    const gate = new TrialGate();
    expect(gate.isLinkFull(0)).toBe(false);
    gate.costOthers(3 * mb, 12 * mb, 5000);
    expect(gate.isLinkFull(5000)).toBe(true);
    expect(gate.isLinkFull(15_999)).toBe(true);
    expect(gate.isLinkFull(16_000)).toBe(false);
  });

  test('counts as full where the gains of several trials together do not show', () => {
    const gate = gateAt(10_000, 5000);
    for (let n = 0; n < 4; n += 1) gate.raisesSum(12 * mb, 12 * mb, 0.3 * mb, 10_000 + n * 500);
    expect(gate.isLinkFull(11_500)).toBe(false);
    gate.raisesSum(12 * mb, 12 * mb, 0.3 * mb, 12_000);
    expect(gate.isLinkFull(12_000)).toBe(true);
  });

  test('does not where what was taken is too little to tell', () => {
    const gate = new TrialGate();
    gate.costOthers(0.3 * mb, 12 * mb, 5000);
    expect(gate.isLinkFull(5000)).toBe(false);
    expect(gate.mayTry(source(0), 4, 5000)).toBe(false);
  });

  test('is not full any more once a trial pays', () => {
    const gate = new TrialGate();
    gate.costOthers(3 * mb, 12 * mb, 5000);
    gate.ended(source(0), true);
    expect(gate.isLinkFull(8000)).toBe(false);
  });

  test('has room for a second and a half after a connection came through it without waiting, whatever was thought before', () => {
    const gate = new TrialGate();
    gate.costOthers(3 * mb, 12 * mb, 5000);
    gate.sawRoom(5500);
    expect(gate.isLinkFull(5500)).toBe(false);
    expect(gate.mayTry(source(0), 4, 5500)).toBe(true);
    expect(gate.hasRoom(6999)).toBe(true);
    expect(gate.hasRoom(7000)).toBe(false);
  });
});
