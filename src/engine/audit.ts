import type { ManygetError } from '../base/errors.js';
import type { SourceId } from '../base/ids.js';
import { latin1 } from '../base/latin1.js';
import { formatBytes } from '../base/units.js';
import type { Ledger } from '../core/ledger.js';
import type { Run } from '../core/provenance.js';
import { othersPerPoint, sampleLimits, stretchCount } from '../core/sample-plan.js';
import type { SampleAnswer } from '../sources/source.js';
import type { PartFile } from '../store/part-file.js';
import { AuditPace } from './audit-pace.js';
import { DueStretches } from './due-stretches.js';
import { EarlyPoints } from './early-points.js';
import { KeptSamples } from './kept-samples.js';
import { bytesInFile, SampleDisputes } from './sample-disputes.js';
import { canCompare, SampleLane, soonest, type LaneEvents, type SamplePoint } from './sample-lane.js';
import { SamplePlaces } from './sample-places.js';
import type { SourceRunner } from './source-runner.js';

/** All bytes are here and no answer came for so long: the rest stays uncompared. */
const patienceMsMax = 3000;
/** So much longer while somebody who has answered before asked to be left alone for a while. */
const restingMsMax = 10_000;
const nothingCompared = 'nothing was compared with what other sources hold: none has answered in time';

/** With so many answers' time left, and so much more, questions go ahead of the bytes that they are about. */
const aheadAnswers = 1.5;
const aheadMsMin = 50;
const aheadMsMax = 1500;

export interface AuditParts {
  readonly part: PartFile;
  readonly ledger: Ledger;
  readonly runners: readonly SourceRunner[];
  /** All that an earlier run left came from this source, as it is now: it would confirm itself. */
  readonly hasLeftAll: (runner: SourceRunner) => boolean;
  /** Who is to deliver what is missing, as far as that was asked for. */
  readonly ordered: () => readonly Run[];
  /** Whom the user believes, whatever the others say. */
  readonly trusts: (runner: SourceRunner) => boolean;
  /** A hash of the whole file will decide in the end: sources that differ one against one stop nothing. */
  readonly endIsKnown: boolean;
  readonly random: () => number;
  readonly nowMs: () => number;
  /** It holds other bytes than the file has. */
  readonly onWrong: (runner: SourceRunner, error: ManygetError) => void;
  /** What is in the file there, and whatever came with it, is not what the sources hold. */
  readonly onSpoilt: (deliverer: SourceId, offset: number, reason: string) => void;
  /** Sources differ one against one and no hash will decide, or the file cannot be read: the download ends. */
  readonly onFail: (error: ManygetError) => void;
  /** All that can be compared was compared. */
  readonly onSettled: () => void;
}

/**
 * Compares sources of which no hash is known, while the download runs: samples of what one brought are read from
 * others (`core/sample-plan.ts` says where, `docs/integrity.md` how much that proves). Where they differ, all are asked,
 * and the minority is told to the assembly.
 *
 * Invariant: a point counts as compared only with the bytes that are in the file: whoever takes bytes out of the file
 * says so with `forget`.
 */
export class Audit implements LaneEvents {
  readonly #parts: AuditParts;
  readonly #lanes = new Map<SourceId, SampleLane>();
  readonly #gone = new Set<SourceId>();
  readonly #due: DueStretches;
  readonly #compared: Uint8Array;
  readonly #pending = new Set<SamplePoint>();
  readonly #places: SamplePlaces;
  readonly #early = new EarlyPoints();
  readonly #disputes: SampleDisputes;
  readonly #kept: KeptSamples;
  readonly #pace: AuditPace;
  #samples = 0;
  #turn = 0;
  #isAhead = false;
  #progressMs = 0;
  #closed = false;
  #gaveUp = false;

  constructor(parts: AuditParts) {
    this.#parts = parts;
    const { sizeBytes } = parts.ledger;
    this.#pace = new AuditPace(parts.ledger);
    this.#due = new DueStretches(parts.ledger);
    this.#compared = new Uint8Array(stretchCount(sizeBytes));
    this.#places = new SamplePlaces(parts.ledger, parts.random);
    this.#kept = new KeptSamples(sizeBytes, (source) => this.#places.phaseOf(source));
    this.#disputes = new SampleDisputes(
      parts,
      () => this.lanes,
      (point, isAsInFile) => {
        this.#drop(point);
        if (isAsInFile) this.#compared[point.stretch] = 1;
      },
    );
  }

  /** What was compared, for people; undefined where there was nobody to compare with. */
  get summary(): string | undefined {
    if (this.#samples === 0) return this.#turn === 0 ? undefined : nothingCompared;
    const compared = this.#compared.reduce((sum, flag) => sum + flag, 0);
    return `compared ${compared} of ${this.#compared.length} stretches of 64 KiB with what other sources hold, for ${formatBytes(this.#places.costBytes)}: ${this.#disputes.outcome}`;
  }

  get lanes(): SampleLane[] {
    return [...this.#lanes.values()].filter((lane) => lane.isAlive);
  }

  /** True where nothing is left to compare, or nobody to compare with. */
  get isSettled(): boolean {
    if (this.#closed) return true;
    if (this.#disputes.count > 0) return false;
    return this.#gaveUp || this.lanes.length === 0 || this.#pending.size === 0;
  }

  /** Time passes, or all bytes are here. @param busy How much of the time this process was at work, 0 to 1. */
  tick(busy: number): void {
    if (this.#closed) return;
    const nowMs = this.#parts.nowMs();
    this.#pace.tick(nowMs, busy);
    this.#meetSources();
    this.#disputes.tick();
    const lanes = this.lanes;
    const { ledger } = this.#parts;
    if (!canCompare(lanes, this.#parts.runners, ledger)) return;
    const costBytes = this.#sampleCostBytes();
    for (const range of this.#due.take(this.#pace.isEnding)) this.#queue(this.#places.of(range, costBytes), lanes);
    this.#isAhead = !ledger.isReceived && this.#pace.leftMs < aheadMs(lanes);
    if (this.#isAhead) this.#askAhead(lanes, costBytes);
    if (ledger.isReceived) this.#hurryUp(nowMs);
    this.#pump();
    if (!ledger.isReceived || this.#pending.size === 0) this.#progressMs = nowMs;
    else if (nowMs - this.#progressMs > this.#patienceMs(nowMs)) this.#giveUp();
  }

  /** `source` brought these bytes, and they are in the file from `start` on. */
  booked(bytes: Uint8Array, start: number, source: SourceId): void {
    if (!this.#closed) this.#kept.note(bytes, start, source);
  }

  /** [start, end) of the file is missing again. */
  forget(start: number, end: number): void {
    if (start >= end) return;
    this.#gaveUp = false;
    this.#pace.goOn();
    this.#due.forget(start, end);
    const first = Math.floor(start / sampleLimits.stretchBytes);
    this.#compared.fill(0, first, Math.ceil(end / sampleLimits.stretchBytes));
    for (const point of [...this.#pending]) {
      if (point.start >= end || point.end <= start) continue;
      point.isStale = true;
      this.#pending.delete(point);
    }
    this.#disputes.dropStale();
    this.#kept.forget(start, end);
    this.#early.forget(start, end);
  }

  /** Has all sources say what they hold at [start, start + bytes). */
  ask(start: number, bytes: number, deliverer: SourceId): void {
    const stretch = Math.floor(start / sampleLimits.stretchBytes);
    this.#begin({ start, end: start + bytes, stretch, deliverer, isStale: false, awaited: 1 }, new Map());
  }

  /** Two sources differ: all say what they hold there. */
  #begin(point: SamplePoint, claims: Map<SourceId, Uint8Array>): void {
    this.#pending.add(point);
    this.#disputes.begin(point, claims);
    this.#pump();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disputes.close();
    for (const lane of this.#lanes.values()) lane.close();
  }

  // What the lanes ask and tell.

  guess(points: readonly SamplePoint[]): string[] | undefined {
    // What is said about a disputed point is kept, whatever it is.
    if (this.#disputes.count > 0 || points.some((point) => this.#early.has(point))) return undefined;
    return points.map((point) => this.#textAt(point));
  }

  answered(lane: SampleLane, points: readonly SamplePoint[], answer: SampleAnswer): void {
    this.#places.costBytes += answer.costBytes;
    this.#progressMs = this.#parts.nowMs();
    for (let i = 0; i < points.length && !this.#closed; i += 1) {
      const point = points[i];
      if (point === undefined || point.isStale) continue;
      // It may be disputed by now.
      if (answer.isAsGuessed && !this.#disputes.has(point)) {
        this.#agrees(lane.runner.id, point);
        continue;
      }
      const bytes = answer.isAsGuessed ? bytesInFile(this.#parts, point) : answer.parts[i];
      if (bytes === undefined) this.#retry(lane, point);
      else if (this.#early.has(point)) this.#early.note(point, lane, bytes);
      else this.#compare(lane, point, bytes);
    }
    this.#afterAnswer();
  }

  failed(lane: SampleLane, points: readonly SamplePoint[]): void {
    for (const point of points) if (!point.isStale) this.#retry(lane, point);
    this.#afterAnswer();
  }

  fault(error: ManygetError): void {
    this.#parts.onFail(error);
  }

  #afterAnswer(): void {
    if (this.#closed) return;
    this.#meetSources();
    if (this.#parts.ledger.isReceived) this.#hurryUp(this.#parts.nowMs());
    this.#pump();
    if (this.isSettled) this.#parts.onSettled();
  }

  #retry(lane: SampleLane, point: SamplePoint): void {
    if (this.#disputes.has(point)) {
      if (lane.isAlive) lane.addUrgent(point);
      else this.#disputes.settleIfHeard(point);
    } else if (lane.isAlive) lane.add(point);
    else this.#askAnother(lane, point);
  }

  #compare(lane: SampleLane, point: SamplePoint, bytes: Uint8Array): void {
    const source = lane.runner.id;
    if (this.#disputes.has(point)) {
      this.#disputes.claim(point, source, bytes);
      return;
    }
    if (this.#textAt(point) === latin1(bytes)) this.#agrees(source, point);
    else if (this.#disputes.isFull) lane.add(point);
    else this.#begin(point, new Map([[source, bytes]]));
  }

  #agrees(source: SourceId, point: SamplePoint): void {
    this.#samples += 1;
    if (source !== point.deliverer) this.#compared[point.stretch] = 1;
    this.#answeredOne(point);
  }

  /** What is in the file there, a character for each byte. */
  #textAt(point: SamplePoint): string {
    return this.#kept.textAt(point) ?? latin1(bytesInFile(this.#parts, point));
  }

  #answeredOne(point: SamplePoint): void {
    point.awaited -= 1;
    if (point.awaited <= 0) this.#pending.delete(point);
  }

  /** No answer about it is waited for any more. */
  #drop(point: SamplePoint): void {
    point.awaited = 0;
    this.#pending.delete(point);
  }

  /** Sources come, and go. */
  #meetSources(): void {
    for (const runner of this.#parts.runners) {
      const lane = this.#lanes.get(runner.id);
      if (lane !== undefined && !lane.isAlive) this.#leave(lane);
      if (lane !== undefined || runner.isStopped || this.#gone.has(runner.id)) continue;
      const sampler = runner.info?.traits.ranges === true ? runner.source.sampler?.() : undefined;
      if (sampler === undefined) continue;
      const { nowMs, hasLeftAll } = this.#parts;
      this.#lanes.set(runner.id, new SampleLane(runner, sampler, this, nowMs, hasLeftAll(runner)));
    }
  }

  /** What one was to be asked, others are. */
  #leave(lane: SampleLane): void {
    this.#lanes.delete(lane.runner.id);
    this.#gone.add(lane.runner.id);
    lane.close();
    for (const point of lane.takeAll()) {
      if (point.isStale) continue;
      if (this.#disputes.has(point)) this.#disputes.settleIfHeard(point);
      else if (point.awaited > 1 || this.#compared[point.stretch] === 1) this.#answeredOne(point);
      else this.#askAnother(lane, point);
    }
  }

  #askAnother(lane: SampleLane, point: SamplePoint): void {
    const others = this.lanes.filter((l) => l !== lane && !l.hasBrought(point));
    const other = others.find((l) => !l.isResting) ?? others[0];
    if (other === undefined) this.#answeredOne(point);
    else other.add(point);
  }

  /** Bytes are here: has them compared at these points, unless that was done ahead. */
  #queue(points: readonly SamplePoint[], lanes: readonly SampleLane[]): void {
    const ask = this.#asker(lanes);
    for (const found of points) {
      const early = this.#early.take(found);
      const point = early?.point ?? found;
      if (early === undefined) ask(point);
      if (point.awaited > 0) this.#pending.add(point);
      for (const [lane, bytes] of early?.claims ?? []) this.#compare(lane, point, bytes);
    }
  }

  /** The last bytes are on their way: what others hold there is here when they are. */
  #askAhead(lanes: readonly SampleLane[], costBytes: number): void {
    const ask = this.#asker(lanes);
    for (const order of this.#parts.ordered()) {
      const points = this.#places.ahead(order, costBytes, (stretch, source) => this.#early.knows(stretch, source));
      for (const point of points) {
        this.#early.add(point);
        ask(point);
      }
    }
  }

  /** Has the lanes asked about points, as they are now. */
  #asker(lanes: readonly SampleLane[]): (point: SamplePoint) => void {
    const others = othersPerPoint(lanes.length, this.#sampleCostBytes());
    // Who asked to be left alone is asked later, and proves nothing until then.
    const groups = [lanes.filter((lane) => !lane.isResting), lanes.filter((lane) => lane.isResting)];
    // Those who do not keep up are asked for nothing more than they have to be. Unless it is we who put that off.
    const behind = this.#pace.hasTimeForExtras ? lanes.filter((lane) => lane.isBehind) : [];
    return (point) => this.#askLanes(point, others, groups, behind);
  }

  #askLanes(
    point: SamplePoint,
    others: number,
    groups: readonly (readonly SampleLane[])[],
    behind: readonly SampleLane[],
  ): void {
    this.#turn += 1;
    for (const lanes of groups) {
      // What proves the file is asked of who answers soonest where it may be waited for.
      const first = this.#pace.isEnding ? soonest(lanes, point.deliverer) : this.#turn;
      for (let i = 0; i < lanes.length && point.awaited < others; i += 1) {
        const lane = lanes[(first + i) % lanes.length];
        if (lane === undefined || lane.hasBrought(point)) continue;
        if (point.awaited > 0 && behind.includes(lane)) continue;
        lane.add(point, point.awaited > 0);
        point.awaited += 1;
      }
    }
  }

  #pump(): void {
    const hurry = this.#isAhead || this.#pace.isEnding || this.#disputes.count > 0;
    for (const lane of this.lanes) lane.pump(hurry, hurry || this.#pace.hasTimeForExtras);
  }

  /** All bytes are here: who rests is not waited for where another can answer, and what only names sources for a short time. */
  #hurryUp(nowMs: number): void {
    const awake = this.lanes.filter((lane) => !lane.isResting);
    for (const lane of this.lanes) {
      if (awake.includes(lane)) continue;
      for (const point of lane.takeRequired()) {
        const isProved = this.#compared[point.stretch] === 1;
        if (isProved || !awake.some((other) => !other.hasBrought(point))) lane.add(point, isProved);
        else if (!point.isStale) this.#askAnother(lane, point);
      }
    }
    if (!this.#pace.isOver(nowMs, this.#progressMs)) return;
    for (const point of this.#pending) {
      if (this.#compared[point.stretch] === 1 && !this.#disputes.has(point)) this.#drop(point);
    }
  }

  /** How long to wait for an answer, once nothing else is left to do. */
  #patienceMs(nowMs: number): number {
    const resting = this.lanes.filter((lane) => lane.isResting && lane.hasAnswered);
    const soonestMs = Math.min(...resting.map((lane) => lane.notBeforeMs));
    return soonestMs - nowMs <= restingMsMax ? restingMsMax + patienceMsMax : patienceMsMax;
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#pending.clear();
    for (const lane of this.lanes) lane.takeAll();
    this.#parts.onSettled();
  }

  /** As measured, once there is something to measure. */
  #sampleCostBytes(): number {
    if (this.#samples >= 64) return this.#places.costBytes / this.#samples;
    return this.lanes.some((lane) => lane.rangesAtOnce === 1) ? 600 : sampleLimits.sampleCostBytes;
  }
}

/** Whoever is asked with so much time left answers before all bytes are here, or about then. */
function aheadMs(lanes: readonly SampleLane[]): number {
  const longest = Math.max(...lanes.filter((lane) => !lane.isBehind).map((lane) => lane.answersInMs));
  return Math.min(aheadMsMax, aheadMsMin + longest * aheadAnswers);
}
