import type { DownloadHandle } from '../../base/download-handle.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadReport } from '../../base/snapshot.js';
import { formatDuration } from '../../base/units.js';
import type { CliIo } from '../io.js';
import { SpeedHistory } from '../speed-history.js';
import { Screen } from '../terminal/screen.js';
import type { Theme } from '../terminal/theme.js';
import { EventTeller } from './event-teller.js';
import { getFrame } from './get-frame.js';
import type { GetView } from './get-view.js';
import { reportLines } from './report-lines.js';
import { sourceNames } from './source-names.js';

/** Ten frames a second: more is not seen, and costs. */
const frameMsMin = 100;
const eventsLookedAt = 64;

/** A download drawn in place on a terminal. */
export class LiveGetView implements GetView {
  readonly intervalMs: number;
  readonly #screen: Screen;
  readonly #theme: Theme;
  readonly #verbose: boolean;
  readonly #teller = new EventTeller();
  readonly #history = new SpeedHistory(500, 20);
  #handle: DownloadHandle | undefined;

  constructor(io: CliIo, options: { theme: Theme; intervalMs: number | undefined; verbose: boolean }) {
    this.#theme = options.theme;
    this.#verbose = options.verbose;
    this.intervalMs = Math.max(frameMsMin, options.intervalMs ?? frameMsMin);
    this.#screen = new Screen(io, () => this.update());
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
    };
    this.#screen.draw(getFrame(model, this.#screen.size(), this.#theme));
  }

  event(event: DownloadEvent): void {
    if (!this.#verbose || this.#handle === undefined) return;
    const names = sourceNames(this.#handle.snapshot().sources, false);
    this.#screen.print([`${formatDuration(event.atMs)}  ${this.#teller.sentence(event, names)}`]);
  }

  ending(isKept: boolean): void {
    this.#screen.print([`ending${isKept ? '; what is there is kept' : ''} (Ctrl-C again leaves at once)`]);
  }

  report(report: DownloadReport): void {
    this.update();
    const { columns } = this.#screen.size();
    this.#screen.finish(['', ...reportLines(report, columns, this.#theme)]);
  }

  failed(): void {
    this.update();
  }

  close(): void {
    this.#handle = undefined;
    this.#screen.close();
  }
}
