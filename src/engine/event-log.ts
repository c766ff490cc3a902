import type { DownloadEvent, DownloadEventBody } from '../base/events.js';

/** Events kept for those who look later. */
const recentMax = 500;
/** Events that a slow reader may lag behind before it loses the oldest. */
const lagMax = 10_000;

interface Reader {
  readonly queue: DownloadEvent[];
  wake: (() => void) | undefined;
}

/** What happened, in order: kept for a while, and streamed to every reader from when it began to read. */
export class EventLog {
  readonly #nowMs: () => number;
  readonly #recent: DownloadEvent[] = [];
  readonly #readers = new Set<Reader>();
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
    for (const reader of this.#readers) {
      reader.queue.push(event);
      if (reader.queue.length > lagMax) reader.queue.shift();
      reader.wake?.();
    }
  }

  recent(max: number): readonly DownloadEvent[] {
    return max > 0 ? this.#recent.slice(-max) : [];
  }

  /** No more events: readers end once they have read what is there. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.wake?.();
  }

  /** Reading begins with the call, not with the first `next()`. */
  read(): AsyncIterableIterator<DownloadEvent> {
    const reader: Reader = { queue: [], wake: undefined };
    this.#readers.add(reader);
    return this.#iterate(reader);
  }

  async *#iterate(reader: Reader): AsyncIterableIterator<DownloadEvent> {
    try {
      for (;;) {
        const event = reader.queue.shift();
        if (event !== undefined) yield event;
        else if (this.#ended) return;
        else await new Promise<void>((resolve) => (reader.wake = resolve));
      }
    } finally {
      this.#readers.delete(reader);
    }
  }
}
