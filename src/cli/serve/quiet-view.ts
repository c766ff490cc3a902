import { printable } from '../../base/printable.js';
import type { FleetHandle } from '../../base/fleet-handle.js';
import type { CliOutput } from '../io.js';
import { servePlainLines } from './serve-plain-lines.js';
import type { ServeView } from './serve-view.js';

/** Shows nothing by itself; answers what the operator asks. */
export class QuietServeView implements ServeView {
  readonly intervalMs = 3_600_000;
  readonly #out: CliOutput;
  #fleet: FleetHandle | undefined;

  constructor(out: CliOutput) {
    this.#out = out;
  }

  start(fleet: FleetHandle): void {
    this.#fleet = fleet;
  }

  update(): void {}

  event(): void {}

  message(lines: readonly string[]): void {
    this.#out.write(lines.map((line) => `${printable(line)}\n`).join(''));
  }

  status(): void {
    if (this.#fleet !== undefined) this.message(servePlainLines(this.#fleet.snapshot()));
  }

  ending(): void {}

  close(): void {
    this.#fleet = undefined;
  }
}
