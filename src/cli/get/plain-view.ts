import type { DownloadHandle } from '../../base/download-handle.js';
import type { ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadReport } from '../../base/snapshot.js';
import { formatDuration } from '../../base/units.js';
import type { CliOutput } from '../io.js';
import type { Theme } from '../terminal/theme.js';
import { earlyEnd, endedSnapshot, isEarlyEnd } from './early-end.js';
import { isTrouble } from './event-sentence.js';
import { EventTeller } from './event-teller.js';
import { getPlainLines } from './get-plain-lines.js';
import type { GetView } from './get-view.js';
import { reportLines } from './report-lines.js';
import { sourceNames } from './source-names.js';

/** Where nobody counts columns. */
const widthUnbounded = 1000;

/** Plain lines at the interval; troubles as they come, with `verbose` every event. */
export class PlainGetView implements GetView {
  readonly intervalMs: number;
  readonly #out: CliOutput;
  readonly #theme: Theme;
  readonly #verbose: boolean;
  readonly #teller = new EventTeller();
  #handle: DownloadHandle | undefined;

  constructor(out: CliOutput, options: { theme: Theme; intervalMs: number; verbose: boolean }) {
    this.#out = out;
    this.#theme = options.theme;
    this.intervalMs = options.intervalMs;
    this.#verbose = options.verbose;
  }

  start(handle: DownloadHandle): void {
    this.#handle = handle;
  }

  update(): void {
    if (this.#handle !== undefined) this.#print(getPlainLines(this.#handle.snapshot()));
  }

  event(event: DownloadEvent): void {
    if (this.#handle === undefined || isEarlyEnd(event) || !(this.#verbose || isTrouble(event))) return;
    const names = sourceNames(this.#handle.snapshot().sources, false);
    this.#print([`${formatDuration(event.atMs)}  ${this.#teller.sentence(event, names)}`]);
  }

  ending(isKept: boolean): void {
    this.#print([isKept ? 'stopping; what is there is kept' : 'stopping']);
  }

  report(report: DownloadReport): void {
    this.update();
    const width = this.#out.isTTY === true ? (this.#out.columns ?? 80) : widthUnbounded;
    this.#print(reportLines(report, width, this.#theme));
  }

  failed(error: ManygetError): void {
    // Where nothing had begun there is nothing to report.
    const snapshot = this.#handle?.snapshot();
    if (snapshot === undefined || (snapshot.sizeBytes === undefined && snapshot.doneBytes === 0)) return;
    this.#print(getPlainLines(endedSnapshot(snapshot), earlyEnd(error)));
  }

  close(): void {
    this.#handle = undefined;
  }

  #print(lines: readonly string[]): void {
    this.#out.write(lines.map((line) => `${line}\n`).join(''));
  }
}
