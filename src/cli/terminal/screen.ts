/**
 * Draws frames of lines in place, below what the terminal already shows; the last frame stays in the scrollback.
 * Between frames the cursor is hidden and stands in column 0 of the row below the frame; that, and `#shown`, is all
 * that is known of the terminal. Whatever ends the process, the cursor comes back.
 */
import type { CliIo } from '../io.js';
import { inAscii } from './ascii-signs.js';
import { textWidth, withoutColor } from './text-width.js';
import { showsUnicode } from './theme.js';

const esc = '\u001b[';
const hideCursor = `${esc}?25l`;
const showCursor = `${esc}?25h`;
/** Synchronized output (DECSET 2026): terminals that know it show a frame at once, others ignore it. */
const beginFrame = `${esc}?2026h`;
const endFrame = `${esc}?2026l`;
/** Without autowrap a line that is wider than thought is cut, and does not push the others down. */
const wrapOff = `${esc}?7l`;
const wrapOn = `${esc}?7h`;
const eraseLine = `${esc}2K`;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export class Screen {
  readonly #io: CliIo;
  readonly #onResize: () => void;
  readonly #release: (() => void)[];
  readonly #isAscii: boolean;
  #shown: readonly string[] = [];
  #size: ScreenSize;
  #cursorHidden = false;
  #wasSuspended = false;
  #closed = false;

  /** `redraw` is called when the terminal has another size, or was ours no longer for a while. */
  constructor(io: CliIo, redraw: () => void) {
    this.#io = io;
    this.#isAscii = !showsUnicode(io.env);
    this.#size = this.size();
    this.#onResize = redraw;
    io.stdout.on('resize', this.#onResize);
    this.#release = [
      io.onExit(() => this.#showCursor()),
      io.onSuspend({
        suspend: () => {
          // The next frame may be drawn before anybody says "resume".
          this.#letGo();
          this.#wasSuspended = true;
        },
        resume: () => {
          // Stopped by somebody who did not ask (SIGSTOP): what was written meanwhile is below the frame as well.
          if (!this.#wasSuspended) this.#shown = [];
          this.#wasSuspended = false;
          redraw();
        },
      }),
    ];
  }

  /** Size of the terminal now. */
  size(): ScreenSize {
    const { columns, rows } = this.#io.stdout;
    return { columns: Math.max(1, columns ?? 80), rows: Math.max(2, rows ?? 24) };
  }

  /** Shows `lines` in place of the frame before; what has no room at the bottom is left out. */
  draw(lines: readonly string[]): void {
    // After Ctrl-Z and "bg" the terminal is the shell's.
    if (!this.#io.foreground) this.#letGo();
    else this.#write('', this.#shownAs(lines), true);
  }

  /** Puts `lines` above the frame, for good. They are wrapped, not cut. */
  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const frame = this.#shown;
    const text =
      this.#erase(this.size()) +
      this.#shownAs(lines)
        .map((line) => `${line}\r\n`)
        .join('');
    this.#shown = [];
    this.#write(text, frame, this.#io.foreground);
  }

  /** Puts `lines` below the frame, for good; the frame is no longer redrawn. */
  finish(lines: readonly string[]): void {
    this.#shown = [];
    this.#write(
      this.#shownAs(lines)
        .map((line) => `${line}\r\n`)
        .join(''),
      [],
      false,
    );
  }

  /** The shell writes on the terminal from now on: the next frame begins below that. */
  #letGo(): void {
    this.#showCursor();
    this.#shown = [];
  }

  /** Leaves the last frame where it is and gives the terminal back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#io.stdout.off('resize', this.#onResize);
    for (const release of this.#release) release();
    this.#showCursor();
  }

  #shownAs(lines: readonly string[]): readonly string[] {
    return this.#isAscii ? lines.map(inAscii) : lines;
  }

  /** Writes `before`, then the frame; `hides`: the cursor is ours to hide. */
  #write(before: string, lines: readonly string[], hides: boolean): void {
    if (this.#closed) return;
    const size = this.size();
    const frame = lines.slice(0, size.rows - 1);
    const changed = this.#changes(frame, size);
    this.#shown = frame;
    this.#size = size;
    if (changed === '' && before === '') return;
    const hide = this.#cursorHidden || !hides ? '' : hideCursor;
    this.#cursorHidden ||= hides;
    this.#io.stdout.write(`${beginFrame}${hide}${before}${wrapOff}${changed}${wrapOn}${endFrame}`);
  }

  /** What turns the frame that is shown into `frame`; empty where they are the same. */
  #changes(frame: readonly string[], size: ScreenSize): string {
    const resized = size.columns !== this.#size.columns || size.rows !== this.#size.rows;
    if (resized) {
      const erased = this.#erase(size);
      this.#shown = [];
      return erased + frame.map((line) => `${line}\r\n`).join('');
    }
    const same = frame.length === this.#shown.length && frame.every((line, index) => line === this.#shown[index]);
    if (same) return '';
    const tooMany = Math.max(0, this.#shown.length - frame.length);
    const kept = this.#shown.length - tooMany;
    let text = `\r${`${esc}A${eraseLine}`.repeat(tooMany)}${kept === 0 ? '' : `${esc}${kept}A`}`;
    let skipped = 0;
    frame.forEach((line, index) => {
      if (line === this.#shown[index]) {
        skipped += 1;
        return;
      }
      if (skipped > 0) text += `${esc}${skipped}B`;
      skipped = 0;
      // Erased first: after a line of full width the cursor stands ON its last column.
      text += `${eraseLine}${line}\r\n`;
    });
    if (skipped > 0) text += `${esc}${skipped}B`;
    return text;
  }

  /**
   * Erases the frame from its last row up to its first one, where the cursor stands then. Not all at once from its first
   * row on: where that is the screen's first one, terminals take it for clearing the screen, and keep what was on it.
   */
  #erase(size: ScreenSize): string {
    return `\r${eraseLine}${`${esc}A${eraseLine}`.repeat(Math.min(this.#rowsShown(size), size.rows - 1))}`;
  }

  /**
   * Rows that the frame takes above the cursor. On a terminal that has become narrower since, lines have been wrapped:
   * each takes as many rows as its columns need.
   */
  #rowsShown(size: ScreenSize): number {
    let rows = 0;
    for (const line of this.#shown) {
      const width = Math.min(textWidth(withoutColor(line)), this.#size.columns);
      rows += Math.max(1, Math.ceil(width / size.columns));
    }
    return rows;
  }

  #showCursor(): void {
    if (!this.#cursorHidden) return;
    this.#cursorHidden = false;
    this.#io.stdout.write(`${wrapOn}${showCursor}`);
  }
}
