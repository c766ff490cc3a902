import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DaemonClient } from '../../src/daemon/client.js';
import { Daemon, type DaemonOptions } from '../../src/daemon/daemon.js';
import { baseUrl } from '../../src/daemon/daemon-url.js';
import { stateFolder } from '../../src/daemon/state-folder.js';

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
