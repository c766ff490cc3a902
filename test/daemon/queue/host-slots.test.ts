import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostSlots, type HostGate } from '../../../src/daemon/queue/host-slots.js';

function slotsOf(limit: number | undefined): HostSlots {
  const slots = new HostSlots();
  slots.setLimit(limit?.toString());
  return slots;
}

/** How many it gets when it asks again and again. */
function takeAll(gate: HostGate, host = 'a:1', most = 20): number {
  let taken = 0;
  while (taken < most && gate.take(host)) taken += 1;
  return taken;
}

function giveBack(gate: HostGate, host = 'a:1'): number {
  const surplus = gate.surplus(host);
  for (let n = 0; n < surplus; n += 1) gate.release(host);
  return surplus;
}

describe('connections of a host', () => {
  test('are all for the one who is alone, and without a limit for everybody', () => {
    expect(takeAll(slotsOf(6).open())).toBe(6);
    expect(takeAll(slotsOf(undefined).open())).toBe(20);
  });

  test('are shared in equal parts as soon as a second one wants some', () => {
    const slots = slotsOf(6);
    const [first, second] = [slots.open(), slots.open()];
    expect(takeAll(first)).toBe(6);
    expect(first.surplus('a:1')).toBe(0);
    expect(takeAll(second)).toBe(0);
    expect(giveBack(first)).toBe(3);
    expect(takeAll(second)).toBe(3);
    expect([first.surplus('a:1'), second.surplus('a:1')]).toEqual([0, 0]);
  });

  test('go to the others when a download has ended', () => {
    const slots = slotsOf(4);
    const [first, second] = [slots.open(), slots.open()];
    takeAll(first);
    takeAll(second);
    giveBack(first);
    expect(takeAll(second)).toBe(2);
    first.close();
    expect(takeAll(second)).toBe(2);
  });

  test('are for the first ones where there are fewer than downloads', () => {
    const slots = slotsOf(2);
    const gates = [slots.open(), slots.open(), slots.open()];
    const taken = gates.map((gate) => takeAll(gate));
    expect(taken[0]).toBe(2);
    giveBack(gates[0] as HostGate);
    expect(gates.map((gate) => takeAll(gate))).toEqual([0, 1, 0]);
    expect(gates.map((gate) => gate.surplus('a:1'))).toEqual([0, 0, 0]);
    gates[0]?.close();
    expect(takeAll(gates[2] as HostGate)).toBe(1);
  });

  test('of a lower limit are given up, and each host counts for itself', () => {
    const slots = slotsOf(8);
    const gate = slots.open();
    expect([takeAll(gate, 'a:1'), takeAll(gate, 'b:1')]).toEqual([8, 8]);
    slots.setLimit('2');
    expect([giveBack(gate, 'a:1'), giveBack(gate, 'b:1')]).toEqual([6, 6]);
    expect(takeAll(gate)).toBe(0);
  });

  test('of a download that rests are for the others', () => {
    const slots = slotsOf(4);
    const [first, second] = [slots.open(), slots.open()];
    takeAll(first);
    first.rest(true);
    expect(first.surplus('a:1')).toBe(0);
    expect(takeAll(second)).toBe(0);
    expect(giveBack(first)).toBe(4);
    expect(takeAll(second)).toBe(4);
    first.rest(false);
    expect(takeAll(first)).toBe(0);
    expect(giveBack(second)).toBe(2);
    expect(takeAll(first)).toBe(2);
  });

  test('are never more than the limit, whatever downloads do', () => {
    const step = fc.record({
      gate: fc.nat(4),
      act: fc.constantFrom('take', 'release', 'give', 'rest', 'wake', 'close'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const slots = slotsOf(limit);
        const gates = Array.from({ length: 5 }, () => slots.open());
        const taken = gates.map(() => 0);
        for (const { gate: index, act } of steps) {
          const gate = gates[index] as HostGate;
          const had = taken[index] ?? 0;
          if (act === 'take') taken[index] = had + (gate.take('a:1') ? 1 : 0);
          else if (act === 'release' && had > 0) {
            gate.release('a:1');
            taken[index] = had - 1;
          } else if (act === 'give') taken[index] = had - giveBack(gate);
          else if (act === 'close') {
            gate.close();
            taken[index] = 0;
          } else if (act === 'rest' || act === 'wake') gate.rest(act === 'rest');
          expect(taken.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(limit);
          expect(Math.min(...taken)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
