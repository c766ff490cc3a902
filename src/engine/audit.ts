import { ManygetError } from '../base/errors.js';
import type { PieceIndex, SourceId } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import type { Ledger } from '../core/ledger.js';
import { fromEarlierRun } from '../core/provenance.js';
import { gridPhase, othersPerPoint, sampleAt, sampleLimits, stretchCount } from '../core/sample-plan.js';
import { voteSample, type SampleGroup } from '../core/sample-vote.js';
import type { SampleAnswer } from '../sources/source.js';
import type { PartFile } from '../store/part-file.js';
import { SampleLane, type LaneEvents, type SamplePoint } from './sample-lane.js';
import type { SourceRunner } from './source-runner.js';

/** All bytes are here and no answer came for so long: the rest stays uncompared. */
const patienceMsMax = 3000;
const disputesMax = 4;
/** Of the time until all bytes were here, so much is spent on comparisons that do not prove the file. */
const extraTimeShare = 0.02;
const extraMsMin = 1000;

export interface AuditParts {
  readonly part: PartFile;
  readonly ledger: Ledger;
  readonly runners: readonly SourceRunner[];
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
  readonly onTie: (error: ManygetError) => void;
  /** All that can be compared was compared. */
  readonly onSettled: () => void;
}

interface Dispute {
  readonly point: SamplePoint;
  readonly claims: Map<SourceId, Uint8Array>;
  readonly sinceMs: number;
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
  readonly #phases = new Map<SourceId, number>();
  /** Pieces whose points were given to lanes. */
  readonly #queued: Uint8Array;
  readonly #compared: Uint8Array;
  readonly #pending = new Set<SamplePoint>();
  readonly #disputes = new Set<Dispute>();
  readonly #costBytesMax: number;
  #costBytes = 0;
  #samples = 0;
  #turn = 0;
  #progressMs = 0;
  #receivedMs: number | undefined;
  #closed = false;
  #gaveUp = false;

  constructor(parts: AuditParts) {
    this.#parts = parts;
    const { sizeBytes, pieceCount } = parts.ledger;
    this.#queued = new Uint8Array(pieceCount);
    this.#compared = new Uint8Array(stretchCount(sizeBytes));
    this.#costBytesMax = Math.max(sampleLimits.costBytesMin, sizeBytes * sampleLimits.costShareMax);
  }

  /** What was compared, for people; undefined where nobody could be. */
  get summary(): string | undefined {
    if (this.#samples === 0) return undefined;
    const compared = this.#compared.reduce((sum, flag) => sum + flag, 0);
    return `compared ${compared} of ${this.#compared.length} stretches of 64 KiB with what other sources hold, for ${formatBytes(this.#costBytes)}: all alike`;
  }

  get costBytes(): number {
    return this.#costBytes;
  }

  get lanes(): SampleLane[] {
    return [...this.#lanes.values()].filter((lane) => lane.isAlive);
  }

  /** True where nothing is left to compare, or nobody to compare with. */
  get isSettled(): boolean {
    if (this.#closed) return true;
    if (this.#disputes.size > 0) return false;
    return this.#gaveUp || this.lanes.length < 2 || this.#pending.size === 0;
  }

  /** Time passes, or all bytes are here. */
  tick(): void {
    if (this.#closed) return;
    const nowMs = this.#parts.nowMs();
    this.#meetSources();
    for (const dispute of [...this.#disputes]) if (nowMs - dispute.sinceMs > patienceMsMax) this.#settle(dispute);
    if (this.lanes.length < 2) return;
    const { ledger } = this.#parts;
    for (let i = 0; i < this.#queued.length; i += 1) {
      if (this.#queued[i] !== 0 || ledger.pieceState(i as PieceIndex) !== 'complete') continue;
      this.#queued[i] = 1;
      this.#queuePiece(i as PieceIndex, nowMs);
    }
    if (ledger.isReceived) this.#dropExtras(nowMs);
    this.#pump();
    if (!ledger.isReceived || this.#pending.size === 0) this.#progressMs = nowMs;
    else if (nowMs - this.#progressMs > patienceMsMax) this.#giveUp();
  }

  /** [start, end) of the file is missing again. */
  forget(start: number, end: number): void {
    if (start >= end) return;
    const { ledger } = this.#parts;
    this.#gaveUp = false;
    this.#receivedMs = undefined;
    for (let i = ledger.pieceAt(start); i <= ledger.pieceAt(end - 1); i = (i + 1) as PieceIndex) this.#queued[i] = 0;
    const first = Math.floor(start / sampleLimits.stretchBytes);
    this.#compared.fill(0, first, Math.ceil(end / sampleLimits.stretchBytes));
    for (const point of [...this.#pending]) {
      if (point.start >= end || point.end <= start) continue;
      point.isStale = true;
      this.#pending.delete(point);
    }
    for (const dispute of [...this.#disputes]) if (dispute.point.isStale) this.#disputes.delete(dispute);
  }

  /** Has all sources say what they hold at [start, start + bytes). */
  ask(start: number, bytes: number, deliverer: SourceId): void {
    const stretch = Math.floor(start / sampleLimits.stretchBytes);
    this.#begin({ start, end: start + bytes, stretch, deliverer, isStale: false, awaited: 1 }, new Map());
  }

  /** Two sources differ: all say what they hold there. */
  #dispute(point: SamplePoint, source: SourceId, bytes: Uint8Array): void {
    if (this.#disputes.size >= disputesMax) {
      this.#lanes.get(source)?.add(point, this.#parts.nowMs());
      return;
    }
    this.#begin(point, new Map([[source, bytes]]));
  }

  #begin(point: SamplePoint, claims: Map<SourceId, Uint8Array>): void {
    const dispute: Dispute = { point, claims, sinceMs: this.#parts.nowMs() };
    this.#disputes.add(dispute);
    this.#pending.add(point);
    for (const lane of this.lanes) if (!claims.has(lane.runner.id)) lane.addUrgent(point);
    this.#settleIfHeard(dispute);
    this.#pump();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const lane of this.#lanes.values()) lane.close();
  }

  // What the lanes tell.

  answered(lane: SampleLane, points: readonly SamplePoint[], answer: SampleAnswer): void {
    const { nowMs } = this.#parts;
    this.#costBytes += answer.costBytes;
    this.#progressMs = nowMs();
    for (const [i, point] of points.entries()) {
      const bytes = answer.parts[i];
      if (point.isStale || this.#closed) continue;
      if (bytes === undefined) this.#retry(lane, point);
      else this.#compare(lane, point, bytes);
    }
    this.#afterAnswer();
  }

  failed(lane: SampleLane, points: readonly SamplePoint[]): void {
    for (const point of points) if (!point.isStale) this.#retry(lane, point);
    this.#afterAnswer();
  }

  #afterAnswer(): void {
    if (this.#closed) return;
    this.#meetSources();
    if (this.#parts.ledger.isReceived) this.#dropExtras(this.#parts.nowMs());
    this.#pump();
    if (this.isSettled) this.#parts.onSettled();
  }

  #retry(lane: SampleLane, point: SamplePoint): void {
    const dispute = this.#disputeOf(point);
    if (lane.isAlive) {
      if (dispute === undefined) lane.add(point, this.#parts.nowMs());
      else lane.addUrgent(point);
    } else if (dispute !== undefined) this.#settleIfHeard(dispute);
    else this.#answeredOne(point);
  }

  #compare(lane: SampleLane, point: SamplePoint, bytes: Uint8Array): void {
    const dispute = this.#disputeOf(point);
    if (dispute !== undefined) {
      dispute.claims.set(lane.runner.id, bytes);
      this.#settleIfHeard(dispute);
      return;
    }
    this.#samples += 1;
    if (Buffer.compare(this.#onDisk(point), bytes) !== 0) {
      this.#dispute(point, lane.runner.id, bytes);
      return;
    }
    if (lane.runner.id !== point.deliverer) this.#compared[point.stretch] = 1;
    this.#answeredOne(point);
  }

  #answeredOne(point: SamplePoint): void {
    point.awaited -= 1;
    if (point.awaited <= 0) this.#pending.delete(point);
  }

  #settleIfHeard(dispute: Dispute): void {
    if (this.lanes.every((lane) => dispute.claims.has(lane.runner.id))) this.#settle(dispute);
  }

  #settle(dispute: Dispute): void {
    const { point, claims } = dispute;
    if (!this.#disputes.delete(dispute)) return;
    this.#pending.delete(point);
    point.isStale = true;
    const { runners, trusts, endIsKnown } = this.#parts;
    const disk = this.#onDisk(point);
    const deliverer = runners[point.deliverer];
    // Who cannot be asked any more is taken at what it gave.
    if (deliverer?.isStopped === false && !claims.has(deliverer.id)) claims.set(deliverer.id, disk);
    const trusted = new Set(runners.filter(trusts).map((runner) => runner.id));
    const vote = voteSample(
      [...claims].map(([source, bytes]) => ({ source, bytes })),
      trusted,
    );
    if (vote.kind === 'tie') {
      if (vote.groups.length > 1 && !endIsKnown) this.#parts.onTie(this.#disagree(vote.groups, point.start));
      return;
    }
    const { right } = vote;
    for (const source of vote.wrong.flatMap((group) => group.sources)) {
      const runner = runners[source];
      if (runner !== undefined) this.#parts.onWrong(runner, this.#odd(runner, right, point.start));
    }
    const isOut = vote.wrong.some((group) => group.sources.includes(point.deliverer));
    if (isOut || this.#closed || Buffer.compare(disk, right.bytes) === 0) return;
    const who = deliverer?.source.label ?? 'an earlier run';
    const reason = `what ${who} gave is not what ${this.#names(right)} hold at byte ${point.start}: it is fetched again`;
    this.#parts.onSpoilt(point.deliverer, point.start, reason);
  }

  /** Sources come, and go. */
  #meetSources(): void {
    for (const runner of this.#parts.runners) {
      const lane = this.#lanes.get(runner.id);
      if (lane !== undefined && !lane.isAlive) this.#leave(lane);
      if (lane !== undefined || runner.isStopped || this.#gone.has(runner.id)) continue;
      const sampler = runner.info?.traits.ranges === true ? runner.source.sampler?.() : undefined;
      if (sampler !== undefined) this.#lanes.set(runner.id, new SampleLane(runner, sampler, this));
    }
  }

  /** What one was to be asked, others are. */
  #leave(lane: SampleLane): void {
    this.#lanes.delete(lane.runner.id);
    this.#gone.add(lane.runner.id);
    lane.close();
    for (const point of lane.takeAll()) {
      if (point.isStale) continue;
      const dispute = this.#disputeOf(point);
      if (dispute !== undefined) this.#settleIfHeard(dispute);
      else {
        const other = this.lanes.find((l) => l.runner.id !== point.deliverer);
        if (other === undefined) this.#answeredOne(point);
        else other.add(point, this.#parts.nowMs());
      }
    }
  }

  #queuePiece(piece: PieceIndex, nowMs: number): void {
    const { ledger } = this.#parts;
    const range = ledger.pieceRange(piece);
    const costBytes = this.#sampleCostBytes();
    const every = Math.ceil(costBytes / (sampleLimits.stretchBytes * sampleLimits.costShareMax));
    const others = othersPerPoint(this.lanes.length, costBytes);
    for (let at = range.start; at < range.end; at += sampleLimits.stretchBytes) {
      const stretch = Math.floor(at / sampleLimits.stretchBytes);
      if (stretch % every !== 0 || this.#costBytes > this.#costBytesMax) continue;
      const seen = new Set<SourceId>();
      for (const run of ledger.runs(at, Math.min(range.end, at + sampleLimits.stretchBytes))) {
        if (seen.has(run.source)) continue;
        const grid = sampleAt(stretch, this.#phaseOf(run.source), ledger.sizeBytes);
        const isIn = grid.start >= run.start && grid.end <= run.end;
        if (isIn) seen.add(run.source);
        const start = isIn ? grid.start : run.start;
        const end = isIn ? grid.end : Math.min(run.end, run.start + sampleLimits.sampleBytes);
        this.#queuePoint({ start, end, stretch, deliverer: run.source, isStale: false, awaited: 0 }, others, nowMs);
      }
    }
  }

  #queuePoint(point: SamplePoint, others: number, nowMs: number): void {
    const lanes = this.lanes.filter((lane) => lane.runner.id !== point.deliverer);
    this.#turn += 1;
    for (let i = 0; i < Math.min(others, lanes.length); i += 1) {
      lanes[(this.#turn + i) % lanes.length]?.add(point, nowMs, i > 0);
      point.awaited += 1;
    }
    if (point.awaited > 0) this.#pending.add(point);
  }

  #pump(): void {
    const nowMs = this.#parts.nowMs();
    const hurry = this.#parts.ledger.isReceived || this.#disputes.size > 0;
    for (const lane of this.lanes) lane.pump(nowMs, hurry);
  }

  /** All bytes are here: what only names sources is worth a short wait. */
  #dropExtras(nowMs: number): void {
    this.#receivedMs ??= nowMs;
    if (nowMs - this.#receivedMs < Math.max(extraMsMin, this.#receivedMs * extraTimeShare)) return;
    for (const point of this.#pending) {
      if (this.#compared[point.stretch] !== 1 || this.#disputeOf(point) !== undefined) continue;
      point.awaited = 0;
      this.#pending.delete(point);
    }
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#pending.clear();
    for (const lane of this.lanes) lane.takeAll();
    this.#parts.onSettled();
  }

  /** As measured, once there is something to measure. */
  #sampleCostBytes(): number {
    if (this.#samples >= 64) return this.#costBytes / this.#samples;
    return this.lanes.some((lane) => lane.rangesAtOnce === 1) ? 600 : sampleLimits.sampleCostBytes;
  }

  #phaseOf(source: SourceId): number {
    let phase = this.#phases.get(source);
    if (phase === undefined) {
      phase = gridPhase(this.#parts.random());
      this.#phases.set(source, phase);
    }
    return phase;
  }

  #disputeOf(point: SamplePoint): Dispute | undefined {
    for (const dispute of this.#disputes) if (dispute.point === point) return dispute;
    return undefined;
  }

  #onDisk(point: SamplePoint): Uint8Array {
    const bytes = new Uint8Array(point.end - point.start);
    this.#parts.part.read(bytes, point.start);
    return bytes;
  }

  #names(group: SampleGroup): string {
    return group.sources
      .map((s) => (s === fromEarlierRun ? 'an earlier run' : (this.#parts.runners[s]?.source.label ?? '')))
      .join(', ');
  }

  #odd(runner: SourceRunner, right: SampleGroup, offset: number): ManygetError {
    const text = `${runner.source.label} holds other bytes at byte ${offset} than ${this.#names(right)}; it is left out, and what it gave is fetched again`;
    return new ManygetError('content-differs', text);
  }

  #disagree(groups: readonly SampleGroup[], offset: number): ManygetError {
    const parts = groups.map((g) => `${Buffer.from(g.bytes).toString('hex')} at ${this.#names(g)}`);
    return new ManygetError(
      'sources-disagree',
      `the sources hold different bytes and no majority says which are right: at byte ${offset} ${parts.join('; ')}; --trust names the one to believe`,
    );
  }
}
