import { ManygetError } from '../base/errors.js';
import type { SourceId } from '../base/ids.js';
import { fromEarlierRun } from '../core/provenance.js';
import { voteSample, type SampleGroup } from '../core/sample-vote.js';
import type { AuditParts } from './audit.js';
import type { SampleLane, SamplePoint } from './sample-lane.js';

const disputesMax = 4;
/** Who does not say what it holds within this time has no vote. */
const voteMsMax = 3000;

interface Dispute {
  readonly point: SamplePoint;
  readonly claims: Map<SourceId, Uint8Array>;
  readonly sinceMs: number;
}

/**
 * Points at which two sources differ: all are asked what they hold there, and the most win. Tells who is wrong; has
 * nothing fetched itself.
 */
export class SampleDisputes {
  readonly #parts: AuditParts;
  readonly #lanes: () => readonly SampleLane[];
  readonly #onOver: (point: SamplePoint, isAsInFile: boolean) => void;
  readonly #disputes = new Map<SamplePoint, Dispute>();
  #corrected = 0;
  #ties = 0;
  #closed = false;

  /** @param onOver Nobody is to be asked about the point any more; what most hold there is in the file, or is not. */
  constructor(
    parts: AuditParts,
    lanes: () => readonly SampleLane[],
    onOver: (point: SamplePoint, isAsInFile: boolean) => void,
  ) {
    this.#parts = parts;
    this.#lanes = lanes;
    this.#onOver = onOver;
  }

  get count(): number {
    return this.#disputes.size;
  }

  /** What came of the comparisons, as the end of a sentence. */
  get outcome(): string {
    if (this.#ties > 0) return 'no majority says who is right where they differ; the hash of the file does';
    if (this.#corrected > 0) return 'who differed from most was left out, and the file is as the others have it';
    return 'all alike';
  }

  get isFull(): boolean {
    return this.#disputes.size >= disputesMax;
  }

  has(point: SamplePoint): boolean {
    return this.#disputes.has(point);
  }

  begin(point: SamplePoint, claims: Map<SourceId, Uint8Array>): void {
    this.#disputes.set(point, { point, claims, sinceMs: this.#parts.nowMs() });
    for (const lane of this.#lanes()) if (!claims.has(lane.runner.id)) lane.addUrgent(point);
    this.settleIfHeard(point);
  }

  /** What a source holds at a disputed point. */
  claim(point: SamplePoint, source: SourceId, bytes: Uint8Array): void {
    this.#disputes.get(point)?.claims.set(source, bytes);
    this.settleIfHeard(point);
  }

  settleIfHeard(point: SamplePoint): void {
    const dispute = this.#disputes.get(point);
    if (dispute === undefined) return;
    if (this.#lanes().every((lane) => dispute.claims.has(lane.runner.id))) this.#settle(dispute, false);
  }

  /** Time passes: who has not spoken by now is not waited for. */
  tick(): void {
    const nowMs = this.#parts.nowMs();
    for (const dispute of [...this.#disputes.values()]) {
      this.#unhear(dispute);
      if (nowMs - dispute.sinceMs > voteMsMax) this.#settle(dispute, true);
    }
  }

  /** What somebody said who was left out since says nothing; without it there may be no dispute. */
  #unhear({ point, claims }: Dispute): void {
    // Where nobody has spoken yet, somebody may.
    if (claims.size === 0) return;
    for (const source of claims.keys()) {
      if (this.#parts.runners[source]?.state === 'quarantined') claims.delete(source);
    }
    if (claims.size > 0) return;
    this.#disputes.delete(point);
    this.#onOver(point, false);
  }

  /** The bytes there are gone, or others. */
  dropStale(): void {
    for (const point of [...this.#disputes.keys()]) if (point.isStale) this.#disputes.delete(point);
  }

  close(): void {
    this.#closed = true;
  }

  /** @param isLast Nobody is waited for any more. */
  #settle(dispute: Dispute, isLast: boolean): void {
    const { point, claims } = dispute;
    if (!this.#disputes.delete(point)) return;
    const { runners, trusts, endIsKnown } = this.#parts;
    const disk = bytesInFile(this.#parts, point);
    const deliverer = runners[point.deliverer];
    // Who cannot be asked any more is taken at what it gave.
    if (deliverer?.isStopped === false && !claims.has(deliverer.id)) claims.set(deliverer.id, disk);
    const trusted = new Set(runners.filter(trusts).map((runner) => runner.id));
    const vote = voteSample(
      [...claims].map(([source, bytes]) => ({ source, bytes })),
      trusted,
    );
    // A tie is not final while there is somebody who may yet break it, though it cannot be asked at this moment.
    const mayBreak = runners.some((runner) => !runner.isStopped && !claims.has(runner.id));
    if (vote.kind === 'tie' && !isLast && mayBreak) {
      this.#disputes.set(point, dispute);
      return;
    }
    point.isStale = true;
    const isAsInFile = vote.kind === 'decided' && Buffer.compare(disk, vote.right.bytes) === 0;
    this.#onOver(point, isAsInFile);
    if (vote.kind === 'tie') {
      if (vote.groups.length > 1) this.#ties += 1;
      if (vote.groups.length > 1 && !endIsKnown) this.#parts.onFail(this.#disagree(vote.groups, point.start));
      return;
    }
    const { right } = vote;
    let isOut = false;
    for (const source of vote.wrong.flatMap((group) => group.sources)) {
      const runner = runners[source];
      if (runner === undefined || runner.isStopped) continue;
      this.#corrected += 1;
      isOut ||= source === point.deliverer;
      this.#parts.onWrong(runner, this.#odd(runner, right, point.start));
    }
    if (isOut || isAsInFile || this.#closed) return;
    this.#corrected += 1;
    const who = deliverer?.source.label ?? 'an earlier run';
    const reason = `what ${who} gave is not what ${this.#names(right)} hold at byte ${point.start}: it is fetched again`;
    this.#parts.onSpoilt(point.deliverer, point.start, reason);
  }

  #names(group: SampleGroup): string {
    return group.sources
      .map((s) => (s === fromEarlierRun ? 'an earlier run' : (this.#parts.runners[s]?.source.label ?? '')))
      .join(', ');
  }

  #odd(runner: AuditParts['runners'][number], right: SampleGroup, offset: number): ManygetError {
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

/** What is in the file at that point. */
export function bytesInFile({ part }: AuditParts, point: SamplePoint): Uint8Array {
  const bytes = new Uint8Array(point.end - point.start);
  part.read(bytes, point.start);
  return bytes;
}
