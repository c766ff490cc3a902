import type { DownloadHandle } from '../../base/download-handle.js';
import type { DownloadEvent } from '../../base/events.js';

/** Far more than happens before a handle can be read from. */
const earlierMax = 500;

/**
 * What happened since the download began, then what happens until it ends: it begins, and says what it thinks of its
 * options, before anybody has its handle. Reading begins with the call.
 */
export function allEvents(handle: DownloadHandle): AsyncIterable<DownloadEvent> {
  const earlier = handle.recentEvents(earlierMax);
  const later = handle.events();
  return (async function* () {
    yield* earlier;
    yield* later;
  })();
}
