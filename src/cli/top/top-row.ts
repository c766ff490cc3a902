/** One download's line in the list of `top`. Numbers stand in fixed columns; what has failed says why instead. */
import { printable } from '../../base/printable.js';
import type { QueueItem } from '../../base/queue-snapshot.js';
import { formatBytes, formatSpeed } from '../../base/units.js';
import { doneShare, formatEta, formatPercent } from '../figures.js';
import { bar } from '../terminal/gauges.js';
import { type Segment, segmentLine } from '../terminal/segments.js';
import { cutEnd, cutMiddle, fitLeft, fitRight } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';

const stateColumns = 11;
const percentColumns = 6;
const sizeColumns = 8;
const speedColumns = 10;
const etaColumns = 6;
const serverColumns = 4;
/** A name that is longer than this is cut rather than have no bar beside it. */
const nameShownMax = 48;

interface TopLayout {
  readonly columns: number;
  readonly name: number;
  readonly state: boolean;
  /** Columns of the bar; 0 where there is no room. */
  readonly bar: number;
  readonly size: boolean;
  readonly speed: boolean;
  readonly eta: boolean;
  readonly servers: boolean;
}

/** @param nameColumns Of the longest name: names come before bars, which say what a number says as well. */
export function makeTopLayout(columns: number, nameColumns = 0): TopLayout {
  let left = columns - 3 - percentColumns - 1;
  const take = (width: number, needed: number): boolean => {
    if (left - width < needed) return false;
    left -= width;
    return true;
  };
  const nameMin = 12;
  const speed = take(speedColumns + 2, nameMin);
  const state = take(stateColumns + 2, nameMin);
  const eta = take(etaColumns + 2, nameMin);
  const size = take(sizeColumns + 2, nameMin);
  const servers = columns >= 100 && take(serverColumns + 2, nameMin);
  const barColumns = Math.min(30, Math.floor(left / 3), left - 4 - Math.min(nameColumns, nameShownMax));
  const hasBar = barColumns >= 6 && take(barColumns + 2, nameMin);
  return { columns, name: Math.max(4, left - 2), state, bar: hasBar ? barColumns : 0, size, speed, eta, servers };
}

export function topHeaderRow(layout: TopLayout, theme: Theme): string {
  const cells = [
    '   ',
    fitLeft('download', layout.name),
    ...(layout.state ? ['  ', fitLeft('state', stateColumns)] : []),
    ...(layout.bar > 0 ? ['  ', ' '.repeat(layout.bar)] : []),
    '  ',
    fitRight('done', percentColumns),
    ...(layout.size ? ['  ', fitRight('of', sizeColumns)] : []),
    ...(layout.speed ? ['  ', fitRight('speed', speedColumns)] : []),
    ...(layout.eta ? ['  ', fitLeft('ETA', etaColumns)] : []),
    ...(layout.servers ? ['  ', fitRight('from', serverColumns)] : []),
  ];
  return theme.faint(cutEnd(cells.join(''), layout.columns).trimEnd());
}

export function topRow(item: QueueItem, isSelected: boolean, layout: TopLayout, theme: Theme): string {
  const name = fitLeft(cutMiddle(printable(item.name), layout.name), layout.name);
  const share = doneShare(item.doneBytes, item.sizeBytes);
  const paint = statePaint(item, theme);
  const segments: Segment[] = [
    { text: isSelected ? ' > ' : '   ', paint: theme.strong },
    { text: name, paint: isSelected ? theme.strong : undefined },
  ];
  if (layout.state) segments.push({ text: `  ${fitLeft(stateText(item), stateColumns)}`, paint });
  if (item.error !== undefined) {
    return segmentLine([...segments, { text: `  ${printable(item.error.message, 400)}` }], layout.columns);
  }
  if (layout.bar > 0) {
    const painted = `  ${bar(share, layout.bar, theme.glyphs, paint, theme)}`;
    segments.push({ text: ' '.repeat(2 + layout.bar), painted });
  }
  segments.push({ text: `  ${fitRight(item.sizeBytes === undefined ? '-' : formatPercent(share), percentColumns)}` });
  if (layout.size) {
    const size = item.sizeBytes === undefined ? '' : formatBytes(item.sizeBytes);
    segments.push({ text: `  ${fitRight(size, sizeColumns)}` });
  }
  if (item.state === 'active') segments.push(...activeSegments(item, layout, theme));
  return segmentLine(segments, layout.columns);
}

function activeSegments(item: QueueItem, layout: TopLayout, theme: Theme): Segment[] {
  return [
    ...(layout.speed
      ? [{ text: `  ${fitRight(formatSpeed(item.speedBytesPerSec), speedColumns)}`, paint: theme.strong }]
      : []),
    ...(layout.eta ? [{ text: `  ${fitLeft(formatEta(item.etaMs), etaColumns)}` }] : []),
    ...(layout.servers ? [{ text: `  ${fitRight(String(item.sourceCount), serverColumns)}` }] : []),
  ];
}

function stateText(item: QueueItem): string {
  if (item.state !== 'active') return item.state === 'error' ? 'failed' : item.state;
  return item.phase === 'disk-full' ? 'disk full' : (item.phase ?? 'active');
}

function statePaint(item: QueueItem, theme: Theme): (text: string) => string {
  switch (item.state) {
    case 'active':
      return item.phase === 'waiting' || item.phase === 'disk-full' ? theme.warn : theme.good;
    case 'complete':
      return theme.good;
    case 'waiting':
    case 'removed':
      return theme.faint;
    case 'paused':
      return theme.warn;
    case 'error':
      return theme.bad;
  }
}
