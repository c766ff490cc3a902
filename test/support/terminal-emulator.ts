/**
 * A terminal of which tests see every cell: the few sequences that the renderer uses, scrolling, and both ways in
 * which terminals treat a change of width (wrapped lines that flow again, or cells that are cut off).
 * It throws on a sequence that it does not know.
 */
import { charWidth } from '../../src/cli/terminal/text-width.js';

interface Row {
  cells: string[];
  /** The row below goes on with this one's text. */
  wrapped: boolean;
}

export class TerminalEmulator {
  columns: number;
  rows: number;
  cursorHidden = false;
  autowrap = true;
  synchronized = false;
  /** Frames that were shown at once. */
  synchronizedFrames = 0;
  /** Lines that have left the screen at its top. */
  readonly scrollback: string[] = [];
  /** Whether the alternate screen is shown, and what comes back when it is left. */
  alternate = false;
  #before: { screen: Row[]; row: number; column: number } | undefined;
  readonly #reflows: boolean;
  #screen: Row[];
  #row = 0;
  #column = 0;
  /** The beginning of a sequence whose end is still to come. */
  #begun = '';

  constructor(columns: number, rows: number, options: { reflows: boolean } = { reflows: true }) {
    this.columns = columns;
    this.rows = rows;
    this.#reflows = options.reflows;
    this.#screen = [emptyRow()];
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** The screen's lines without blanks at their ends, empty ones at the bottom left out. */
  lines(): string[] {
    const lines = this.#screen.map((row) => row.cells.join('').trimEnd());
    while (lines.length > 0 && lines.at(-1) === '') lines.pop();
    return lines;
  }

  write(chunk: string): void {
    // A sequence may come in two parts.
    // eslint-disable-next-line no-control-regex -- a terminal's language is control characters
    const [cut = ''] = /\u001b(?:\[\??[0-9;]*)?$/.exec(this.#begun + chunk) ?? [];
    const text = `${this.#begun}${chunk}`.slice(0, this.#begun.length + chunk.length - cut.length);
    this.#begun = cut;
    // eslint-disable-next-line no-control-regex -- a terminal's language is control characters
    const tokens = text.matchAll(/\u001b\[(\??)([0-9;]*)([A-Za-z])|\r|\n|\u001b|[^]/gu);
    for (const token of tokens) {
      if (token[3] !== undefined) this.#sequence(token[1] === '?', token[2] ?? '', token[3]);
      else if (token[0] === '\r') this.#column = 0;
      else if (token[0] === '\n') this.#lineFeed(false);
      else if (token[0] < ' ') throw new Error(`unknown control ${JSON.stringify(token[0])}`);
      else this.#put(token[0]);
    }
  }

  resize(columns: number, rows: number): void {
    if (this.#reflows) this.#reflow(columns);
    else for (const row of this.#screen) row.cells.length = Math.min(row.cells.length, columns);
    this.columns = columns;
    this.rows = rows;
    while (this.#screen.length > rows) {
      if (this.#row < this.#screen.length - 1) this.#screen.pop();
      else this.#scroll();
    }
    this.#column = Math.min(this.#column, columns - 1);
  }

  #sequence(isPrivate: boolean, parameters: string, final: string): void {
    const count = Math.max(1, Number(parameters || '1'));
    if (isPrivate) this.#mode(parameters, final === 'h');
    else if (final === 'A') this.#row = Math.max(0, this.#row - count);
    else if (final === 'B') this.#moveDown(count);
    else if (final === 'H') this.#moveTo(parameters);
    else if (final === 'K' && parameters === '')
      this.#current().cells.length = Math.min(this.#current().cells.length, this.#column);
    else if (final === 'K' && parameters === '2') this.#current().cells = [];
    else if (final === 'J' && parameters === '2') for (const row of this.#screen) row.cells = [];
    else if (final === 'J' && parameters === '') this.#eraseBelow();
    else if (final !== 'm') throw new Error(`unknown sequence CSI ${parameters}${final}`);
  }

  #mode(parameters: string, on: boolean): void {
    if (parameters === '25') this.cursorHidden = !on;
    else if (parameters === '7') this.autowrap = on;
    else if (parameters === '1049') this.#switch(on);
    else if (parameters === '2026') {
      if (this.synchronized && !on) this.synchronizedFrames += 1;
      this.synchronized = on;
    } else throw new Error(`unknown mode ${parameters}`);
  }

  #switch(toAlternate: boolean): void {
    if (toAlternate && !this.alternate) {
      this.#before = { screen: this.#screen, row: this.#row, column: this.#column };
      this.#screen = [emptyRow()];
      [this.#row, this.#column] = [0, 0];
    } else if (!toAlternate && this.#before !== undefined) {
      ({ screen: this.#screen, row: this.#row, column: this.#column } = this.#before);
      this.#before = undefined;
    }
    this.alternate = toAlternate;
  }

  #moveTo(parameters: string): void {
    const [row = 1, column = 1] = parameters.split(';').map((text) => Number(text || '1'));
    this.#row = 0;
    this.#moveDown(row - 1);
    this.#column = Math.min(this.columns - 1, column - 1);
  }

  #moveDown(count: number): void {
    this.#row = Math.min(this.rows - 1, this.#row + count);
    while (this.#screen.length <= this.#row) this.#screen.push(emptyRow());
  }

  #eraseBelow(): void {
    // tmux and others keep a screen that is erased as a whole, as if it had scrolled away.
    if (this.#row === 0 && this.#column === 0 && !this.alternate) this.scrollback.push(...this.lines());
    this.#current().cells.length = Math.min(this.#current().cells.length, this.#column);
    this.#screen.length = this.#row + 1;
  }

  #lineFeed(wrapped: boolean): void {
    this.#current().wrapped = wrapped;
    if (this.#row === this.rows - 1) {
      this.#scroll();
      this.#row += 1;
    } else this.#row += 1;
    while (this.#screen.length <= this.#row) this.#screen.push(emptyRow());
  }

  #scroll(): void {
    const top = this.#screen.shift();
    if (top !== undefined) this.scrollback.push(top.cells.join('').trimEnd());
    this.#row = Math.max(0, this.#row - 1);
  }

  #put(char: string): void {
    const width = charWidth(char);
    const { cells } = this.#current();
    if (width === 0) {
      const before = this.#column - 1;
      if (cells[before] !== undefined) cells[before] += char;
      return;
    }
    if (this.#column + width > this.columns) {
      if (this.autowrap) {
        this.#lineFeed(true);
        this.#column = 0;
        this.#put(char);
        return;
      }
      this.#column = this.columns - width;
    }
    while (cells.length < this.#column) cells.push(' ');
    cells[this.#column] = char;
    if (width === 2) cells[this.#column + 1] = '';
    this.#column += width;
  }

  #current(): Row {
    const row = this.#screen[this.#row];
    if (row === undefined) throw new Error(`the cursor is on row ${this.#row} of ${this.#screen.length}`);
    return row;
  }

  /** Joins what was wrapped and wraps it anew; the cursor stays with its text. */
  #reflow(columns: number): void {
    const rows: Row[] = [];
    let cursorRow = 0;
    for (let at = 0; at < this.#screen.length;) {
      const cells: string[] = [];
      let cursorCell: number | undefined;
      for (let more = true; more && at < this.#screen.length; at += 1) {
        const row = this.#screen[at];
        if (at === this.#row) cursorCell = cells.length + this.#column;
        cells.push(...(row?.cells ?? []));
        more = row?.wrapped === true;
      }
      const first = rows.length;
      rows.push(...wrapCells(cells, columns));
      if (cursorCell !== undefined) {
        cursorRow = Math.min(rows.length - 1, first + Math.floor(cursorCell / columns));
        this.#column = cursorCell % columns;
      }
    }
    this.#screen = rows;
    this.#row = cursorRow;
  }
}

function emptyRow(): Row {
  return { cells: [], wrapped: false };
}

function wrapCells(cells: readonly string[], columns: number): Row[] {
  const text = cells.join('').trimEnd();
  if (text === '') return [emptyRow()];
  const rows: Row[] = [];
  let row: Row = emptyRow();
  for (const char of text) {
    const width = charWidth(char);
    if (width === 0) {
      const last = row.cells.findLastIndex((cell) => cell !== '');
      if (last >= 0) row.cells[last] += char;
      continue;
    }
    if (row.cells.length + width > columns) {
      row.wrapped = true;
      rows.push(row);
      row = emptyRow();
    }
    row.cells.push(char, ...(width === 2 ? [''] : []));
  }
  return [...rows, row];
}
