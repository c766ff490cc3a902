import { afterEach, beforeEach } from 'vitest';

/**
 * Has `end` run when tests of this file end: after each one, and where several run at the same time, after the last of
 * those, so that none takes away what another one still uses.
 */
export function endWithTests(end: () => Promise<void> | void): void {
  let running = 0;
  beforeEach(() => {
    running += 1;
  });
  afterEach(async () => {
    running -= 1;
    if (running === 0) await end();
  });
}
