import { expect, it } from 'vitest';
import { RateGate } from '../../src/server/rate-gate.js';

it('lets waiters pass in turn, one frame each', async () => {
  const gate = new RateGate(1_000_000);
  const order: string[] = [];
  await Promise.all(
    ['a', 'b', 'c'].map(
      (name) =>
        new Promise<void>((resolve) => {
          let left = 5;
          const waiter = {
            gateOpened: (): void => {
              order.push(name);
              left -= 1;
              if (left === 0) resolve();
              else if (gate.pass(10_000, waiter)) waiter.gateOpened();
            },
          };
          // The first frames use up what a new gate has to give, so that all three wait.
          while (gate.pass(30_000, waiter)) order.length = 0;
        }),
    ),
  );
  expect(order.slice(0, 12).join('')).toBe('abcabcabcabc');
});

it('forgets who leaves', async () => {
  const gate = new RateGate(1_000_000);
  const opened: string[] = [];
  const gone = { gateOpened: () => opened.push('gone') };
  while (gate.pass(30_000, gone));
  await new Promise<void>((resolve) => {
    gate.pass(1000, {
      gateOpened: () => {
        opened.push('stayed');
        resolve();
      },
    });
    gate.leave(gone);
  });
  expect(opened).toEqual(['stayed']);
});
