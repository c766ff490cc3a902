/** Rows of cells as lines with aligned columns. */
import { textWidth } from './text-width.js';

/** One cell: its text, and what to do to it once it is padded (colour). */
export interface Cell {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
}

/** Lines of `rows`; the columns named in `leftColumns` stand at the left, others at the right; `gap` blanks between. */
export function tableLines(
  rows: readonly (readonly Cell[])[],
  leftColumns: ReadonlySet<number>,
  gap: number,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, textWidth(cell.text));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const blanks = ' '.repeat((widths[column] ?? 0) - textWidth(cell.text));
        const last = column === row.length - 1;
        const painted = cell.paint === undefined ? cell.text : cell.paint(cell.text);
        return leftColumns.has(column) ? painted + (last ? '' : blanks) : blanks + painted;
      })
      .join(' '.repeat(gap)),
  );
}

/** Columns that the widest of `rows` takes with `gap` blanks between its cells. */
export function tableWidth(rows: readonly (readonly Cell[])[], gap: number): number {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  let width = gap * Math.max(0, columns - 1);
  for (let column = 0; column < columns; column += 1) {
    width += Math.max(0, ...rows.map((row) => textWidth(row[column]?.text ?? '')));
  }
  return width;
}
