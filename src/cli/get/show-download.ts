/** Wires one download to a view and to the user's wish to end. */
import type { DownloadHandle } from '../../base/download-handle.js';
import { asManygetError, type ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import { endRequest } from '../end-signals.js';
import { errorHint, printError } from '../error-output.js';
import type { CliIo } from '../io.js';
import type { ReportOptions } from '../options/report-options.js';
import { allEvents } from './all-events.js';
import type { GetView } from './get-view.js';

export interface ShowRequest {
  readonly report: ReportOptions;
  /** The command line that goes on where this one ends; undefined: none can. */
  readonly again: string | undefined;
  /** What has come is there for another run. Default: it is. */
  readonly isKept?: boolean;
  /** Whoever reads standard output may read the keyboard, too: it is left alone. Default: it is ours. */
  readonly leavesKeyboard?: boolean;
  /** What made the caller end the download; undefined where it ended by itself. */
  readonly cause?: () => ManygetError | undefined;
  /** What to do where the address turns out to give a manifest (`refuseManifests`). */
  readonly onManifest?: (() => Promise<number>) | undefined;
}

/** Shows a download from its beginning to its end, as `request` wants to see it. Returns the exit status. */
export async function showDownload(request: ShowRequest, begin: () => DownloadHandle, io: CliIo): Promise<number> {
  // Servers are being asked while the view is loaded.
  const handle = begin();
  const events = allEvents(handle);
  let view: GetView | undefined;
  let cancelling: Promise<void> = Promise.resolve();
  const ending = endRequest(io, (by) => {
    view?.ending(request.isKept ?? true);
    cancelling = handle.cancel(`stopped by ${by}`);
  });
  let left: number | (() => Promise<number>);
  try {
    view = await makeView(request, io).catch(async (error: unknown) => {
      await handle.cancel();
      throw error;
    });
    view.start(handle);
    left = await transfer(request, { handle, events, view, cancelled: () => cancelling }, io);
  } finally {
    ending.stopListening();
    view?.close();
  }
  // Its own view, and its own wish to end.
  return typeof left === 'number' ? left : left();
}

interface Shown {
  readonly handle: DownloadHandle;
  readonly events: AsyncIterable<DownloadEvent>;
  readonly view: GetView;
  /** Resolves once a download that the user ended has ended. */
  readonly cancelled: () => Promise<void>;
}

/** From the first event to the last. Returns the exit status, or what is left to do where a manifest came. */
async function transfer(
  request: ShowRequest,
  { handle, events, view, cancelled }: Shown,
  io: CliIo,
): Promise<number | (() => Promise<number>)> {
  const following = follow(events, view);
  const timer = setInterval(() => {
    view.update();
  }, view.intervalMs);
  try {
    const report = await handle.done;
    await following;
    view.report(report);
    return 0;
  } catch (thrown) {
    const error = request.cause?.() ?? asManygetError(thrown);
    const hint = errorHint(error, request.again);
    await Promise.allSettled([cancelled(), following]);
    // Whoever read the output has had enough: that is nobody's fault, and nothing to talk about.
    if (error.code === 'output-closed') return error.exitStatus;
    if (error.code === 'is-manifest' && request.onManifest !== undefined) return request.onManifest;
    view.failed(error, hint);
    view.close();
    return printError(io, error, hint, request.report.verbose);
  } finally {
    clearInterval(timer);
  }
}

/** Hands every event to the view; ends with the download. */
async function follow(events: AsyncIterable<DownloadEvent>, view: GetView): Promise<void> {
  for await (const event of events) view.event(event);
}

async function makeView({ report, leavesKeyboard = false }: ShowRequest, io: CliIo): Promise<GetView> {
  if (report.quiet) return (await import('./quiet-view.js')).quietGetView;
  const intervalMs = report.intervalMs ?? 1000;
  if (report.json) return new (await import('./json-view.js')).JsonGetView(io.stdout, intervalMs);
  const { drawsLive, outputTheme } = await import('../terminal/terminal-facts.js');
  const theme = outputTheme(io, report);
  if (drawsLive(io, report)) {
    const { LiveGetView } = await import('./live-view.js');
    const readsKeyboard = !leavesKeyboard && io.stdin.isTTY === true;
    return new LiveGetView(io, { theme, intervalMs: report.intervalMs, verbose: report.verbose, readsKeyboard });
  }
  const { PlainGetView } = await import('./plain-view.js');
  return new PlainGetView(io.stdout, { theme, intervalMs, verbose: report.verbose });
}
