/** Events of a download in words: the same sentences in the live view, in plain lines, everywhere. */
import type { DownloadEvent } from '../../base/events.js';
import { printable } from '../../base/printable.js';
import { formatBytes } from '../../base/units.js';

/** What to call the source with that id. */
export interface SourceNames {
  /** As short as it can be told from the others. */
  short(id: number): string;
  /** Its label, as the reasons of events have it. */
  full(id: number): string;
}

/** What happened, without its time: ":9003 takes 12.0 MiB from :9001: would finish 3.1 s later". */
export function eventSentence(event: DownloadEvent, names: SourceNames): string {
  const { what, why } = eventParts(event, names);
  return what === '' || why === '' ? what + why : `${what}: ${why}`;
}

/** The two parts of the sentence; either may be empty. */
export function eventParts(event: DownloadEvent, names: SourceNames): { readonly what: string; readonly why: string } {
  const what = eventHead(event, (id) => names.short(id));
  const why = withoutRepeats(printable(event.type === 'source-added' ? event.url : event.reason), event, names);
  const on = 'end' in event ? (goingOn.exec(why)?.[1] ?? '') : '';
  return on === '' ? { what, why } : { what: `${what} ${on}`, why: why.slice(on.length).replace(/^: /, '') };
}

/** What a reason says of the amount in the head goes on there: "gets 64.0 KiB of its share". */
const goingOn = /^(of its share|that nobody holds)(?:: |$)/;

/** A reason that begins with what the sentence has said already (the source, the amount) without that beginning. */
function withoutRepeats(reason: string, event: DownloadEvent, names: SourceNames): string {
  const said: string[] = [];
  if ('source' in event && event.source !== undefined) {
    const name = names.full(event.source);
    said.push(`server ${name} `, `${name} is there: `, `${name}: `, `${name} `);
  }
  if ('end' in event)
    said.push(`${formatBytes(event.end - event.start)}: `, `${formatBytes(event.end - event.start)} `);
  const start = said.find((beginning) => reason.startsWith(beginning));
  return start === undefined ? reason : reason.slice(start.length);
}

type Name = (id: number) => string;

function eventHead(event: DownloadEvent, name: Name): string {
  switch (event.type) {
    case 'phase':
      return phaseName(event);
    case 'source-added':
      return `${name(event.source)} added`;
    case 'source-ready':
      return `${name(event.source)} ready`;
    case 'source-lost':
      return `${name(event.source)} lost`;
    case 'source-quarantined':
      return `${name(event.source)} left out`;
    case 'source-removed':
      return `${name(event.source)} removed`;
    case 'source-disabled':
      return `${name(event.source)} not used for now`;
    case 'source-enabled':
      return `${name(event.source)} used again`;
    case 'setting':
      return event.source === undefined ? 'changed' : `${name(event.source)} changed`;
    case 'connection-opening':
      return `${name(event.source)} gets a connection`;
    case 'connection-closed':
      return `${name(event.source)} loses a connection`;
    case 'segment-assigned':
      return `${name(event.source)} gets ${formatBytes(event.end - event.start)}`;
    case 'segment-stolen':
      if (event.source === event.victim) {
        return `${name(event.source)} moves ${formatBytes(event.end - event.start)} to another connection of its own`;
      }
      return `${name(event.source)} takes ${formatBytes(event.end - event.start)} from ${name(event.victim)}`;
    case 'segment-hedged':
      return `${name(event.source)} also fetches ${formatBytes(event.end - event.start)} of ${name(event.victim)}`;
    case 'piece-corrupt':
      return `piece ${event.piece} from ${event.sources.map(name).join(', ')} is corrupt`;
    case 'hashes-known':
      return `${name(event.source)} sent the piece hashes`;
    case 'notice':
      return '';
  }
}

/** What a user ends has not failed. */
function phaseName({ phase, code }: Extract<DownloadEvent, { type: 'phase' }>): string {
  if (phase === 'disk-full') return 'disk full';
  return phase === 'failed' && code === 'aborted' ? 'stopped' : phase;
}

/** Whether `event` tells of something that went wrong. */
export function isTrouble(event: DownloadEvent): boolean {
  if (event.type === 'phase') {
    return event.phase === 'failed'
      ? event.code !== 'aborted'
      : event.phase === 'waiting' || event.phase === 'disk-full';
  }
  return ['source-lost', 'source-quarantined', 'source-disabled', 'piece-corrupt', 'notice'].includes(event.type);
}

type EventWeight = 'decision' | 'detail';

/** Whether an event is worth one of the few lines of a live view. */
export function eventWeight(event: DownloadEvent): EventWeight {
  switch (event.type) {
    case 'source-added':
    case 'connection-opening':
    case 'connection-closed':
    case 'segment-assigned':
      return 'detail';
    case 'phase':
    case 'source-ready':
    case 'source-lost':
    case 'source-quarantined':
    case 'source-removed':
    case 'source-disabled':
    case 'source-enabled':
    case 'setting':
    case 'segment-stolen':
    case 'segment-hedged':
    case 'piece-corrupt':
    case 'hashes-known':
    case 'notice':
      return 'decision';
  }
}
