import type { DownloadEvent } from '../../base/events.js';
import { eventSentence, type SourceNames } from './event-sentence.js';

/** Events in words, one after another: what the one before has just said is not said again. */
export class EventTeller {
  readonly #lostFor = new Map<number, string>();

  sentence(event: DownloadEvent, names: SourceNames): string {
    if (event.type === 'source-lost') this.#lostFor.set(event.source, event.reason);
    if (event.type === 'source-ready') this.#lostFor.delete(event.source);
    const isSaid = event.type === 'source-quarantined' && this.#lostFor.get(event.source) === event.reason;
    return eventSentence(isSaid ? { ...event, reason: '' } : event, names);
  }
}
