import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FleetItem } from '../../../src/base/fleet-snapshot.js';
import { runFleetCommand } from '../../../src/cli/daemon/run-fleet-command.js';
import type { DaemonCommand } from '../../../src/cli/daemon/daemon-request.js';
import { parseArguments } from '../../../src/cli/program.js';
import { memoryIo } from '../../support/cli-streams.js';
import { startTestDaemon, type TestDaemon } from '../../support/test-daemon.js';
import { TempFolder } from '../../support/test-fleet.js';

let temp: TempFolder;
let one: TestDaemon;

beforeEach(async () => {
  temp = await TempFolder.create();
  await writeFile(temp.join('film.bin'), 'a film');
  one = await startTestDaemon(temp.path);
});

afterEach(async () => {
  await one[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

const states = (fleet: FleetItem | undefined): string[] => (fleet?.servers ?? []).map(({ state }) => state);
const ports = (fleet: FleetItem | undefined): number[] => (fleet?.servers ?? []).map(({ port }) => port);

async function fetched(port: number | undefined): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/film.bin`);
  return response.text();
}

/** What `manyget ...words` prints. */
async function fleet(...words: readonly string[]): Promise<string> {
  const invocation = parseArguments(['fleet', ...words]);
  if (invocation.type !== 'daemon') throw new Error(`${words.join(' ')} is ${invocation.type}`);
  const command: DaemonCommand = invocation.command;
  if (!command.kind.startsWith('fleet-')) throw new Error(`${words.join(' ')} is ${command.kind}`);
  const io = memoryIo();
  await runFleetCommand(command as Parameters<typeof runFleetCommand>[0], one.client, io);
  return io.stdout.text;
}

describe('fleets of the daemon', () => {
  test('serve files, and single servers close and open', async () => {
    const added = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0, 0, 0] });
    expect(states(added)).toEqual(['alive', 'alive', 'alive']);
    const [, second] = ports(added);
    expect(await fetched(second)).toBe('a film');
    expect(states(await one.client.steerFleet('close', added.id, 2))).toEqual(['alive', 'closed', 'alive']);
    await expect(fetched(second)).rejects.toThrow();
    const text = await (await one.ask('/metrics')).text();
    expect(text).toContain(`manyget_fleet_server_up{fleet="1",server="1",port="${ports(added)[0]}"} 1\n`);
    expect(text).toContain(`manyget_fleet_server_up{fleet="1",server="2",port="${second}"} 0\n`);
    expect(text).toMatch(/^manyget_fleet_server_clients\{fleet="1",server="3",port="\d+"\} 0$/m);
    expect(text).toMatch(/^manyget_fleet_server_sent_bytes_total\{fleet="1",server="1",port="\d+"\} \d+$/m);
    const opened = await one.client.steerFleet('open', added.id, 2);
    expect([states(opened), ports(opened)]).toEqual([['alive', 'alive', 'alive'], ports(added)]);
    expect(await fetched(second)).toBe('a film');
  });

  test('that are named twice end once, and a slip ends none', async () => {
    const added = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0] });
    const id = String(added.id);
    await expect(fleet('rm', id, '77')).rejects.toMatchObject({ code: 'fleet-unknown' });
    expect(await one.client.fleets()).toHaveLength(1);
    expect(await fleet('rm', id, id)).toBe('1 removed\n');
  });

  test('come back with the next daemon on the same ports, what was closed still closed', async () => {
    const added = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0, 0], rateLimits: [65_536] });
    await one.client.steerFleet('close', added.id, 1);
    await one[Symbol.asyncDispose]();
    one = await startTestDaemon(temp.path);
    await expect.poll(async () => (await one.client.fleets())[0]?.state).toBe('running');
    const [back] = await one.client.fleets();
    expect([back?.id, ports(back), states(back)]).toEqual([added.id, ports(added), ['closed', 'alive']]);
    expect(await fetched(ports(back)[1])).toBe('a film');
  });

  test('that cannot come back say why, and start when they are opened', async () => {
    const added = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0] });
    await one[Symbol.asyncDispose]();
    const taker = createServer().listen(ports(added)[0], '127.0.0.1');
    await once(taker, 'listening');
    const notices: string[] = [];
    one = await startTestDaemon(temp.path, { onNotice: (sentence) => notices.push(sentence) });
    await expect.poll(async () => (await one.client.fleets())[0]?.state).toBe('failed');
    expect((await one.client.fleets())[0]?.error?.code).toBe('port-in-use');
    expect(notices.join()).toContain(`fleet ${added.id} does not start`);
    taker.close();
    await once(taker, 'close');
    const opened = await one.client.steerFleet('open', added.id, undefined);
    expect([opened.state, states(opened)]).toEqual(['running', ['alive']]);
  });

  test('are forgotten for good, and their numbers not given again', async () => {
    const first = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0] });
    await one.client.removeFleet(first.id);
    await expect(fetched(ports(first)[0])).rejects.toThrow();
    expect(await one.client.fleets()).toEqual([]);
    const next = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0] });
    expect(next.id).toBeGreaterThan(first.id);
  });

  test('that do not start are refused and not kept', async () => {
    const wrong = one.client.addFleet({ paths: [temp.join('nothing.bin')], ports: [0] });
    await expect(wrong).rejects.toMatchObject({ code: 'nothing-to-serve' });
    await expect(one.client.steerFleet('close', 7, 1)).rejects.toMatchObject({ code: 'fleet-unknown' });
    expect(await one.client.fleets()).toEqual([]);
    const bad = await one.ask('/api/fleets', {
      method: 'POST',
      body: '{"paths": ["x"], "servers": 0}',
      headers: { authorization: `Bearer ${one.daemon.token}` },
    });
    expect(bad.status).toBe(400);
  });

  test('let in only who knows their token, which nobody is shown', async () => {
    const added = await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0], token: 'a-secret-of-some' });
    expect(added.hasToken).toBe(true);
    expect(JSON.stringify(await one.client.fleets())).not.toContain('a-secret-of-some');
    expect((await fetch(`http://127.0.0.1:${ports(added)[0]}/film.bin`)).status).toBe(401);
  });

  test('are steered from the command line', async () => {
    expect(await fleet('ls')).toBe('no fleets\n');
    const added = await fleet('add', temp.join('film.bin'), '-n', '2');
    expect(added).toMatch(/^1 {2}\S+film\.bin\n {2}1\.1 {2}127\.0\.0\.1:\d+ {2}open .*\n {2}1\.2 /);
    expect(await fleet('close', '1.2')).toMatch(/1\.1 .* open[^]*1\.2 .* closed/);
    expect(await fleet('open', '1')).toMatch(/1\.1 .* open[^]*1\.2 .* open/);
    expect(await fleet('close', '1')).toMatch(/1\.1 .* closed[^]*1\.2 .* closed/);
    expect(await fleet('rm', '1')).toBe('1 removed\n');
    expect(() => parseArguments(['fleet', 'close', 'x'])).toThrow('expected FLEET or FLEET.SERVER');
    expect(() => parseArguments(['fleet', 'rm', '1.2'])).toThrow('rm takes a whole fleet');
  });

  test('are in a store that an older daemon made, too', async () => {
    await one[Symbol.asyncDispose]();
    const { default: Database } = await import('libsql');
    const db = new Database(temp.join('state', 'queue.db'));
    db.exec('DROP TABLE fleets; PRAGMA user_version = 1;');
    db.close();
    one = await startTestDaemon(temp.path);
    expect((await one.client.addFleet({ paths: [temp.join('film.bin')], ports: [0] })).state).toBe('running');
    expect(await readFile(temp.join('film.bin'), 'utf8')).toBe('a film');
  });
});
