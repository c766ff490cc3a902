import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotHeap } from '../../src/core/slot-heap.js';

const step = fc.record({ slot: fc.nat(15), key: fc.option(fc.nat(100), { nil: undefined }) });

test('gives the slots in the order of their keys, whatever was put in, changed and taken out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.nat(20), fc.nat(120), (steps, count, most) => {
      const heap = new SlotHeap();
      const naive = new Map<number, number>();
      for (const { slot, key } of steps) {
        if (key === undefined) {
          heap.delete(slot);
          naive.delete(slot);
        } else {
          heap.set(slot, key);
          naive.set(slot, key);
        }
        expect(heap.size).toBe(naive.size);
        expect(heap.has(slot)).toBe(naive.has(slot));
      }
      const keys = [...naive.values()].sort((a, b) => a - b);
      expect(heap.smallest(count, most).map((slot) => naive.get(slot))).toEqual(
        keys.filter((key) => key <= most).slice(0, count),
      );
      const drained: (number | undefined)[] = [];
      for (let slot = heap.first(); slot >= 0; slot = heap.first()) {
        expect(heap.keyOf(slot)).toBe(naive.get(slot));
        drained.push(naive.get(slot));
        heap.delete(slot);
      }
      expect(drained).toEqual(keys);
    }),
  );
});
