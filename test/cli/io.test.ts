import { expect, test } from 'vitest';

import { toldOnStderr } from '../../src/cli/io.js';
import { memoryIo } from '../support/cli-streams.js';

test('who tells on standard error learns as soon as everybody else that it is in the background', () => {
  const io = memoryIo();
  const told = toldOnStderr(io);
  expect([told.stdout, told.foreground]).toEqual([io.stderr, true]);
  io.isForeground = false;
  expect(told.foreground).toBe(false);
});
