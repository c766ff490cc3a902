/** One server's line in the live view of a download. Numbers stand left, in fixed columns; pictures, or a note, right. */
import { printable } from '../../base/printable.js';
import type { DownloadPhase, SourceSnapshot, SourceState } from '../../base/snapshot.js';
import { formatSpeed } from '../../base/units.js';
import { formatPair, formatShortMs } from '../figures.js';
import type { SpeedHistory } from '../speed-history.js';
import { bar, sparkline } from '../terminal/gauges.js';
import { type Segment, segmentLine } from '../terminal/segments.js';
import { cutEnd, cutStart, fitLeft, fitRight } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';

const stateColumns = 11;
const pairColumns = 13;
const speedColumns = 10;
const firstByteColumns = 8;

interface RowLayout {
  readonly columns: number;
  readonly name: number;
  readonly state: boolean;
  readonly pair: boolean;
  /** Columns of what is at the right: bar, sparkline and first byte; 0 where there is no room. */
  readonly bar: number;
  readonly spark: number;
  readonly firstByte: boolean;
  /** Columns from the end of the numbers to the margin, for a note. */
  readonly rest: number;
}

/** Shares the columns of a terminal out; `nameColumns` is the widest name. */
export function makeRowLayout(nameColumns: number, columns: number): RowLayout {
  const name = Math.min(nameColumns, Math.max(6, Math.floor(columns * 0.3)));
  const state = columns >= 52;
  const pair = columns >= 38;
  const numbers = 3 + name + 2 + (state ? stateColumns + 1 : 0) + (pair ? pairColumns + 2 : 0) + speedColumns + 2;
  const rest = Math.max(0, columns - 1 - numbers);
  const firstByte = rest >= 18;
  const spark = rest >= 48 ? 20 : rest >= 26 ? 8 : 0;
  const bar = rest - (firstByte ? firstByteColumns + 1 : 0) - (spark === 0 ? 0 : spark + 2);
  return { columns, name, state, pair, bar: bar >= 4 ? bar : 0, spark, firstByte, rest };
}

export function headerRow(layout: RowLayout, theme: Theme): string {
  const cells = [
    '   ',
    fitLeft('server', layout.name),
    '  ',
    ...(layout.state ? [fitLeft('state', stateColumns), ' '] : []),
    ...(layout.pair ? [fitRight('got/assigned', pairColumns), '  '] : []),
    fitRight('speed', speedColumns),
    '  ',
    ...(layout.bar > 0 ? [fitLeft(layout.bar >= 8 ? 'progress' : '', layout.bar)] : []),
    ...(layout.spark > 0 ? ['  ', fitRight(layout.spark >= 20 ? 'last 10 s' : 'last 4 s', layout.spark)] : []),
    ...(layout.firstByte ? [' ', fitRight('1st byte', firstByteColumns)] : []),
  ];
  return theme.faint(cutEnd(cells.join(''), layout.columns).trimEnd());
}

/** What one row shows. */
interface ShownSource {
  readonly source: SourceSnapshot;
  readonly name: string;
  readonly phase: DownloadPhase;
  readonly isChosen: boolean;
}

export function sourceRow(shown: ShownSource, layout: RowLayout, history: SpeedHistory, theme: Theme): string {
  const { source, name, phase, isChosen } = shown;
  const paint = (text: string): string => theme.source(source.id, text);
  const segments: Segment[] = [
    { text: isChosen ? '>' : ' ', paint: theme.strong },
    { text: theme.glyphs.swatch, paint },
    { text: ` ${fitLeft(cutStart(name, layout.name), layout.name)}  `, paint: isChosen ? theme.strong : undefined },
  ];
  if (layout.state)
    segments.push({ text: `${fitLeft(source.state, stateColumns)} `, paint: statePaint(source.state, phase, theme) });
  if (layout.pair) {
    segments.push({ text: `${fitRight(formatPair(source.receivedBytes, source.assignedBytes), pairColumns)}  ` });
  }
  segments.push({ text: `${fitRight(formatSpeed(source.speedBytesPerSec), speedColumns)}  `, paint: theme.strong });
  const note = printable(withoutLabel(source));
  const pictures = source.state === 'active' || note === '';
  segments.push(
    ...(pictures ? pictureSegments(source, layout, history, paint, theme) : [{ text: cutEnd(note, layout.rest) }]),
  );
  return segmentLine(segments, layout.columns);
}

/** Its note, without the name that stands in front of the row. */
function withoutLabel({ note, label }: SourceSnapshot): string {
  const said = [`server ${label} `, `${label} `].find((name) => note.startsWith(name));
  return said === undefined ? note : note.slice(said.length);
}

function pictureSegments(
  source: SourceSnapshot,
  layout: RowLayout,
  history: SpeedHistory,
  paint: (text: string) => string,
  theme: Theme,
): Segment[] {
  const segments: Segment[] = [];
  if (layout.bar > 0) {
    const share = source.assignedBytes > 0 ? source.receivedBytes / source.assignedBytes : 0;
    const painted = bar(share, layout.bar, theme.glyphs, paint, theme);
    segments.push({ text: '-'.repeat(layout.bar), painted });
  }
  if (layout.spark > 0) {
    segments.push({ text: '  ' });
    segments.push({ text: sparkline(history.of(source.id), layout.spark, history.max(), theme.glyphs), paint });
  }
  if (layout.firstByte) segments.push({ text: ` ${fitRight(formatShortMs(source.firstByteMs), firstByteColumns)}` });
  return segments;
}

function statePaint(state: SourceState, phase: DownloadPhase, theme: Theme): (text: string) => string {
  switch (state) {
    case 'active':
    case 'ready':
      return theme.good;
    case 'connecting':
    case 'removed':
    case 'disabled':
      return theme.faint;
    case 'stalled':
    case 'backing-off':
      return theme.warn;
    case 'closed':
      // At the end every connection is closed, and that is how it should be.
      return phase === 'done' || phase === 'failed' ? theme.faint : theme.bad;
    case 'quarantined':
      return theme.bad;
  }
}
