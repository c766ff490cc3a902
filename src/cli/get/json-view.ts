import type { DownloadHandle } from '../../base/download-handle.js';
import type { ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadReport } from '../../base/snapshot.js';
import type { CliOutput } from '../io.js';
import { jsonFormatVersion, jsonLine } from '../json-lines.js';
import type { GetView } from './get-view.js';

/** NDJSON for programs; `docs/json-output.md` is its contract. */
export class JsonGetView implements GetView {
  readonly intervalMs: number;
  readonly #out: CliOutput;
  #handle: DownloadHandle | undefined;

  constructor(out: CliOutput, intervalMs: number) {
    this.#out = out;
    this.intervalMs = intervalMs;
  }

  start(handle: DownloadHandle): void {
    this.#handle = handle;
    this.#write({ type: 'start', format: jsonFormatVersion, command: 'get' });
  }

  update(): void {
    if (this.#handle !== undefined) this.#write({ type: 'snapshot', snapshot: this.#handle.snapshot() });
  }

  event(event: DownloadEvent): void {
    this.#write({ type: 'event', event });
  }

  ending(): void {
    this.#write({ type: 'ending' });
  }

  report(report: DownloadReport): void {
    this.update();
    this.#write({ type: 'report', report });
  }

  failed(error: ManygetError, hint: string | undefined): void {
    this.update();
    const { code, scope, exitStatus, message } = error;
    this.#write({ type: 'error', error: { code, scope, exitStatus, message, hint } });
  }

  close(): void {
    this.#handle = undefined;
  }

  #write(value: object): void {
    this.#out.write(jsonLine(value));
  }
}
