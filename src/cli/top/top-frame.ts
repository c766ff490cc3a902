/** The whole terminal of `top` as lines: a pure function of its state, the size of the terminal, a theme and the time. */
import { printable } from '../../base/printable.js';
import { formatSpeed } from '../../base/units.js';
import { counted } from '../figures.js';
import { getFrame } from '../get/get-frame.js';
import type { ScreenSize } from '../terminal/screen.js';
import { type Segment, segmentLine } from '../terminal/segments.js';
import { cutEnd, fitRight, textWidth } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';
import { shownSnapshot } from './shown-snapshot.js';
import { makeTopLayout, topHeaderRow, topRow } from './top-row.js';
import type { TopState } from './top-state.js';

/** Lines at the bottom: what became of the last key, and the keys. */
const footerLines = 2;
const titleLines = 2;

export function topFrame(state: TopState, size: ScreenSize, theme: Theme, nowMs: number): string[] {
  const room = Math.max(1, size.rows - footerLines);
  const body = bodyLines(state, { columns: size.columns, rows: room }, theme, nowMs).slice(0, room);
  const filled = [...body, ...Array.from({ length: room - body.length }, () => '')];
  return [...filled, messageLine(state, size.columns, theme), keysLine(state, size.columns, theme)].slice(0, size.rows);
}

/** Rows of downloads that the list shows at once. */
export function listRows(size: ScreenSize): number {
  return Math.max(1, size.rows - footerLines - titleLines);
}

function bodyLines(state: TopState, size: ScreenSize, theme: Theme, nowMs: number): string[] {
  switch (state.view) {
    case 'help':
      return helpLines(size.columns, theme);
    case 'servers':
      return serverLines(state, size, theme, nowMs);
    case 'list':
      return listLines(state, size, theme, nowMs);
  }
}

function listLines(state: TopState, size: ScreenSize, theme: Theme, nowMs: number): string[] {
  const { items, selectedRow } = state;
  const rows = Math.max(1, size.rows - titleLines);
  // The selected one is in sight, and the list moves by whole rows only when it has to.
  const first = Math.max(0, Math.min(selectedRow - Math.floor(rows / 2), items.length - rows));
  const shown = items.slice(first, first + rows);
  const nameColumns = Math.max(0, ...shown.map((item) => textWidth(printable(item.name))));
  const layout = makeTopLayout(size.columns, nameColumns);
  return [
    titleLine(state, size.columns, theme),
    items.length === 0 ? '' : topHeaderRow(layout, theme),
    ...shown.map((item, row) => {
      const doneBytes = item.state === 'active' ? state.glide.at(item.gid, item.doneBytes, nowMs) : item.doneBytes;
      return topRow({ ...item, doneBytes }, first + row === selectedRow, layout, theme);
    }),
    ...(items.length === 0 && state.connection === 'open'
      ? [cutEnd(' no downloads; add one with: manyget add URL...', size.columns)]
      : []),
  ];
}

function titleLine(state: TopState, columns: number, theme: Theme): string {
  const count = (...states: readonly string[]): number =>
    state.items.filter((item) => states.includes(item.state)).length;
  const ended = count('complete', 'error', 'removed');
  const counts = `${count('active')} active, ${count('waiting', 'paused')} waiting, ${ended} ended`;
  const speed = formatSpeed(state.speedBytesPerSec);
  const gap = Math.max(2, columns - 14 - textWidth(counts) - textWidth(speed));
  return segmentLine(
    [
      { text: ' manyget  ', paint: theme.strong },
      { text: counts },
      { text: ' '.repeat(gap) },
      { text: fitRight(speed, textWidth(speed)), paint: theme.strong },
    ],
    columns,
  );
}

function serverLines(state: TopState, size: ScreenSize, theme: Theme, nowMs: number): string[] {
  const { detail } = state;
  if (detail === undefined) return [titleLine(state, size.columns, theme)];
  const model = {
    snapshot: shownSnapshot(detail, state.glide, nowMs),
    map: (cells: number) => state.map(cells),
    events: state.events.map(({ event }) => event),
    history: state.history,
    chosen: state.chosenSource?.id,
  };
  return getFrame(model, { columns: size.columns, rows: size.rows + 1 }, theme);
}

const keys: readonly (readonly [key: string, short: string, what: string])[] = [
  ['↑ ↓', '', 'another one; also Page Up, Page Down, Home, End'],
  ['Enter, s', '', 'its servers and the map of its file; again: the list'],
  ['Tab', '', 'the servers of the next download'],
  ['u', '', 'the chosen server: stop using it, or use it again'],
  ['p', 'pause', 'pause it: another one may take its place'],
  ['r', 'resume', 'go on with it, or try it again where it has failed'],
  ['x', 'remove', 'remove it, after a question; what is on the disk stays'],
  ['l', 'limit', 'how much the chosen one, download or server, may bring in a second'],
  ['L', '', 'how much all together may bring in a second'],
  ['?', 'help', 'these lines'],
  ['q', 'quit', 'leave; the daemon goes on. Also Ctrl-C'],
];

function helpLines(columns: number, theme: Theme): string[] {
  return [
    segmentLine([{ text: ' manyget top', paint: theme.strong }, { text: ': the downloads of the daemon' }], columns),
    '',
    ...keys.map(([key, , what]) =>
      segmentLine([{ text: ` ${key}`.padEnd(12), paint: theme.strong }, { text: what }], columns),
    ),
    '',
    cutEnd(' any key goes back', columns),
  ];
}

function messageLine(state: TopState, columns: number, theme: Theme): string {
  const { question } = state;
  if (question?.type === 'remove') {
    const name = cutEnd(printable(question.item.name), Math.max(8, columns - 24));
    return segmentLine([{ text: ` remove ${name}? y or n `, paint: theme.warn }], columns);
  }
  if (question?.type === 'limit') {
    const whose = cutEnd(printable(question.source?.label ?? question.item?.name ?? 'all together'), 24);
    const segments: Segment[] = [
      { text: ` limit of ${whose} (500K, 2M; 0: none): `, paint: theme.warn },
      { text: `${printable(question.editor.text)}_` },
    ];
    return segmentLine(segments, columns);
  }
  if (state.connection === 'lost') {
    return segmentLine([{ text: ' the daemon is gone; looking for it', paint: theme.bad }], columns);
  }
  const text = state.message === '' ? chosenText(state) : printable(state.message, 400);
  return segmentLine([{ text: text === '' ? '' : ` ${text}` }], columns);
}

/** What the row of the chosen server has no room for. */
function chosenText(state: TopState): string {
  const source = state.view === 'servers' ? state.chosenSource : undefined;
  if (source === undefined) return '';
  return [
    printable(source.label),
    counted(source.connections, 'connection'),
    counted(source.faults, 'fault'),
    ...(source.limitBytesPerSec === undefined ? [] : [`limit ${formatSpeed(source.limitBytesPerSec)}`]),
  ].join('  ');
}

function keysLine(state: TopState, columns: number, theme: Theme): string {
  const view = state.view === 'servers' ? 'list' : 'servers';
  const named = keys.filter(([, short]) => short !== '').map(([key, short]) => [key, short] as const);
  const use = state.chosenSource?.state === 'disabled' ? 'use again' : 'stop using';
  const all = [['s', view] as const, ...(state.view === 'servers' ? [['u', use] as const] : []), ...named];
  const segments = all.flatMap(([key, short]): Segment[] => [
    { text: ` ${key}`, paint: theme.strong },
    { text: ` ${short} `, paint: theme.faint },
  ]);
  return segmentLine(segments, columns);
}
