/** `daemon`: runs one until somebody asks it to end, by a signal or over its API. */
import { asManygetError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { Daemon } from '../../daemon/daemon.js';
import { stateFolder } from '../../daemon/state-folder.js';
import { endRequest } from '../end-signals.js';
import { errorHint, printError } from '../error-output.js';
import type { CliIo } from '../io.js';
import type { DaemonRequest } from './daemon-request.js';

/** aria2's port: front ends look there. */
const usualPort = 6800;

/** Returns the exit status. */
export async function runDaemon(request: DaemonRequest, io: CliIo): Promise<number> {
  let stop: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (stop = resolve));
  const ending = endRequest(io, () => stop());
  try {
    await using daemon = await startDaemon(request, io);
    io.stdout.write(`manyget: the daemon listens on ${daemon.address.host} port ${daemon.address.port}\n`);
    io.stdout.write(`manyget: page ${daemon.pageUrl}\n`);
    await Promise.race([asked, daemon.endAsked]);
    io.stdout.write('manyget: ending; every download goes on with the next daemon\n');
  } catch (thrown) {
    const error = asManygetError(thrown);
    return printError(io, error, errorHint(error));
  } finally {
    ending.stopListening();
  }
  return 0;
}

async function startDaemon(request: DaemonRequest, io: CliIo): Promise<Daemon> {
  const options = {
    state: stateFolder(io.env),
    folder: request.folder ?? '.',
    downloadsAtOnceMax: request.atOnceMax,
    hosts: request.hosts,
    origins: request.origins,
    hooks: { onComplete: request.onComplete, onError: request.onError },
    onNotice: (sentence: string) => void io.stderr.write(`manyget: ${printable(sentence, 500)}\n`),
    ...(request.host === undefined ? {} : { host: request.host }),
  };
  if (request.port !== undefined) return Daemon.start({ ...options, port: request.port });
  try {
    return await Daemon.start({ ...options, port: usualPort });
  } catch (error) {
    if (asManygetError(error).code !== 'port-in-use') throw error;
    io.stderr.write(`manyget: port ${usualPort} is taken by another program, a free one is used\n`);
    return Daemon.start({ ...options, port: 0 });
  }
}
