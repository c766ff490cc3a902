/** The last decisions of a download, for the foot of its live view: who, what and why, in the colours of the map. */
import type { DownloadEvent } from '../../base/events.js';
import type { SourceSnapshot } from '../../base/snapshot.js';
import { formatDuration } from '../../base/units.js';
import { type Segment, segmentLine } from '../terminal/segments.js';
import { fitRight } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';
import { decisionsOf } from './decisions-of.js';
import { eventParts, type SourceNames } from './event-sentence.js';
import { sourceNames } from './source-names.js';

const timeColumns = 6;

/** `count` lines, empty ones where there are fewer decisions: the frame keeps its height while the first come in. */
export function decisionLines(
  events: readonly DownloadEvent[],
  sources: readonly SourceSnapshot[],
  count: number,
  columns: number,
  theme: Theme,
): string[] {
  if (count === 0) return [];
  const names = sourceNames(sources, true);
  const lines = newestDecisions(events, names, count).map((shown) =>
    segmentLine(
      [
        { text: ` ${fitRight(formatDuration(shown.event.atMs), timeColumns)}  `, paint: theme.faint },
        ...whatSegments(shown, names, theme),
        { text: shown.times === 1 ? '' : ` ${theme.glyphs.times}${shown.times}`, paint: theme.strong },
        { text: shown.what === '' || shown.why === '' ? shown.why : `: ${shown.why}`, paint: theme.faint },
      ],
      columns,
    ),
  );
  return [...lines, ...Array.from({ length: count - lines.length }, () => '')];
}

interface ShownDecision {
  readonly event: DownloadEvent;
  readonly what: string;
  readonly why: string;
  readonly times: number;
}

/** The last `count` decisions, oldest first; one that repeats itself counts once, at its last time. */
function newestDecisions(events: readonly DownloadEvent[], names: SourceNames, count: number): ShownDecision[] {
  const decisions = decisionsOf(events);
  const shown = new Map<string, ShownDecision>();
  for (const event of decisions.length > 0 ? decisions : events) {
    const { what, why } = eventParts(event, names);
    // How long it waits grows from one try to the next; the last one counts.
    const sentence = `${what}: ${why.replace(/; tried again in .*$/, '')}`;
    const times = (shown.get(sentence)?.times ?? 0) + 1;
    shown.delete(sentence);
    shown.set(sentence, { event, what, why, times });
  }
  return [...shown.values()].slice(-count);
}

/** What happened, with the names of servers in their colours. */
function whatSegments({ event, what }: ShownDecision, names: SourceNames, theme: Theme): Segment[] {
  const source = 'source' in event ? event.source : undefined;
  const name = source === undefined ? '' : names.short(source);
  if (source === undefined || !what.startsWith(name)) return [{ text: what, paint: verbPaint(event, theme) }];
  const victim = 'victim' in event ? names.short(event.victim) : '';
  const end = what.endsWith(victim) ? what.length - victim.length : what.length;
  return [
    { text: name, paint: (text) => theme.source(source, text) },
    { text: what.slice(name.length, end), paint: verbPaint(event, theme) },
    { text: what.slice(end), paint: 'victim' in event ? (text) => theme.source(event.victim, text) : undefined },
  ];
}

function verbPaint(event: DownloadEvent, theme: Theme): ((text: string) => string) | undefined {
  switch (event.type) {
    case 'source-ready':
    case 'source-enabled':
      return theme.good;
    case 'source-lost':
    case 'source-disabled':
      return theme.warn;
    case 'source-quarantined':
    case 'piece-corrupt':
      return theme.bad;
    case 'phase':
      if (event.phase === 'failed' && event.code !== 'aborted') return theme.bad;
      return event.phase === 'waiting' || event.phase === 'disk-full' ? theme.warn : undefined;
    case 'source-added':
    case 'source-removed':
    case 'setting':
    case 'connection-opening':
    case 'connection-closed':
    case 'segment-assigned':
    case 'segment-stolen':
    case 'segment-hedged':
    case 'hashes-known':
    case 'notice':
      return undefined;
  }
}
