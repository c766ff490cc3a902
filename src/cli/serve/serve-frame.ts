/** The live view of a fleet as lines: a pure function of what is known, the size of the terminal and a theme. */
import { printable } from '../../base/printable.js';
import type { FleetSnapshot, ServerSnapshot, ServerState } from '../../base/snapshot.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { formatPercent } from '../figures.js';
import type { SpeedHistory } from '../speed-history.js';
import { bar, sparkline } from '../terminal/gauges.js';
import type { ScreenSize } from '../terminal/screen.js';
import { type Segment, segmentLine } from '../terminal/segments.js';
import { cutEnd, fitLeft, fitRight, textWidth } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';
import { offered } from './offered.js';
import { operatorHelpShort } from './operator-commands.js';

export interface ServeFrameModel {
  readonly snapshot: FleetSnapshot;
  readonly history: SpeedHistory;
  /** What was said to the operator, oldest first. */
  readonly messages: readonly string[];
  /** What is being typed; undefined where nobody can type. */
  readonly input: string | undefined;
}

const hashingLinesMax = 3;
const messageLinesMax = 4;

/** The frame for a terminal of `size`; no line is wider, and one row is left free for the cursor. */
export function serveFrame(model: ServeFrameModel, size: ScreenSize, theme: Theme): string[] {
  const { snapshot } = model;
  const inputLines = model.input === undefined ? 0 : 1;
  let left = Math.max(0, size.rows - 1 - 1 - inputLines);
  const allFit = snapshot.servers.length <= left;
  const shown = snapshot.servers.slice(0, allFit ? undefined : Math.max(0, left - 1));
  const sumLine = !allFit && left >= 1;
  left -= shown.length + (sumLine ? 1 : 0);
  const header = left >= 1;
  if (header) left -= 1;
  const messages = model.messages.slice(Math.max(0, model.messages.length - Math.min(left, messageLinesMax)));
  left -= messages.length;
  const hashing = snapshot.files.filter((file) => file.hashed < 1).slice(0, Math.min(left, hashingLinesMax));
  left -= hashing.length;
  const blank = left >= 2 ? [''] : [];
  return [
    ...(size.rows - 1 > inputLines ? [titleLine(snapshot, size.columns, theme)] : []),
    ...blank,
    ...(header ? [theme.faint(cutEnd(headerText(size.columns), size.columns).trimEnd())] : []),
    ...shown.map((server) => serverRow(server, model.history, size.columns, theme)),
    ...(sumLine ? [cutEnd(`   and ${snapshot.servers.length - shown.length} more: type status`, size.columns)] : []),
    ...hashing.map((file) => hashingLine(file, size.columns, theme)),
    ...blank,
    ...messages.map((message) => cutEnd(` ${printable(message)}`, size.columns)),
    ...(model.input === undefined ? [] : [inputLine(model.input, size.columns, theme)]),
  ];
}

function titleLine(snapshot: FleetSnapshot, columns: number, theme: Theme): string {
  const { servers } = snapshot;
  const { what, size } = offered(snapshot);
  const alive = servers.filter((server) => server.state === 'alive').length;
  const speed = servers.reduce((sum, server) => sum + server.speedBytesPerSec, 0);
  const time = columns < sentColumnsMin ? '' : `  ${formatDuration(snapshot.elapsedMs)}`;
  const right = `${alive} of ${servers.length} alive  ${formatSpeed(speed)}${time}`;
  const bytes = `  ${size}`;
  const shownName = cutEnd(what, Math.max(8, columns - 4 - textWidth(right) - textWidth(bytes)));
  const gap = Math.max(2, columns - 2 - textWidth(shownName) - textWidth(bytes) - textWidth(right));
  return segmentLine(
    [
      { text: ' ' },
      { text: shownName, paint: theme.strong },
      { text: bytes },
      { text: ' '.repeat(gap) },
      { text: right, paint: alive === servers.length ? theme.good : theme.warn },
    ],
    columns,
  );
}

/** Columns of what stands left of the sparkline, with the blanks between. */
const numbersColumns = 3 + 3 + 2 + 5 + 2 + 8 + 2 + 7 + 2 + 8 + 2 + 10 + 2;
const sparkColumnsMax = 40;
/** Terminals narrower than these do without. */
const clientsColumnsMin = 56;
const sentColumnsMin = 46;

function sparkColumns(columns: number): number {
  const room = columns - 1 - numbersColumns;
  return room < 6 ? 0 : Math.min(room, sparkColumnsMax);
}

function headerText(columns: number): string {
  const cells = ['   ', fitRight('#', 3), '  ', fitRight('port', 5), '  ', fitLeft('state', 8), '  '];
  if (columns >= clientsColumnsMin) cells.push(fitRight('clients', 7), '  ');
  if (columns >= sentColumnsMin) cells.push(fitRight('sent', 8), '  ');
  cells.push(fitRight('speed', 10), '  ');
  if (sparkColumns(columns) > 0) cells.push(`last ${sparkColumns(columns)} s`);
  return cells.join('');
}

function serverRow(server: ServerSnapshot, history: SpeedHistory, columns: number, theme: Theme): string {
  const paint = (text: string): string => theme.source(server.number - 1, text);
  const segments: Segment[] = [
    { text: ' ' },
    { text: theme.glyphs.swatch, paint },
    { text: ` ${fitRight(String(server.number), 3)}  ${fitRight(String(server.port), 5)}  ` },
    { text: `${fitLeft(server.state, 8)}  `, paint: statePaint(server.state, theme) },
  ];
  if (columns >= clientsColumnsMin) segments.push({ text: `${fitRight(String(server.clients), 7)}  ` });
  if (columns >= sentColumnsMin) segments.push({ text: `${fitRight(formatBytes(server.sentBytes), 8)}  ` });
  segments.push({ text: `${fitRight(formatSpeed(server.speedBytesPerSec), 10)}  `, paint: theme.strong });
  const note = printable(server.note);
  const spark = sparkColumns(columns);
  if (server.state !== 'alive' && note !== '') segments.push({ text: note });
  else if (spark > 0) {
    segments.push({ text: sparkline(history.of(server.number), spark, history.max(), theme.glyphs), paint });
  }
  return segmentLine(segments, columns);
}

function hashingLine(file: FleetSnapshot['files'][number], columns: number, theme: Theme): string {
  const percent = fitRight(formatPercent(file.hashed), 6);
  const width = Math.max(4, Math.min(30, Math.floor(columns / 4)));
  const name = cutEnd(printable(file.name), Math.max(4, columns - width - textWidth(percent) - 14));
  return segmentLine(
    [
      { text: ' hashing ' },
      { text: '-'.repeat(width), painted: bar(file.hashed, width, theme.glyphs, theme.good, theme) },
      { text: ` ${percent}  ${name}` },
    ],
    columns,
  );
}

function inputLine(input: string, columns: number, theme: Theme): string {
  const hint = input === '' ? `  ${operatorHelpShort}` : '';
  const shown = textWidth(input) > columns - 5 ? `…${[...input].slice(-(columns - 6)).join('')}` : input;
  return segmentLine(
    [{ text: ' > ', paint: theme.strong }, { text: `${printable(shown)}_` }, { text: hint, paint: theme.faint }],
    columns,
  );
}

function statePaint(state: ServerState, theme: Theme): (text: string) => string {
  switch (state) {
    case 'alive':
      return theme.good;
    case 'starting':
    case 'closing':
      return theme.warn;
    case 'closed':
    case 'failed':
      return theme.bad;
  }
}
