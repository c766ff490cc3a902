import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DaemonClient } from '../../src/daemon/client.js';
import { stateFolder } from '../../src/daemon/state-folder.js';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { commandPath } from '../support/command-path.js';

/** The daemon as users have it, in a process of its own that can be killed. */
const downloads = 6;
const sizeBytes = 2_000_000;
const kills = 4;

let lab: DownloadLab;
let fleet: LabFleet;
let contents: Buffer[];
let running: ChildProcess | undefined;

beforeEach(async () => {
  lab = await DownloadLab.create();
  const files = Array.from({ length: downloads }, (_, n) => lab.file(`file-${n}.bin`, sizeBytes, n + 1));
  contents = files.map((file) => file.bytes);
  fleet = await lab.serve(
    files.map((file) => file.path),
    { rateLimits: [500_000, 500_000, 500_000] },
  );
});

afterEach(async () => {
  await kill();
  await lab[Symbol.asyncDispose]();
});

async function kill(): Promise<void> {
  if (running === undefined) return;
  const ended = once(running, 'exit');
  running.kill('SIGKILL');
  await ended;
  running = undefined;
}

async function start(): Promise<DaemonClient> {
  const env = { ...process.env, MANYGET_STATE: lab.path('state') };
  running = spawn(
    process.execPath,
    [commandPath, 'daemon', '-p', '0', '-d', lab.path('out'), '-j', String(downloads)],
    {
      env,
      stdio: 'ignore',
    },
  );
  const find = () => DaemonClient.find(stateFolder(env));
  await expect.poll(find, { timeout: 10_000 }).toBeDefined();
  const client = await find();
  if (client === undefined) throw new Error('the daemon went away');
  return client;
}

test(
  'a daemon that is killed again and again brings every file, and hardly a byte twice',
  { timeout: 90_000 },
  async () => {
    let client = await start();
    for (let n = 0; n < downloads; n += 1) {
      await client.add({ sources: fleet.urls(`file-${n}.bin`), options: {} });
    }
    const done = async (): Promise<number> =>
      (await client.list()).reduce((sum, item) => sum + (item.phase === 'resuming' ? 0 : item.doneBytes), 0);
    for (let round = 1; round <= kills; round += 1) {
      const goal = (downloads * sizeBytes * round) / (kills + 2);
      await expect.poll(done, { timeout: 30_000, interval: 50 }).toBeGreaterThan(goal);
      await kill();
      client = await start();
    }
    const states = async (): Promise<string[]> => (await client.list()).map((item) => item.state);
    await expect.poll(states, { timeout: 60_000 }).toEqual(contents.map(() => 'complete'));
    const right = contents.map((bytes, n) => bytes.equals(readFileSync(join(lab.path('out'), `file-${n}.bin`))));
    expect(right).toEqual(contents.map(() => true));
    const sent = fleet.handle.snapshot().servers.reduce((sum, server) => sum + server.sentBytes, 0);
    // A kill costs what the servers send in a second, at the most.
    expect(sent - downloads * sizeBytes).toBeLessThan(kills * 1_500_000);
  },
);

test('a fleet comes back after kill -9, on its ports, what was closed still closed', { timeout: 30_000 }, async () => {
  const client = await start();
  const added = await client.addFleet({ paths: [lab.path('served', 'file-0.bin')], ports: [0, 0] });
  await client.steerFleet('close', added.id, 2);
  await kill();
  const next = await start();
  await expect.poll(async () => (await next.fleets())[0]?.state).toBe('running');
  const [back] = await next.fleets();
  expect(back?.servers.map(({ port, state }) => [port, state])).toEqual([
    [added.servers[0]?.port, 'alive'],
    [added.servers[1]?.port, 'closed'],
  ]);
});
