import type { FleetEvent, FleetHandle } from '../../base/fleet-handle.js';
import type { CliIo } from '../io.js';
import { SpeedHistory } from '../speed-history.js';
import { openKeyboard } from '../terminal/keyboard.js';
import { LineEditor } from '../terminal/line-editor.js';
import { Screen } from '../terminal/screen.js';
import type { Theme } from '../terminal/theme.js';
import { fleetEventSentence } from './fleet-event-sentence.js';
import { serveFrame } from './serve-frame.js';
import { servePlainLines } from './serve-plain-lines.js';
import type { ServeView } from './serve-view.js';

const frameMsMin = 100;
const frameMsDefault = 500;
const messagesKept = 8;

interface LiveServeOptions {
  readonly theme: Theme;
  readonly intervalMs: number | undefined;
  readonly onLine: (line: string) => void;
  /** Ctrl-C, and Ctrl-D on an empty line. */
  readonly onInterrupt: () => void;
}

/** A fleet drawn in place on a terminal, with a line for its operator to type on. */
export class LiveServeView implements ServeView {
  readonly intervalMs: number;
  readonly readsKeyboard: boolean;
  readonly #options: LiveServeOptions;
  readonly #screen: Screen;
  readonly #keyboard: { close(): void } | undefined;
  readonly #editor = new LineEditor();
  readonly #history = new SpeedHistory(1000, 40);
  readonly #messages: string[] = [];
  #fleet: FleetHandle | undefined;

  constructor(io: CliIo, options: LiveServeOptions) {
    this.#options = options;
    this.intervalMs = Math.max(frameMsMin, options.intervalMs ?? frameMsDefault);
    this.#screen = new Screen(io, () => this.#draw());
    this.readsKeyboard = io.stdin.isTTY === true;
    this.#keyboard = this.readsKeyboard ? openKeyboard(io, (keys) => this.#keys(keys, io)) : undefined;
  }

  start(fleet: FleetHandle, welcome: readonly string[]): void {
    this.#fleet = fleet;
    this.#screen.print([...welcome, '']);
    this.#draw();
  }

  update(): void {
    this.#draw();
  }

  event(event: FleetEvent): void {
    this.message([fleetEventSentence(event)]);
  }

  message(lines: readonly string[]): void {
    // More than a frame has room for is printed above it, for good.
    if (lines.length > 1) this.#screen.print(lines);
    else this.#messages.push(...lines);
    this.#messages.splice(0, this.#messages.length - messagesKept);
    this.#draw();
  }

  status(): void {
    if (this.#fleet !== undefined) this.#screen.print(servePlainLines(this.#fleet.snapshot()));
  }

  ending(): void {
    this.message(['closing all servers; Ctrl-C leaves at once']);
  }

  close(): void {
    if (this.#fleet !== undefined) this.#screen.draw(this.#frame(this.#fleet, undefined));
    this.#fleet = undefined;
    this.#keyboard?.close();
    this.#screen.close();
  }

  #keys(keys: string, io: CliIo): void {
    for (const action of this.#editor.push(keys)) {
      if (action.type === 'line') this.#options.onLine(action.text);
      else if (action.type === 'suspend') io.suspend();
      else this.#options.onInterrupt();
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#fleet === undefined) return;
    this.#screen.draw(this.#frame(this.#fleet, this.readsKeyboard ? this.#editor.text : undefined));
  }

  #frame(fleet: FleetHandle, input: string | undefined): string[] {
    const snapshot = fleet.snapshot();
    this.#history.add(
      snapshot.elapsedMs,
      snapshot.servers.map((server) => ({ id: server.number, speedBytesPerSec: server.speedBytesPerSec })),
    );
    const model = { snapshot, history: this.#history, messages: this.#messages, input };
    return serveFrame(model, this.#screen.size(), this.#options.theme);
  }
}
