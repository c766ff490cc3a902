/** What of a download's events is worth a line to somebody who looks on: the same in the terminal and on the page. */
import type { DownloadEvent } from '../../base/events.js';
import { eventWeight } from './event-sentence.js';

/** Those of `events` that are decisions, and tell of something new. */
export function decisionsOf(events: readonly DownloadEvent[]): DownloadEvent[] {
  return withoutFurtherConnections(withoutLeftOut(events)).filter((event) => eventWeight(event) === 'decision');
}

/** Who is left out has been lost for the same reason just before: that it is left out says both. */
function withoutLeftOut(events: readonly DownloadEvent[]): DownloadEvent[] {
  const leftOut = new Map<number, string>();
  for (const event of events) if (event.type === 'source-quarantined') leftOut.set(event.source, event.reason);
  return events.filter((event) => event.type !== 'source-lost' || leftOut.get(event.source) !== event.reason);
}

/** A source is ready once: that one more connection to it stands is no news. */
function withoutFurtherConnections(events: readonly DownloadEvent[]): DownloadEvent[] {
  const growing = new Set<number>();
  return events.filter((event) => {
    if (event.type === 'connection-opening') growing.add(event.source);
    if (event.type === 'source-lost') growing.delete(event.source);
    return event.type !== 'source-ready' || !growing.has(event.source);
  });
}
