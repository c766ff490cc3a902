import { expect, test } from 'vitest';

import type { FleetItem } from '../../../src/base/fleet-snapshot.js';
import { runFleetCommand } from '../../../src/cli/daemon/run-fleet-command.js';
import type { DaemonClient } from '../../../src/daemon/client.js';
import { memoryIo } from '../../support/cli-streams.js';

/** A fleet of so many servers, as the daemon tells of it. */
function fleetOf(servers: number): FleetItem {
  return {
    id: 1,
    state: 'running',
    error: undefined,
    paths: ['/srv/a\u001b[2J.bin'],
    host: '127.0.0.1',
    hasToken: false,
    servers: Array.from({ length: servers }, (_, i) => ({
      number: i + 1,
      host: '127.0.0.1',
      port: 9001 + i,
      state: 'alive',
      note: '',
      clients: 0,
      sentBytes: 0,
      speedBytesPerSec: 0,
    })),
    files: [],
    addedAtMs: 0,
  };
}

async function listed(json: boolean, fleets: FleetItem[]): Promise<string> {
  const io = memoryIo();
  const client = { fleets: () => Promise.resolve(fleets) } as unknown as DaemonClient;
  expect(await runFleetCommand({ kind: 'fleet-ls', json }, client, io)).toBe(0);
  return io.stdout.text;
}

test('JSON of fleets is whole, however many servers there are', async () => {
  const fleets = [fleetOf(256)];
  expect(JSON.parse(await listed(true, fleets))).toEqual(JSON.parse(JSON.stringify(fleets)));
});

test('names of files cannot move the cursor', async () => {
  const text = await listed(false, [fleetOf(2)]);
  expect(text).toContain('\\u{1b}[2J');
  expect(text).not.toContain('\u001b');
});
