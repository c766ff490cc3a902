/** Small pictures of numbers, one line high: bars, sparklines, the map of a file. */
import type { MapCell, MapState } from '../../base/snapshot.js';
import type { Glyphs, Theme } from './theme.js';

/** A bar of `width` columns, `share` (0 to 1) of it full; half cells count. */
export function bar(
  share: number,
  width: number,
  glyphs: Glyphs,
  paint: (text: string) => string,
  theme: Theme,
): string {
  const halves = Math.round(Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * width * 2);
  const half = halves % 2 === 1 ? glyphs.barHalf : '';
  const full = glyphs.barFull.repeat(halves >> 1) + half;
  return paint(full) + theme.faint(glyphs.barRest.repeat(width - (halves >> 1) - half.length));
}

/** The newest `width` of `values` as heights, against `max`; what is not there yet stays empty. */
export function sparkline(values: readonly number[], width: number, max: number, glyphs: Glyphs): string {
  const levels = glyphs.spark.length - 1;
  const newest = values.slice(-width);
  const line = newest.map((value) => {
    if (value <= 0 || max <= 0) return glyphs.spark[0] ?? ' ';
    return glyphs.spark[Math.min(levels, Math.max(1, Math.round((value / max) * levels)))] ?? ' ';
  });
  return ' '.repeat(Math.max(0, width - newest.length)) + line.join('');
}

/** A file's cells in lines of `width`, coloured by source; runs of equal cells share one colour sequence. */
export function mapLines(cells: readonly MapCell[], width: number, theme: Theme): string[] {
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += width) lines.push(mapLine(cells.slice(at, at + width), theme));
  return lines;
}

function mapLine(cells: readonly MapCell[], theme: Theme): string {
  let line = '';
  for (let at = 0; at < cells.length;) {
    const cell = cells[at];
    if (cell === undefined) break;
    let end = at + 1;
    while (cells[end]?.source === cell.source && cells[end]?.state === cell.state) end += 1;
    const run = mapGlyph(cell.state, theme.glyphs).repeat(end - at);
    line += cell.state === 'missing' || cell.source < 0 ? theme.faint(run) : theme.source(cell.source, run);
    at = end;
  }
  return line;
}

function mapGlyph(state: MapState, glyphs: Glyphs): string {
  switch (state) {
    case 'verified':
      return glyphs.verified;
    case 'received':
      return glyphs.received;
    case 'in-flight':
      return glyphs.inFlight;
    case 'missing':
      return glyphs.missing;
  }
}
