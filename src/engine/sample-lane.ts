import { asManygetError, type ErrorCode, type ManygetError } from '../base/errors.js';
import type { SourceId } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import { fromEarlierRun } from '../core/provenance.js';
import type { SampleAnswer, Sampler } from '../sources/source.js';
import { PointQueue } from './point-queue.js';
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
  /** What is in the file at these points, a character for each byte; undefined where every answer is to be read. */
  guess(points: readonly SamplePoint[]): string[] | undefined;
  answered(lane: SampleLane, points: readonly SamplePoint[], answer: SampleAnswer): void;
  failed(lane: SampleLane, points: readonly SamplePoint[]): void;
  /** One of the above could not do its part: the file cannot be read. */
  fault(error: ManygetError): void;
}

/** A question is worth its head only with so many samples, or when they have waited for so long. */
const batchPoints = 48;
const batchWaitMs = 400;
/** Where what waits would be answered in so long, others are asked in its place. */
const behindMs = 2000;
/** After a failure it is left alone as long as it says; where it does not, for so long, doubled with each one in a row. */
const restMsFirst = 500;
const restMsMax = 15_000;
/** An answer that is of no use, so many times in a row, will not become one. */
const uselessMax = 3;

/** What passes by itself: the lane comes back to it. Anything else is how the server is. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'server-busy',
  'http-server-error',
  'server-closed',
  'server-read-failed',
  'connect-refused',
  'connect-failed',
  'connect-timeout',
  'connection-lost',
  'source-silent',
  'dns-failed',
]);

/** One source as somebody who is asked about the bytes of others: what it is still to be asked, and whether it answers. */
export class SampleLane {
  readonly runner: SourceRunner;
  readonly #sampler: Sampler;
  readonly #events: LaneEvents;
  readonly #nowMs: () => number;
  readonly #hasLeftAll: boolean;
  /** Disputed points: everything waits for them. */
  readonly #urgent = new PointQueue();
  readonly #queue = new PointQueue();
  /** Points that another lane is asked about as well: they name a source, but do not prove the file. */
  readonly #extras = new PointQueue();
  #oldestMs = 0;
  /** Questions that are out. */
  readonly #out = new Set<readonly SamplePoint[]>();
  #failures = 0;
  #useless = 0;
  #notBeforeMs = 0;
  #hasAnswered = false;
  #closed = false;
  /** From a question to its answer. */
  #answerMs = 0;

  /** @param hasLeftAll All that an earlier run left came from this source, as it is now. */
  constructor(runner: SourceRunner, sampler: Sampler, events: LaneEvents, nowMs: () => number, hasLeftAll: boolean) {
    this.runner = runner;
    this.#hasLeftAll = hasLeftAll;
    this.#sampler = sampler;
    this.#events = events;
    this.#nowMs = nowMs;
  }

  get isAlive(): boolean {
    return !this.#closed && !this.runner.isStopped && this.#useless < uselessMax;
  }

  /** Of what it brought itself it would say the same again. */
  hasBrought({ deliverer }: Pick<SamplePoint, 'deliverer'>): boolean {
    return deliverer === this.runner.id || (deliverer === fromEarlierRun && this.#hasLeftAll);
  }

  /** Before then it is left alone. */
  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /** It is able to answer, whatever keeps it from that now. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  get isResting(): boolean {
    return this.#nowMs() < this.#notBeforeMs;
  }

  /** In how long something more that it is asked would be answered, about. */
  get answersInMs(): number {
    return this.#msFor(this.#queue.length + 1);
  }

  /** It does not keep up with what others are asked as well. */
  get isBehind(): boolean {
    return this.#msFor(this.#queue.length + this.#extras.length) > behindMs;
  }

  #msFor(points: number): number {
    return this.#answerMs * Math.max(1, points / (this.#sampler.rangesAtOnce * this.#sampler.questionsAtOnce));
  }

  /** Samples that share one question. */
  get rangesAtOnce(): number {
    return this.#sampler.rangesAtOnce;
  }

  add(point: SamplePoint, isExtra = false): void {
    if (this.#queue.length + this.#extras.length === 0) this.#oldestMs = this.#nowMs();
    (isExtra ? this.#extras : this.#queue).push(point);
  }

  addUrgent(point: SamplePoint): void {
    this.#urgent.push(point);
  }

  /** What only it was to be asked. */
  takeRequired(): SamplePoint[] {
    return this.#queue.takeAll();
  }

  /** All that was not answered yet. */
  takeAll(): SamplePoint[] {
    return [...this.#out, ...[this.#urgent, this.#queue, this.#extras].map((queue) => queue.takeAll())].flat();
  }

  /**
   * Asks, where it is worth it.
   * @param hurry Nothing else is waited for any more.
   * @param withExtras There is time for what another lane is asked as well.
   */
  pump(hurry: boolean, withExtras: boolean): void {
    while (this.#out.size < this.#sampler.questionsAtOnce && this.isAlive && !this.isResting) {
      const waiting = this.#queue.length + (withExtras ? this.#extras.length : 0);
      const isDue = hurry || waiting >= batchPoints || this.#nowMs() - this.#oldestMs >= batchWaitMs;
      if (this.#urgent.length === 0 && (waiting === 0 || !isDue)) return;
      const points = this.#nextPoints(withExtras);
      if (points.length === 0) return;
      this.#ask(points);
    }
  }

  #ask(points: readonly SamplePoint[]): void {
    this.#out.add(points);
    const askedMs = this.#nowMs();
    const useless = this.#useless;
    this.#sampler
      .ask(points, this.#events.guess(points))
      .then(
        (answer) => {
          this.#out.delete(points);
          this.#failures = 0;
          const tookMs = this.#nowMs() - askedMs;
          this.#answerMs = this.#hasAnswered ? this.#answerMs * 0.7 + tookMs * 0.3 : tookMs;
          const isUseful = answer.isAsGuessed || answer.parts.some((part) => part !== undefined);
          this.#hasAnswered ||= isUseful;
          // What was asked before it was known that such a question is of no use says nothing more.
          this.#useless = isUseful ? 0 : Math.max(this.#useless, useless + 1);
          if (!this.#closed) this.#events.answered(this, points, answer);
        },
        (error: unknown) => {
          this.#out.delete(points);
          this.#rest(asManygetError(error));
          if (!this.#closed) this.#events.failed(this, points);
        },
      )
      .catch((error: unknown) => this.#events.fault(asManygetError(error)));
  }

  /** What is wrong with a source, the connections that bring the file tell: here it only matters when to come back. */
  #rest({ code, retryAfterMs }: ManygetError): void {
    // One fault ends all questions that are out.
    if (this.isResting) return;
    if (!passing.has(code)) this.#useless += 1;
    const ownMs = Math.min(restMsMax, restMsFirst * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#notBeforeMs = this.#nowMs() + Math.max(restMsFirst, retryAfterMs ?? ownMs);
  }

  close(): void {
    this.#closed = true;
    this.#sampler.close();
  }

  #nextPoints(withExtras: boolean): SamplePoint[] {
    const points: SamplePoint[] = [];
    const { rangesAtOnce } = this.#sampler;
    this.#urgent.takeInto(points, rangesAtOnce);
    this.#queue.takeInto(points, rangesAtOnce);
    if (withExtras) this.#extras.takeInto(points, rangesAtOnce);
    return isAscending(points) ? points : points.sort((a, b) => a.start - b.start);
  }
}

function isAscending(points: readonly SamplePoint[]): boolean {
  let before = -1;
  for (const { start } of points) {
    if (start < before) return false;
    before = start;
  }
  return true;
}

/**
 * There is somebody to ask, and something to ask about. One source alone can be asked about what others brought: those
 * that are gone by now, and those that cannot be asked.
 */
export function canCompare(
  lanes: readonly SampleLane[],
  runners: readonly SourceRunner[],
  ledger: Pick<Ledger, 'deliveredBy'>,
): boolean {
  const [first, second] = lanes;
  if (first === undefined || second !== undefined) return first !== undefined;
  if (runners.some(({ id, writtenBytes }) => writtenBytes > 0 && !first.hasBrought({ deliverer: id }))) return true;
  const deliverer = fromEarlierRun;
  return !first.hasBrought({ deliverer }) && ledger.deliveredBy(deliverer).length > 0;
}

/** The place of the lane, but for the deliverer's, that would answer soonest. */
export function soonest(lanes: readonly SampleLane[], deliverer: SourceId): number {
  let best = 0;
  let bestMs = Infinity;
  for (let i = 0; i < lanes.length; i += 1) {
    const lane = lanes[i];
    if (lane === undefined || lane.runner.id === deliverer || lane.answersInMs >= bestMs) continue;
    best = i;
    bestMs = lane.answersInMs;
  }
  return best;
}
