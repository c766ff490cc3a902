/** A daemon for whoever needs one: the one that runs, else one started in the background. */
import { spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ManygetError } from '../../base/errors.js';
import { DaemonClient } from '../../daemon/client.js';
import { makeStateFolder, stateFolder } from '../../daemon/state-folder.js';
import type { CliIo } from '../io.js';
import type { DaemonRequest } from './daemon-request.js';

const startWithinMs = 15_000;
const lookEveryMs = 50;

/** @throws ManygetError `daemon-absent` where none runs. */
export async function runningDaemon(io: CliIo): Promise<DaemonClient> {
  const client = await DaemonClient.find(stateFolder(io.env));
  if (client !== undefined) return client;
  throw new ManygetError('daemon-absent', 'no daemon runs');
}

export async function ensureDaemon(request: DaemonRequest, io: CliIo): Promise<DaemonClient> {
  const state = stateFolder(io.env);
  const there = await DaemonClient.find(state);
  if (there !== undefined) return there;
  makeStateFolder(state);
  const logPath = join(state.path, 'daemon.log');
  const log = openSync(logPath, 'w', 0o600);
  const args = [process.argv[1] ?? '', 'daemon', ...daemonWords(request)];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log], env: { ...io.env } });
  closeSync(log);
  let ended: string | undefined;
  child.once('exit', () => (ended = readFileSync(logPath, 'utf8').trim()));
  child.once('error', (error) => (ended = error.message));
  child.unref();
  const untilMs = performance.now() + startWithinMs;
  while (performance.now() < untilMs) {
    const client = await DaemonClient.find(state);
    if (client !== undefined) return client;
    if (ended !== undefined)
      throw new ManygetError('daemon-absent', `the daemon did not start: ${ended.replace(/^manyget: /gm, '')}`);
    await delay(lookEveryMs);
  }
  throw new ManygetError('daemon-absent', `the daemon did not start within ${startWithinMs / 1000} s: see ${logPath}`);
}

/** Ends the daemon that runs. Returns the exit status. */
export async function stopDaemon(io: CliIo): Promise<number> {
  const client = await DaemonClient.find(stateFolder(io.env));
  if (client === undefined) {
    io.stdout.write('manyget: no daemon runs\n');
    return 0;
  }
  await client.shutdown();
  io.stdout.write('manyget: the daemon ends\n');
  return 0;
}

function daemonWords(request: DaemonRequest): string[] {
  const { host, port, folder, atOnceMax, hosts, origins, onComplete, onError } = request;
  return [
    ...(host === undefined ? [] : ['--host', host]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(folder === undefined ? [] : ['-d', folder]),
    ...(atOnceMax === undefined ? [] : ['-j', String(atOnceMax)]),
    ...hosts.flatMap((name) => ['--allow-host', name]),
    ...origins.flatMap((origin) => ['--allow-origin', origin]),
    ...(onComplete === undefined ? [] : ['--on-complete', onComplete]),
    ...(onError === undefined ? [] : ['--on-error', onError]),
  ];
}
