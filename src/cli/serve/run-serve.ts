/** One `serve`, from the request to the exit status. Wires a fleet to a view, to its operator and to signals. */
import { asManygetError } from '../../base/errors.js';
import type { FleetHandle, ServeOptions } from '../../base/fleet-handle.js';
import { type EndRequest, endRequest, interruptedStatus } from '../end-signals.js';
import { errorHint, printError } from '../error-output.js';
import { type CliIo, isInteractive } from '../io.js';
import { readToken } from '../options/access-options.js';
import { usageError } from '../options/usage-error.js';
import { clientAccess } from './client-access.js';
import { welcomeLines } from './client-commands.js';
import { operate } from './operator.js';
import { readPipedLines } from './piped-input.js';
import { serveOptions, type ServeRequest } from './serve-request.js';
import type { ServeView } from './serve-view.js';

export interface ServeDeps {
  readonly serve: (options: ServeOptions) => Promise<FleetHandle>;
}

/** Carries out `given`; what it lacks is asked for on a terminal. Returns the exit status. */
export async function runServe(given: ServeRequest, deps: ServeDeps, io: CliIo): Promise<number> {
  const request = given.paths.length === 0 ? await askFor(given, io) : given;
  if (request === undefined) return interruptedStatus;
  const aborter = new AbortController();
  // While the fleet starts there is nothing to close yet: a signal calls the start off.
  const ending = endRequest(io, () => aborter.abort());
  try {
    const token = readToken(request.access ?? {}, io.env);
    if (token === undefined && isWide(request.host)) {
      io.stderr.write(
        `manyget: WARNING: ${request.host ?? ''} is more than this machine, and no token is asked for: whoever reaches the ports may fetch\n`,
      );
    }
    const fleet = await deps.serve({
      ...serveOptions(request),
      ...(token === undefined ? {} : { token }),
      signal: aborter.signal,
    });
    return await attend(fleet, request, token !== undefined, ending, io);
  } catch (thrown) {
    const error = asManygetError(thrown);
    return printError(io, error, errorHint(error), request.report.verbose);
  } finally {
    ending.stopListening();
  }
}

/** True where others than this machine may reach what listens there. */
function isWide(host: string | undefined): boolean {
  return host !== undefined && host !== 'localhost' && host !== '::1' && !/^127\.\d+\.\d+\.\d+$/.test(host);
}

async function askFor(request: ServeRequest, io: CliIo): Promise<ServeRequest | undefined> {
  if (!isInteractive(io) || request.report.json || request.report.quiet) {
    throw usageError('serve takes the files and folders to offer: manyget serve FILE...');
  }
  const { askServe } = await import('./ask-serve.js');
  return askServe(request);
}

/** From the first snapshot to the last; ends when the fleet has stopped. */
async function attend(
  fleet: FleetHandle,
  request: ServeRequest,
  hasToken: boolean,
  ending: EndRequest,
  io: CliIo,
): Promise<number> {
  // Commands are carried out one after another: "e2 o2" must not race.
  let working: Promise<void> = Promise.resolve();
  const onLine = (line: string): void => {
    working = working.then(() => operate(line, fleet, view, stop));
  };
  const view = await makeView(request, io, onLine, () => ending.ask());
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (stopping === undefined) view.ending();
    stopping ??= fleet.stop();
  };
  ending.end = stop;
  view.start(fleet, welcomeLines(fleet.snapshot(), clientAccess(request, hasToken)));
  const following = follow(fleet, view);
  const stopReading = readsLines(view, io) ? readPipedLines(io.stdin, onLine) : undefined;
  const timer = setInterval(() => {
    view.update();
  }, view.intervalMs);
  try {
    await fleet.done;
    await Promise.all([working, following, stopping]);
    view.update();
    return 0;
  } finally {
    clearInterval(timer);
    stopReading?.();
    view.close();
  }
}

/** A live view reads the keyboard itself; a job in the background must not touch it. */
function readsLines(view: ServeView, io: CliIo): boolean {
  return view.readsKeyboard !== true && (io.stdin.isTTY !== true || io.foreground);
}

async function makeView(
  request: ServeRequest,
  io: CliIo,
  onLine: (line: string) => void,
  onInterrupt: () => void,
): Promise<ServeView> {
  const { report } = request;
  if (report.quiet) return new (await import('./quiet-view.js')).QuietServeView(io.stdout);
  const intervalMs = report.intervalMs ?? 1000;
  if (report.json) return new (await import('./json-view.js')).JsonServeView(io.stdout, intervalMs);
  const { drawsLive, outputTheme } = await import('../terminal/terminal-facts.js');
  if (drawsLive(io, report)) {
    const { LiveServeView } = await import('./live-view.js');
    return new LiveServeView(io, {
      theme: outputTheme(io, report),
      intervalMs: report.intervalMs,
      onLine,
      onInterrupt,
    });
  }
  return new (await import('./plain-view.js')).PlainServeView(io.stdout, intervalMs);
}

async function follow(fleet: FleetHandle, view: ServeView): Promise<void> {
  for await (const event of fleet.events()) view.event(event);
}
