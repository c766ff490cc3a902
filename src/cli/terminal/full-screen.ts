/**
 * Draws frames on a whole terminal, on its alternate screen: what it showed before comes back at the end, whatever ends
 * the process. Of a frame only the lines that differ from the one before are written, all in one write.
 */
import type { CliIo } from '../io.js';
import { inAscii } from './ascii-signs.js';
import type { ScreenSize } from './screen.js';
import { showsUnicode } from './theme.js';

const esc = '\u001b[';
/** Alternate screen (DECSET 1049), cursor hidden, no autowrap: a line that is wider than thought is cut. */
const enter = `${esc}?1049h${esc}?25l${esc}?7l`;
const leave = `${esc}?7h${esc}?25h${esc}?1049l`;
/** Synchronized output (DECSET 2026): terminals that know it show a frame at once, others ignore it. */
const beginFrame = `${esc}?2026h`;
const endFrame = `${esc}?2026l`;
const eraseAll = `${esc}2J`;
const eraseRest = `${esc}K`;

export class FullScreen {
  readonly #io: CliIo;
  readonly #redraw: () => void;
  readonly #release: (() => void)[];
  readonly #isAscii: boolean;
  #shown: readonly string[] | undefined;
  #isEntered = false;

  /** `redraw` is called when the terminal has another size, or was ours no longer for a while. */
  constructor(io: CliIo, redraw: () => void) {
    this.#io = io;
    this.#isAscii = !showsUnicode(io.env);
    this.#redraw = () => {
      this.#shown = undefined;
      redraw();
    };
    io.stdout.on('resize', this.#redraw);
    this.#release = [
      io.onExit(() => this.#leave()),
      io.onSuspend({ suspend: () => this.#leave(), resume: this.#redraw }),
    ];
  }

  size(): ScreenSize {
    const { columns, rows } = this.#io.stdout;
    return { columns: Math.max(1, columns ?? 80), rows: Math.max(1, rows ?? 24) };
  }

  /** Shows `lines` from the first row on; what has no room at the bottom is left out. */
  draw(lines: readonly string[]): void {
    // After Ctrl-Z and "bg" the terminal is the shell's.
    if (!this.#io.foreground) {
      this.#leave();
      return;
    }
    const shown = lines.slice(0, this.size().rows);
    const frame = this.#isAscii ? shown.map(inAscii) : shown;
    const before = this.#shown;
    let text = this.#isEntered ? '' : enter;
    this.#isEntered = true;
    if (before === undefined) text += eraseAll;
    const rows = Math.max(frame.length, before?.length ?? 0);
    for (let row = 0; row < rows; row += 1) {
      const line = frame[row] ?? '';
      if (line === (before?.[row] ?? '')) continue;
      // Erased first: after a line of full width the cursor stands ON its last column.
      text += `${esc}${row + 1};1H${eraseRest}${line}`;
    }
    this.#shown = frame;
    if (text !== '') this.#io.stdout.write(`${beginFrame}${text}${endFrame}`);
  }

  close(): void {
    for (const release of this.#release.splice(0)) release();
    this.#io.stdout.off('resize', this.#redraw);
    this.#leave();
  }

  #leave(): void {
    this.#shown = undefined;
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#io.stdout.write(leave);
  }
}
