import { expect, test } from 'vitest';
import type { FleetHandle } from '../../../src/base/fleet-handle.js';
import { DaemonFleet } from '../../../src/daemon/fleets/daemon-fleet.js';
import { fleetSnapshot } from '../../support/scripted-fleet.js';

test('a fleet that starts and cannot be kept leaves no servers behind', async () => {
  const done: string[] = [];
  const handle = {
    snapshot: () => fleetSnapshot(),
    stop: () => Promise.resolve(void done.push('stopped')),
  } as unknown as FleetHandle;
  const spec = { paths: ['/a'], ports: [0, 0], host: '127.0.0.1', rateLimits: [], token: undefined, closed: [] };
  const fleet = new DaemonFleet(
    { id: 1, addedAtMs: 0, spec },
    () => Promise.resolve(handle),
    () => {
      throw new Error('the disk is full');
    },
  );
  await expect(fleet.start()).rejects.toThrow('the disk is full');
  expect(done).toEqual(['stopped']);
  expect(fleet.item()).toMatchObject({ state: 'failed', error: { message: 'the disk is full' } });
  expect(fleet.item().servers.map(({ state }) => state)).toEqual(['closed', 'closed']);
});
