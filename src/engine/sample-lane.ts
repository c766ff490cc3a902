import type { SourceId } from '../base/ids.js';
import type { SampleAnswer, Sampler } from '../sources/source.js';
import type { SourceRunner } from './source-runner.js';

/** A place in the file where a source's bytes are compared with what others hold there. */
export interface SamplePoint {
  readonly start: number;
  readonly end: number;
  readonly stretch: number;
  /** Who delivered the bytes that are in the file there. */
  readonly deliverer: SourceId;
  /** The bytes there are others by now, or gone: the answer says nothing. */
  isStale: boolean;
  /** Answers that are still to come. */
  awaited: number;
}

export interface LaneEvents {
  answered(lane: SampleLane, points: readonly SamplePoint[], answer: SampleAnswer): void;
  failed(lane: SampleLane, points: readonly SamplePoint[]): void;
}

/** A question is worth its head only with so many samples, or when they have waited for so long. */
const batchPoints = 48;
const batchWaitMs = 400;
const retryMs = 500;
const failuresMax = 3;

/** One source as somebody who is asked about the bytes of others: what it is still to be asked, and whether it answers. */
export class SampleLane {
  readonly runner: SourceRunner;
  readonly #sampler: Sampler;
  readonly #events: LaneEvents;
  /** Disputed points: everything waits for them. */
  readonly #urgent: SamplePoint[] = [];
  #queue: SamplePoint[] = [];
  /** Points that another lane is asked about as well: they name a source, but do not prove the file. */
  #extras: SamplePoint[] = [];
  #oldestMs = 0;
  #busy = false;
  #failures = 0;
  #notBeforeMs = 0;
  #closed = false;

  constructor(runner: SourceRunner, sampler: Sampler, events: LaneEvents) {
    this.runner = runner;
    this.#sampler = sampler;
    this.#events = events;
  }

  get isAlive(): boolean {
    return !this.#closed && !this.runner.isStopped && this.#failures < failuresMax;
  }

  /** Samples that share one question. */
  get rangesAtOnce(): number {
    return this.#sampler.rangesAtOnce;
  }

  add(point: SamplePoint, nowMs: number, isExtra = false): void {
    if (this.#queue.length + this.#extras.length === 0) this.#oldestMs = nowMs;
    (isExtra ? this.#extras : this.#queue).push(point);
  }

  addUrgent(point: SamplePoint): void {
    this.#urgent.push(point);
  }

  /** All that was not asked yet; it is asked elsewhere. */
  takeAll(): SamplePoint[] {
    const all = [...this.#urgent.splice(0), ...this.#queue, ...this.#extras];
    this.#queue = [];
    this.#extras = [];
    return all;
  }

  /** Asks, where it is worth it. @param hurry Nothing else is waited for any more. */
  pump(nowMs: number, hurry: boolean): void {
    if (this.#busy || !this.isAlive || nowMs < this.#notBeforeMs) return;
    const waiting = this.#queue.length + this.#extras.length;
    const isDue = hurry || waiting >= batchPoints || nowMs - this.#oldestMs >= batchWaitMs;
    if (this.#urgent.length === 0 && (waiting === 0 || !isDue)) return;
    const points = this.#urgent.splice(0, this.#sampler.rangesAtOnce);
    for (const queue of [this.#queue, this.#extras]) {
      while (queue.length > 0 && points.length < this.#sampler.rangesAtOnce) {
        const [point] = queue.splice(0, 1);
        if (point?.isStale === false && point.awaited > 0) points.push(point);
      }
    }
    if (points.length === 0) return;
    points.sort((a, b) => a.start - b.start);
    this.#busy = true;
    this.#sampler.ask(points).then(
      (answer) => {
        this.#busy = false;
        if (answer.parts.some((part) => part !== undefined)) this.#failures = 0;
        else this.#failures += 1;
        if (!this.#closed) this.#events.answered(this, points, answer);
      },
      () => {
        // Why does not matter: the connections that bring the file tell what is wrong with a source.
        this.#busy = false;
        this.#failures += 1;
        this.#notBeforeMs = nowMs + retryMs * this.#failures;
        if (!this.#closed) this.#events.failed(this, points);
      },
    );
  }

  close(): void {
    this.#closed = true;
    this.#sampler.close();
  }
}
