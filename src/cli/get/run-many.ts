/** Several downloads, some at a time: each with its report, together with the exit status of the worst. */
import type { DownloadHandle } from '../../base/download-handle.js';
import { asManygetError, ManygetError } from '../../base/errors.js';
import { limitBytesPerSecMin } from '../../base/lowest-limit.js';
import { endRequest } from '../end-signals.js';
import { errorHint, printError } from '../error-output.js';
import type { CliIo } from '../io.js';
import type { ReportOptions } from '../options/report-options.js';
import { allEvents } from './all-events.js';
import { JsonManyView, PlainManyView, quietManyView, type ManyView } from './many-view.js';

export interface ManyItem {
  readonly name: string;
  /** Where the file is, if it is there from an earlier run and is what is stated of it. */
  readonly finished?: (signal: AbortSignal) => Promise<string | undefined>;
  readonly begin: () => Promise<DownloadHandle>;
}

interface ManyRequest {
  readonly report: ReportOptions;
  /** The command line that goes on where this one ends. */
  readonly again: string;
  readonly atOnceMax: number;
  /** What all downloads together may bring, in bytes a second. */
  readonly limitBytesPerSec?: number | undefined;
}

const defaultIntervalMs = 1000;

/** The downloads under way; what all of them together may bring is shared equally. */
class Running {
  readonly handles = new Map<string, DownloadHandle>();
  readonly #limitBytesPerSec: number | undefined;

  constructor(limitBytesPerSec: number | undefined) {
    this.#limitBytesPerSec = limitBytesPerSec;
  }

  add(name: string, handle: DownloadHandle): void {
    this.handles.set(name, handle);
    this.#share();
  }

  remove(name: string): void {
    if (this.handles.delete(name)) this.#share();
  }

  #share(): void {
    if (this.#limitBytesPerSec === undefined) return;
    const part = Math.max(limitBytesPerSecMin, Math.floor(this.#limitBytesPerSec / Math.max(1, this.handles.size)));
    for (const handle of this.handles.values()) {
      if (handle.snapshot().limitBytesPerSec !== part) handle.setLimitRate(part);
    }
  }
}

/** Fetches all of `items`; one that fails does not keep the others from being fetched. Returns the exit status. */
export async function runMany(items: readonly ManyItem[], request: ManyRequest, io: CliIo): Promise<number> {
  const view = makeView(request, io, items.length);
  const running = new Running(request.limitBytesPerSec);
  const waiting = [...items];
  const errors: ManygetError[] = [];
  const stop = new AbortController();
  let stopped: string | undefined;
  const ending = endRequest(io, (by) => {
    stopped = `stopped by ${by}`;
    view.ending();
    stop.abort(stopped);
    for (const handle of running.handles.values()) void handle.cancel(stopped);
  });
  const timer = setInterval(() => view.update(running.handles), request.report.intervalMs ?? defaultIntervalMs);
  const lane = async (): Promise<void> => {
    while (stopped === undefined) {
      const item = waiting.shift();
      if (item === undefined) return;
      const error = await fetchOne(item, running, view, stop.signal);
      if (error !== undefined) errors.push(error);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(request.atOnceMax, items.length) }, lane));
  } finally {
    clearInterval(timer);
    ending.stopListening();
  }
  const whole = items.length - errors.length - waiting.length;
  view.end(whole, items.length);
  if (stopped !== undefined && whole < items.length) {
    const error = new ManygetError('aborted', `the downloads were ${stopped}; what is there is kept`);
    return printError(io, error, errorHint(error, request.again));
  }
  return errors.reduce((worst, error) => Math.max(worst, error.exitStatus), 0);
}

async function fetchOne(
  item: ManyItem,
  running: Running,
  view: ManyView,
  stopped: AbortSignal,
): Promise<ManygetError | undefined> {
  try {
    const path = await item.finished?.(stopped);
    if (path !== undefined) {
      view.present(item.name, path);
      return undefined;
    }
    const handle = await item.begin();
    running.add(item.name, handle);
    view.started(item.name, handle);
    // The wish to end may have come while the download was being begun: nobody has told it.
    if (stopped.aborted) void handle.cancel(String(stopped.reason));
    const following = follow(handle, item.name, view);
    const report = await handle.done;
    await following;
    view.report(item.name, report);
    return undefined;
  } catch (thrown) {
    const error = asManygetError(thrown);
    view.failed(item.name, error);
    return error;
  } finally {
    running.remove(item.name);
  }
}

async function follow(handle: DownloadHandle, name: string, view: ManyView): Promise<void> {
  for await (const event of allEvents(handle)) view.event(name, event);
}

function makeView(request: ManyRequest, io: CliIo, count: number): ManyView {
  const { report, again } = request;
  const hint = (error: ManygetError): string | undefined => errorHint(error, again);
  if (report.json) return new JsonManyView(io, count, hint);
  return report.quiet ? quietManyView(io, hint) : new PlainManyView(io, report.verbose, hint);
}
