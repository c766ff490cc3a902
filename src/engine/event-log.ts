import { EventFeed } from '../base/event-feed.js';
import type { DownloadEvent, DownloadEventBody } from '../base/events.js';

/** Events kept for those who look later. */
const recentMax = 500;
/** Events that a slow reader may lag behind before it loses the oldest. */
const lagMax = 10_000;

/** What happened, in order: kept for a while, and streamed to every reader from when it began to read. */
export class EventLog {
  readonly #nowMs: () => number;
  readonly #recent: DownloadEvent[] = [];
  readonly #feed = new EventFeed<DownloadEvent>(lagMax);
  #ended = false;

  /** @param nowMs Time since the start of the run. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(body: DownloadEventBody): void {
    if (this.#ended) return;
    const event = { ...body, atMs: this.#nowMs() };
    this.#recent.push(event);
    if (this.#recent.length > recentMax) this.#recent.splice(0, recentMax / 2);
    this.#feed.emit(event);
  }

  recent(max: number): readonly DownloadEvent[] {
    return max > 0 ? this.#recent.slice(-max) : [];
  }

  /** No more events: readers end once they have read what is there. */
  end(): void {
    this.#ended = true;
    this.#feed.end();
  }

  /** Reading begins with the call, not with the first `next()`. */
  read(): AsyncIterableIterator<DownloadEvent> {
    return this.#feed.read();
  }
}
