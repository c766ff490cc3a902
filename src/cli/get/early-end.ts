/** A download that ended before its file was there: what is left to show of it. Why is said below, once, by the command. */
import type { ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadSnapshot, MapCell } from '../../base/snapshot.js';

/** Whose doing it was: the user's, or not. */
export type EarlyEnd = 'stopped' | 'failed';

export function earlyEnd(error: ManygetError): EarlyEnd {
  return error.code === 'aborted' ? 'stopped' : 'failed';
}

export function endedSnapshot(snapshot: DownloadSnapshot): DownloadSnapshot {
  return { ...snapshot, note: '', etaMs: undefined };
}

/** Nothing is in flight any more. */
export function endedMap(cells: readonly MapCell[]): MapCell[] {
  return cells.map((cell) => (cell.state === 'in-flight' ? { state: 'missing', source: -1 } : cell));
}

/** Whether `event` is the early end itself. */
export function isEarlyEnd(event: DownloadEvent): boolean {
  return event.type === 'phase' && event.phase === 'failed';
}
