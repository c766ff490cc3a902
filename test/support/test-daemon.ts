import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DaemonClient } from '../../src/daemon/client.js';
import { Daemon, type DaemonOptions } from '../../src/daemon/daemon.js';
import { baseUrl } from '../../src/daemon/daemon-url.js';
import { stateFolder } from '../../src/daemon/state-folder.js';
import { DownloadLab, type LabFleet } from './download-lab.js';

/** A daemon in a folder of a test's own, in this process, and somebody who speaks to it. */
export interface TestDaemon extends AsyncDisposable {
  readonly daemon: Daemon;
  readonly client: DaemonClient;
  readonly url: string;
  /** Where its downloads go. */
  readonly output: string;
  /** Asks with the token, or with the headers given instead. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export async function startTestDaemon(folder: string, options: Partial<DaemonOptions> = {}): Promise<TestDaemon> {
  const state = stateFolder({ MANYGET_STATE: join(folder, 'state') });
  const output = join(folder, 'downloads');
  const daemon = await Daemon.start({ state, port: 0, folder: output, ...options });
  const url = baseUrl(daemon.address);
  return {
    daemon,
    url,
    output,
    client: new DaemonClient(url, readFileSync(state.tokenPath, 'utf8').trim()),
    ask: (path, init = {}) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${daemon.token}` }, ...init }),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** A daemon, servers for it to fetch from, and what it told its operator; they end with the lab. */
export interface DaemonAndServers {
  readonly lab: DownloadLab;
  readonly fleet: LabFleet;
  readonly one: TestDaemon;
  readonly bytes: Buffer;
  readonly notices: readonly string[];
}

/** Servers of a film.bin of `sizeBytes`, one for each of `rateLimits`, in bytes a second. */
export async function startDaemonAndServers(sizeBytes: number, rateLimits: number[]): Promise<DaemonAndServers> {
  const lab = await DownloadLab.create();
  const { path, bytes } = lab.file('film.bin', sizeBytes);
  const fleet = await lab.serve(path, { rateLimits });
  const notices: string[] = [];
  const one = lab.use(await startTestDaemon(lab.folder, { onNotice: (sentence) => void notices.push(sentence) }));
  return { lab, fleet, one, bytes, notices };
}
