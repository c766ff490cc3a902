/**
 * Hands every event to all who read at that time, each at its own pace. A reader that falls behind by more than it is
 * allowed to loses the oldest rather than costing memory. Keeps nothing for those who come later.
 */
export class EventFeed<Event> {
  readonly #lagMax: number;
  readonly #readers = new Set<EventReader<Event>>();
  #ended = false;

  /** @param lagMax Events that wait for one reader, at most. */
  constructor(lagMax: number) {
    this.#lagMax = lagMax;
  }

  emit(event: Event): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** No more events: readers end once they have read what is there. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** Reading begins with the call, not with the first `next()`. */
  read(): AsyncIterableIterator<Event> {
    const reader = new EventReader<Event>(this.#lagMax, () => this.#readers.delete(reader));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

class EventReader<Event> implements AsyncIterableIterator<Event> {
  readonly #lagMax: number;
  readonly #left: () => void;
  #waiting: Event[] = [];
  #asked: ((result: IteratorResult<Event>) => void)[] = [];
  #ended = false;

  constructor(lagMax: number, left: () => void) {
    this.#lagMax = lagMax;
    this.#left = left;
  }

  push(event: Event): void {
    const ask = this.#asked.shift();
    if (ask !== undefined) {
      ask({ done: false, value: event });
      return;
    }
    if (this.#waiting.length === this.#lagMax) this.#waiting.shift();
    this.#waiting.push(event);
  }

  end(): void {
    this.#ended = true;
    for (const ask of this.#asked.splice(0)) ask({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<Event>> {
    const event = this.#waiting.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  return(): Promise<IteratorResult<Event>> {
    this.#left();
    this.#waiting = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
