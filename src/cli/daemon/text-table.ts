import { tableLines } from '../terminal/table.js';

/** Rows of cells as lines with columns at the left, two blanks between them. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const left = new Set((rows[0] ?? []).keys());
  return tableLines(
    rows.map((row) => row.map((text) => ({ text }))),
    left,
    2,
  ).map((line) => line.trimEnd());
}
