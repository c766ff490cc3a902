import type { FleetEvent, FleetHandle } from '../../base/fleet-handle.js';
import type { CliOutput } from '../io.js';
import { jsonFormatVersion, jsonLine } from '../json-lines.js';
import type { ServeView } from './serve-view.js';

/** NDJSON for programs; `docs/json-output.md` is its contract. */
export class JsonServeView implements ServeView {
  readonly intervalMs: number;
  readonly #out: CliOutput;
  #fleet: FleetHandle | undefined;

  constructor(out: CliOutput, intervalMs: number) {
    this.#out = out;
    this.intervalMs = intervalMs;
  }

  start(fleet: FleetHandle): void {
    this.#fleet = fleet;
    this.#write({ type: 'start', format: jsonFormatVersion, command: 'serve' });
    this.update();
  }

  update(): void {
    if (this.#fleet !== undefined) this.#write({ type: 'snapshot', snapshot: this.#fleet.snapshot() });
  }

  event(event: FleetEvent): void {
    this.#write({ type: 'event', event });
  }

  message(lines: readonly string[]): void {
    for (const text of lines) this.#write({ type: 'message', text });
  }

  status(): void {
    this.update();
  }

  ending(): void {
    this.#write({ type: 'ending' });
  }

  close(): void {
    this.#fleet = undefined;
  }

  #write(value: object): void {
    this.#out.write(jsonLine(value));
  }
}
