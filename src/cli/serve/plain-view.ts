import type { FleetEvent, FleetHandle } from '../../base/fleet-handle.js';
import { printable } from '../../base/printable.js';
import type { CliOutput } from '../io.js';
import { fleetEventSentence } from './fleet-event-sentence.js';
import { servePlainLines } from './serve-plain-lines.js';
import type { ServeView } from './serve-view.js';

/** Plain lines at the interval, events and answers as they come. */
export class PlainServeView implements ServeView {
  readonly intervalMs: number;
  readonly #out: CliOutput;
  #fleet: FleetHandle | undefined;

  constructor(out: CliOutput, intervalMs: number) {
    this.#out = out;
    this.intervalMs = intervalMs;
  }

  start(fleet: FleetHandle, welcome: readonly string[]): void {
    this.#fleet = fleet;
    this.#print(welcome);
  }

  update(): void {
    if (this.#fleet !== undefined) this.#print(servePlainLines(this.#fleet.snapshot()));
  }

  event(event: FleetEvent): void {
    this.#print([fleetEventSentence(event)]);
  }

  message(lines: readonly string[]): void {
    this.#print(lines.map((line) => printable(line)));
  }

  status(): void {
    this.update();
  }

  ending(): void {
    this.message(['closing all servers; Ctrl-C leaves at once']);
  }

  close(): void {
    this.#fleet = undefined;
  }

  #print(lines: readonly string[]): void {
    this.#out.write(lines.map((line) => `${line}\n`).join(''));
  }
}
