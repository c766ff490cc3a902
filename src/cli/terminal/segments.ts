/** A line made of painted parts that never gets wider than its terminal. */
import { cutEnd, textWidth } from './text-width.js';

export interface Segment {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
  /** Text that is painted already (a bar, a map); it is left out where it has no room. */
  readonly painted?: string | undefined;
}

/** The line of `segments`, cut at `width` columns; blanks at its end are left out. */
export function segmentLine(segments: readonly Segment[], width: number): string {
  let line = '';
  let left = width;
  for (const { text, paint, painted } of segments) {
    const cut = cutEnd(text, left);
    if (cut === '') continue;
    left -= textWidth(cut);
    if (painted !== undefined && cut === text) line += painted;
    else line += paint === undefined ? cut : paint(cut);
  }
  return line.trimEnd();
}
