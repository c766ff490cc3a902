import type { SamplePoint } from './sample-lane.js';

/** Points in the order in which they are to be asked about. Those that need no answer any more fall out by themselves. */
export class PointQueue {
  #points: SamplePoint[] = [];
  #head = 0;

  /** Points that wait, those that have become needless included. */
  get length(): number {
    return this.#points.length - this.#head;
  }

  push(point: SamplePoint): void {
    this.#points.push(point);
  }

  /** Adds the next ones that still need an answer to `taken`, until that has `countMax`. */
  takeInto(taken: SamplePoint[], countMax: number): void {
    while (this.#head < this.#points.length && taken.length < countMax) {
      const point = this.#points[this.#head];
      this.#head += 1;
      if (point?.isStale === false && point.awaited > 0) taken.push(point);
    }
    if (this.#head < this.#points.length) return;
    this.#points = [];
    this.#head = 0;
  }

  takeAll(): SamplePoint[] {
    const all = this.#points.slice(this.#head);
    this.#points = [];
    this.#head = 0;
    return all;
  }
}
