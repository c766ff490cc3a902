import { expect, it } from 'vitest';
import { RateGate } from '../../src/server/rate-gate.js';

it('lets waiters of one party pass in turn, one frame each', async () => {
  const gate = new RateGate(1_000_000);
  const order: string[] = [];
  const filler = gate.lane('filler');
  // The first frames use up what a new gate has to give, so that all three wait.
  while (filler.pass(30_000, { gateOpened: () => undefined }));
  await Promise.all(
    ['a', 'b', 'c'].map((name) => {
      const lane = gate.lane('party');
      return new Promise<void>((resolve) => {
        let left = 5;
        const waiter = {
          gateOpened: (): void => {
            order.push(name);
            left -= 1;
            if (left === 0) resolve();
            else if (lane.pass(10_000, waiter)) waiter.gateOpened();
          },
        };
        if (lane.pass(10_000, waiter)) waiter.gateOpened();
      });
    }),
  );
  expect(order.slice(0, 12).join('')).toBe('abcabcabcabc');
});

it('forgets who leaves', async () => {
  const gate = new RateGate(1_000_000);
  const opened: string[] = [];
  const gone = gate.lane('gone');
  while (gone.pass(30_000, { gateOpened: () => opened.push('gone') }));
  await new Promise<void>((resolve) => {
    gate.lane('stayed').pass(1000, {
      gateOpened: () => {
        opened.push('stayed');
        resolve();
      },
    });
    gone.close();
  });
  expect(opened).toEqual(['stayed']);
});
