import type { DownloadHandle } from '../../base/download-handle.js';
import type { ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadReport } from '../../base/snapshot.js';
import { formatDuration } from '../../base/units.js';
import type { CliIo } from '../io.js';
import { SpeedHistory } from '../speed-history.js';
import { openKeyboard } from '../terminal/keyboard.js';
import { keysOf } from '../terminal/keys.js';
import { Screen } from '../terminal/screen.js';
import type { Theme } from '../terminal/theme.js';
import { earlyEnd, type EarlyEnd, isEarlyEnd } from './early-end.js';
import { EventTeller } from './event-teller.js';
import { getFrame } from './get-frame.js';
import type { GetView } from './get-view.js';
import { reportLines } from './report-lines.js';
import { sourceNames } from './source-names.js';

/** Ten frames a second: more is not seen, and costs. */
const frameMsMin = 100;
const eventsLookedAt = 64;

interface LiveGetOptions {
  readonly theme: Theme;
  readonly intervalMs: number | undefined;
  readonly verbose: boolean;
  /** Whether the keyboard is ours: what is typed would be echoed into the frame. */
  readonly readsKeyboard: boolean;
}

/** A download drawn in place on a terminal. */
export class LiveGetView implements GetView {
  readonly intervalMs: number;
  readonly #screen: Screen;
  readonly #keyboard: { close(): void } | undefined;
  readonly #theme: Theme;
  readonly #verbose: boolean;
  readonly #teller = new EventTeller();
  readonly #history = new SpeedHistory(500, 20);
  #handle: DownloadHandle | undefined;
  #end: EarlyEnd | undefined;

  constructor(io: CliIo, options: LiveGetOptions) {
    this.#theme = options.theme;
    this.#verbose = options.verbose;
    this.intervalMs = Math.max(frameMsMin, options.intervalMs ?? frameMsMin);
    this.#screen = new Screen(io, () => this.update());
    this.#keyboard = options.readsKeyboard ? openKeyboard(io, (typed) => obey(typed, io)) : undefined;
  }

  start(handle: DownloadHandle): void {
    this.#handle = handle;
    this.update();
  }

  update(): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    const snapshot = handle.snapshot();
    this.#history.add(snapshot.elapsedMs, snapshot.sources);
    const model = {
      snapshot,
      map: (cells: number) => handle.map(cells),
      events: handle.recentEvents(eventsLookedAt),
      history: this.#history,
      end: this.#end,
    };
    this.#screen.draw(getFrame(model, this.#screen.size(), this.#theme));
  }

  event(event: DownloadEvent): void {
    if (!this.#verbose || this.#handle === undefined || isEarlyEnd(event)) return;
    const names = sourceNames(this.#handle.snapshot().sources, false);
    this.#screen.print([`${formatDuration(event.atMs)}  ${this.#teller.sentence(event, names)}`]);
  }

  ending(isKept: boolean): void {
    this.#screen.print([`stopping${isKept ? '; what is there is kept' : ''} (Ctrl-C again leaves at once)`]);
  }

  report(report: DownloadReport): void {
    this.update();
    const { columns } = this.#screen.size();
    this.#screen.finish(['', ...reportLines(report, columns, this.#theme)]);
  }

  failed(error: ManygetError): void {
    this.#end = earlyEnd(error);
    this.update();
  }

  close(): void {
    this.#handle = undefined;
    this.#keyboard?.close();
    this.#screen.close();
  }
}

/** Ctrl-C and Ctrl-Z do what they always do; nothing else means anything here. */
function obey(typed: string, io: CliIo): void {
  for (const key of keysOf(typed)) {
    if (key === 'interrupt') io.interrupt();
    else if (key === 'suspend') io.suspend();
  }
}
