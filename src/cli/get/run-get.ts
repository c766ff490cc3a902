/** One `get`, from the request to the exit status. Wires a download to a view and to the user's wish to end. */
import type { DownloadHandle, DownloadOptions } from '../../base/download-handle.js';
import { asManygetError } from '../../base/errors.js';
import { endRequest, interruptedStatus } from '../end-signals.js';
import { errorHint, printError } from '../error-output.js';
import { type CliIo, isInteractive } from '../io.js';
import { usageError } from '../options/usage-error.js';
import { type GetRequest, resumeCommandLine } from './get-request.js';
import type { GetView } from './get-view.js';
import { outputPath } from './output-path.js';
import { type ListFiles, resolveSources } from './resolve-sources.js';

export interface GetDeps {
  readonly download: (options: DownloadOptions) => DownloadHandle;
  readonly listFiles: ListFiles;
}

/** Carries out `given`; what it lacks is asked for on a terminal. Returns the exit status. */
export async function runGet(given: GetRequest, deps: GetDeps, io: CliIo): Promise<number> {
  const request = given.from === undefined ? await askFor(given, deps, io) : given;
  if (request?.from === undefined) return interruptedStatus;
  const sources = await resolveSources(request.from, deps.listFiles);
  const output = await outputPath(request.folder, request.output);
  const view = await makeView(request, io);
  try {
    return await transfer(
      request,
      { ...request.transfer, sources, ...(output === undefined ? {} : { output }) },
      view,
      deps,
      io,
    );
  } finally {
    view.close();
  }
}

async function askFor(request: GetRequest, deps: GetDeps, io: CliIo): Promise<GetRequest | undefined> {
  if (!isInteractive(io) || request.report.json || request.report.quiet) {
    throw usageError('get takes the address of a file: write mgp://host:port/name, or -a ADDRESS -p PORTS NAME');
  }
  const { askGet } = await import('./ask-get.js');
  return askGet(request, deps.listFiles);
}

async function makeView(request: GetRequest, io: CliIo): Promise<GetView> {
  const { report } = request;
  if (report.quiet) return (await import('./quiet-view.js')).quietGetView;
  const intervalMs = report.intervalMs ?? 1000;
  if (report.json) return new (await import('./json-view.js')).JsonGetView(io.stdout, intervalMs);
  const { drawsLive, outputTheme } = await import('../terminal/terminal-facts.js');
  const theme = outputTheme(io, report);
  if (drawsLive(io, report)) {
    const { LiveGetView } = await import('./live-view.js');
    return new LiveGetView(io, { theme, intervalMs: report.intervalMs, verbose: report.verbose });
  }
  const { PlainGetView } = await import('./plain-view.js');
  return new PlainGetView(io.stdout, { theme, intervalMs, verbose: report.verbose });
}

async function transfer(
  request: GetRequest,
  options: DownloadOptions,
  view: GetView,
  deps: GetDeps,
  io: CliIo,
): Promise<number> {
  const handle = deps.download(options);
  view.start(handle);
  const following = follow(handle, view);
  const timer = setInterval(() => {
    view.update();
  }, view.intervalMs);
  let cancelling: Promise<void> = Promise.resolve();
  const ending = endRequest(io, () => {
    view.ending();
    cancelling = handle.cancel('ended by the user');
  });
  try {
    const report = await handle.done;
    await following;
    view.report(report);
    return 0;
  } catch (thrown) {
    const error = asManygetError(thrown);
    const hint = errorHint(error, resumeCommandLine(request));
    await Promise.allSettled([cancelling, following]);
    view.failed(error, hint);
    view.close();
    return printError(io, error, hint, request.report.verbose);
  } finally {
    clearInterval(timer);
    ending.stopListening();
  }
}

/** Hands every event to the view; ends with the download. */
async function follow(handle: DownloadHandle, view: GetView): Promise<void> {
  for await (const event of handle.events()) view.event(event);
}
