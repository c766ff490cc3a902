/** Several downloads on one output: lines that name their file. */
import type { DownloadHandle } from '../../base/download-handle.js';
import type { ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import { printable } from '../../base/printable.js';
import type { DownloadReport } from '../../base/snapshot.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { printError } from '../error-output.js';
import { counted, doneShare, formatEta, formatPair, formatPercent } from '../figures.js';
import type { CliIo } from '../io.js';
import { jsonFormatVersion, jsonLine } from '../json-lines.js';
import { earlyEnd, isEarlyEnd } from './early-end.js';
import { isTrouble } from './event-sentence.js';
import { EventTeller } from './event-teller.js';
import { sourceNames } from './source-names.js';

/** A view writes; it never decides. `name` is the file's. */
export interface ManyView {
  started(name: string, handle: DownloadHandle): void;
  update(running: ReadonlyMap<string, DownloadHandle>): void;
  event(name: string, event: DownloadEvent): void;
  report(name: string, report: DownloadReport): void;
  /** It was there before, and is what is stated of it. */
  present(name: string, path: string): void;
  failed(name: string, error: ManygetError): void;
  ending(): void;
  /** All have ended: `whole` of `count` files are there. */
  end(whole: number, count: number): void;
}

type Hint = (error: ManygetError) => string | undefined;

/** One line for each file under way, at the interval; troubles as they come, with `verbose` every event. */
export class PlainManyView implements ManyView {
  readonly #io: CliIo;
  readonly #verbose: boolean;
  readonly #hint: Hint;
  readonly #shown = new Map<string, { readonly handle: DownloadHandle; readonly teller: EventTeller }>();
  readonly #startedAtMs = performance.now();
  #bytes = 0;

  constructor(io: CliIo, verbose: boolean, hint: Hint) {
    this.#io = io;
    this.#verbose = verbose;
    this.#hint = hint;
  }

  started(name: string, handle: DownloadHandle): void {
    this.#shown.set(name, { handle, teller: new EventTeller() });
    this.#print(name, `begins, from ${counted(handle.snapshot().sources.length, 'source')}`);
  }

  update(running: ReadonlyMap<string, DownloadHandle>): void {
    for (const [name, handle] of running) {
      const { sizeBytes, doneBytes, speedBytesPerSec, etaMs, phase } = handle.snapshot();
      const done = sizeBytes === undefined ? formatBytes(doneBytes) : formatPair(doneBytes, sizeBytes);
      const share = sizeBytes === undefined ? '' : `  ${formatPercent(doneShare(doneBytes, sizeBytes))}`;
      this.#print(name, `${done}${share}  ${formatSpeed(speedBytesPerSec)}  ETA ${formatEta(etaMs)}  ${phase}`);
    }
  }

  event(name: string, event: DownloadEvent): void {
    const shown = this.#shown.get(name);
    if (shown === undefined || isEarlyEnd(event) || !(this.#verbose || isTrouble(event))) return;
    this.#print(name, shown.teller.sentence(event, sourceNames(shown.handle.snapshot().sources, false)));
  }

  report(name: string, report: DownloadReport): void {
    this.#shown.delete(name);
    this.#bytes += report.sizeBytes;
    const sha256 = report.sha256 === undefined ? '' : `  SHA-256 ${report.sha256}`;
    const figures = `${formatBytes(report.sizeBytes)} in ${formatDuration(report.elapsedMs)}, ${formatSpeed(report.speedBytesPerSec)}`;
    this.#print(name, `saved as ${printable(report.outputPath, 4096)}  ${figures}${sha256}`);
  }

  present(name: string, path: string): void {
    this.#print(name, `is there already, and is what is stated of it: ${printable(path, 4096)}`);
  }

  failed(name: string, error: ManygetError): void {
    this.#shown.delete(name);
    if (earlyEnd(error) === 'stopped') this.#print(name, 'stopped');
    failedOn(this.#io, name, error, this.#hint(error), this.#verbose);
  }

  ending(): void {
    this.#io.stdout.write('stopping; what is there is kept\n');
  }

  end(whole: number, count: number): void {
    const time = formatDuration(performance.now() - this.#startedAtMs);
    this.#io.stdout.write(`${whole} of ${count} files are there: ${formatBytes(this.#bytes)} in ${time}\n`);
  }

  #print(name: string, text: string): void {
    this.#io.stdout.write(`${printable(name)}  ${text}\n`);
  }
}

/** NDJSON as that of one download, each line with the name of its file; `docs/json-output.md` is its contract. */
export class JsonManyView implements ManyView {
  readonly #io: CliIo;
  readonly #hint: Hint;

  constructor(io: CliIo, count: number, hint: Hint) {
    this.#io = io;
    this.#hint = hint;
    this.#write({ type: 'start', format: jsonFormatVersion, command: 'get', files: count });
  }

  started(name: string): void {
    this.#write({ type: 'file', file: name });
  }

  update(running: ReadonlyMap<string, DownloadHandle>): void {
    for (const [file, handle] of running) this.#write({ type: 'snapshot', file, snapshot: handle.snapshot() });
  }

  event(file: string, event: DownloadEvent): void {
    this.#write({ type: 'event', file, event });
  }

  report(file: string, report: DownloadReport): void {
    this.#write({ type: 'report', file, report });
  }

  present(file: string, path: string): void {
    this.#write({ type: 'present', file, path });
  }

  failed(file: string, error: ManygetError): void {
    const { code, scope, exitStatus, message } = error;
    const hint = this.#hint(error);
    this.#write({ type: 'error', file, error: { code, scope, exitStatus, message, hint } });
    failedOn(this.#io, file, error, hint, false);
  }

  ending(): void {
    this.#write({ type: 'ending' });
  }

  end(whole: number, count: number): void {
    this.#write({ type: 'end', whole, files: count });
  }

  #write(value: object): void {
    this.#io.stdout.write(jsonLine(value));
  }
}

/** Errors alone. */
export function quietManyView(io: CliIo, hint: Hint): ManyView {
  const nothing = (): void => {};
  return {
    started: nothing,
    update: nothing,
    event: nothing,
    report: nothing,
    present: nothing,
    failed: (name, error) => failedOn(io, name, error, hint(error), false),
    ending: nothing,
    end: nothing,
  };
}

/** What the user stopped is no news to them, and said once for all files by the command. */
function failedOn(io: CliIo, name: string, error: ManygetError, hint: string | undefined, verbose: boolean): void {
  if (earlyEnd(error) === 'stopped') return;
  printError(io, error, hint, verbose, `${printable(name)} was not fetched: `);
}
