/** The live view of a download as lines: a pure function of what is known, the size of the terminal and a theme. */
import type { DownloadEvent } from '../../base/events.js';
import { printable } from '../../base/printable.js';
import type { DownloadSnapshot, MapCell } from '../../base/snapshot.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { counted, doneShare, formatEta, formatPair, formatPercent } from '../figures.js';
import type { SpeedHistory } from '../speed-history.js';
import { bar, mapLines } from '../terminal/gauges.js';
import type { ScreenSize } from '../terminal/screen.js';
import { type Segment, segmentLine } from '../terminal/segments.js';
import { cutEnd, fitLeft, fitRight, textWidth } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';
import { decisionLines } from './decision-lines.js';
import { type EarlyEnd, endedMap, endedSnapshot, isEarlyEnd } from './early-end.js';
import { type FramePlan, planFrame } from './frame-plan.js';
import { headerRow, makeRowLayout, sourceRow } from './source-row.js';
import { sourceNames } from './source-names.js';

export interface GetFrameModel {
  readonly snapshot: DownloadSnapshot;
  readonly map: (cells: number) => readonly MapCell[];
  /** Oldest first. */
  readonly events: readonly DownloadEvent[];
  readonly history: SpeedHistory;
  /** The server that keys mean, where there are such keys: marked, and always in sight. */
  readonly chosen?: number | undefined;
  /** The download has ended early, and the command says below why. */
  readonly end?: EarlyEnd | undefined;
}

/** Hosts that all servers share are left out of their names below this width. */
const fullNamesColumnsMin = 100;
const fullPhaseColumnsMin = 72;
const marginColumns = 1;

/** The frame for a terminal of `size`; no line is wider, and one row is left free for the cursor. */
export function getFrame(given: GetFrameModel, size: ScreenSize, theme: Theme): string[] {
  const model = given.end === undefined ? given : endedModel(given);
  const { snapshot } = model;
  const plan = planFrame(snapshot.sources.length, size.rows - 1);
  const blank = plan.spaced ? [''] : [];
  return [
    titleLine(model, size.columns, theme),
    ...(plan.total ? [totalLine(snapshot, size.columns, theme)] : []),
    ...blank,
    ...sourceLines(model, plan, size.columns, theme),
    ...blank,
    ...pictureLines(model, plan, size.columns, theme),
    ...(plan.decisionLines > 0 ? blank : []),
    ...decisionLines(model.events, model.snapshot.sources, plan.decisionLines, size.columns, theme),
  ];
}

function endedModel(model: GetFrameModel): GetFrameModel {
  return {
    ...model,
    snapshot: endedSnapshot(model.snapshot),
    map: (cells) => endedMap(model.map(cells)),
    events: model.events.filter((event) => !isEarlyEnd(event)),
  };
}

function titleLine({ snapshot, end }: GetFrameModel, columns: number, theme: Theme): string {
  const paint = end === 'stopped' ? theme.warn : phasePaint(snapshot, theme);
  const time = formatDuration(snapshot.elapsedMs);
  const size = snapshot.sizeBytes === undefined ? '' : `  ${formatBytes(snapshot.sizeBytes)}`;
  const room = columns - marginColumns * 2;
  const phase = cutEnd(end ?? phaseText(snapshot, columns), Math.max(12, Math.floor(room / 2)));
  const right = `${phase}  ${time}`;
  const name = cutEnd(printable(snapshot.name), Math.max(8, room - textWidth(right) - textWidth(size) - 2));
  const gap = Math.max(2, room - textWidth(name) - textWidth(size) - textWidth(right));
  const segments: Segment[] = [
    { text: ' ' },
    { text: name, paint: theme.strong },
    { text: size },
    { text: ' '.repeat(gap) },
    { text: phase, paint },
    { text: `  ${time}`, paint: theme.faint },
  ];
  return segmentLine(segments, columns);
}

function phaseText(snapshot: DownloadSnapshot, columns: number): string {
  const { phase, sources } = snapshot;
  const note = printable(snapshot.note);
  if (phase === 'downloading' && columns >= 60) {
    const working = sources.filter((source) => source.state === 'active').length;
    const from = `${working} of ${counted(sources.length, 'server')}`;
    return columns < fullPhaseColumnsMin ? from : `downloading from ${from}`;
  }
  const word = phase === 'disk-full' ? 'disk full' : phase;
  return note === '' || columns < 60 || phase === 'done' ? word : `${word}: ${note}`;
}

function phasePaint(snapshot: DownloadSnapshot, theme: Theme): (text: string) => string {
  switch (snapshot.phase) {
    case 'waiting':
    case 'paused':
    case 'disk-full':
      return theme.warn;
    case 'failed':
      return theme.bad;
    case 'connecting':
    case 'resuming':
    case 'downloading':
    case 'finishing':
    case 'done':
      return theme.good;
  }
}

function totalLine(snapshot: DownloadSnapshot, columns: number, theme: Theme): string {
  const { sizeBytes, doneBytes } = snapshot;
  const share = doneShare(doneBytes, sizeBytes);
  const pair = sizeBytes === undefined ? formatBytes(doneBytes) : formatPair(doneBytes, sizeBytes);
  const figures = [
    fitRight(sizeBytes === undefined ? '' : formatPercent(share), 6),
    ...(columns >= 48 ? [fitRight(pair, 13)] : []),
    fitRight(formatSpeed(snapshot.speedBytesPerSec), 10),
    ...(columns >= 36 ? [`ETA ${fitLeft(formatEta(snapshot.etaMs), 6)}`] : []),
  ].join('  ');
  const width = columns - marginColumns * 2 - textWidth(figures) - 2;
  const segments: Segment[] = [{ text: ' ' }];
  if (width >= 4) {
    segments.push({ text: '-'.repeat(width), painted: bar(share, width, theme.glyphs, theme.good, theme) });
    segments.push({ text: '  ' });
  }
  return segmentLine([...segments, { text: figures, paint: theme.strong }], columns);
}

function sourceLines(model: GetFrameModel, plan: FramePlan, columns: number, theme: Theme): string[] {
  const { sources, phase } = model.snapshot;
  const names = sourceNames(sources, columns < fullNamesColumnsMin);
  const at = sources.findIndex(({ id }) => id === model.chosen);
  const first = Math.max(0, Math.min(at - Math.floor(plan.sourceLines / 2), sources.length - plan.sourceLines));
  const end = first + plan.sourceLines;
  const shown = sources.slice(first, end);
  const layout = makeRowLayout(Math.max(6, ...shown.map((source) => textWidth(names.short(source.id)))), columns);
  const hidden = [...sources.slice(0, first), ...sources.slice(end)];
  const speed = hidden.reduce((sum, source) => sum + source.speedBytesPerSec, 0);
  const active = hidden.filter((source) => source.state === 'active').length;
  return [
    ...(plan.header ? [headerRow(layout, theme)] : []),
    ...shown.map((source) => {
      const row = { source, name: names.short(source.id), phase, isChosen: source.id === model.chosen };
      return sourceRow(row, layout, model.history, theme);
    }),
    ...(plan.sumLine ? [cutEnd(`   and ${hidden.length} more, ${active} active, ${formatSpeed(speed)}`, columns)] : []),
  ];
}

function pictureLines(model: GetFrameModel, plan: FramePlan, columns: number, theme: Theme): string[] {
  if (plan.mapLines === 0) return [];
  const width = Math.max(1, columns - marginColumns * 2);
  const { verified, received, inFlight, missing } = theme.glyphs;
  const legend = ` ${verified} verified  ${received} received  ${inFlight} in flight  ${missing} missing`;
  return [
    ...mapLines(model.map(width * plan.mapLines), width, theme).map((line) => ` ${line}`),
    ...(plan.legend ? [theme.faint(cutEnd(legend, columns))] : []),
  ];
}
