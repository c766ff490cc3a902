import type { FleetEvent } from '../base/fleet-handle.js';

/** A reader that does not read loses the oldest events rather than costing memory. */
const waitingMax = 1000;

/** Hands every event to all who listen at that time, each at its own pace; ends with the fleet. */
export class FleetEvents {
  readonly #readers = new Set<EventReader>();
  #ended = false;

  emit(event: FleetEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  read(): AsyncIterableIterator<FleetEvent> {
    const reader = new EventReader((r) => this.#readers.delete(r));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

class EventReader implements AsyncIterableIterator<FleetEvent> {
  readonly #left: (reader: EventReader) => void;
  #waiting: FleetEvent[] = [];
  #asked: ((result: IteratorResult<FleetEvent>) => void)[] = [];
  #ended = false;

  constructor(left: (reader: EventReader) => void) {
    this.#left = left;
  }

  push(event: FleetEvent): void {
    const ask = this.#asked.shift();
    if (ask !== undefined) {
      ask({ done: false, value: event });
      return;
    }
    if (this.#waiting.length === waitingMax) this.#waiting.shift();
    this.#waiting.push(event);
  }

  end(): void {
    this.#ended = true;
    for (const ask of this.#asked.splice(0)) ask({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<FleetEvent>> {
    const event = this.#waiting.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  return(): Promise<IteratorResult<FleetEvent>> {
    this.#left(this);
    this.#waiting = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
