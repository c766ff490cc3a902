import { expect, test } from 'vitest';

import { serverLines } from '../../../src/cli/daemon/queue-lines.js';

test('one of a kind is said in the singular', () => {
  const server = { origin: 'http://a', bytes: 5, meanSpeedBytesPerSec: 0, downloads: 1, faults: 1 };
  const lines = serverLines([
    { ...server, lastSeenAtMs: 0 },
    { ...server, downloads: 2, faults: 0, lastSeenAtMs: 0 },
  ]);
  expect(lines[0]).toMatch(/ {2}1 download +1 fault$/);
  expect(lines[1]).toMatch(/ {2}2 downloads +0 faults$/);
});
