import type { ByteRange } from '../base/byte-range.js';
import type { SourceId } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import type { Run } from '../core/provenance.js';
import { gridPhase, sampleAt, sampleLimits } from '../core/sample-plan.js';
import type { SamplePoint } from './sample-lane.js';

const { stretchBytes, sampleBytes, costBytesMin, costShareMax, pointsMin } = sampleLimits;

/** Where sources are compared, each on a grid of its own, within what that may cost. Asks nobody. */
export class SamplePlaces {
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #phases = new Map<SourceId, number>();
  /** Points of what each source delivered that were to be compared. */
  readonly #pointsOf = new Map<SourceId, number>();
  readonly #costBytesMax: number;
  /** Of questions and answers so far, which the audit counts. */
  costBytes = 0;

  constructor(ledger: Ledger, random: () => number) {
    this.#ledger = ledger;
    this.#random = random;
    this.#costBytesMax = Math.max(costBytesMin, ledger.sizeBytes * costShareMax);
  }

  /** How far from the starts of stretches what `source` delivers is compared. */
  phaseOf(source: SourceId): number {
    let phase = this.#phases.get(source);
    if (phase === undefined) {
      phase = gridPhase(this.#random());
      this.#phases.set(source, phase);
    }
    return phase;
  }

  /**
   * The points of whole stretches that are here: one for each source that delivered in one.
   * @param sampleCostBytes Of one answer about one point.
   */
  of(range: ByteRange, sampleCostBytes: number): SamplePoint[] {
    const { sizeBytes } = this.#ledger;
    const points: SamplePoint[] = [];
    const every = stretchesPerPoint(sampleCostBytes);
    const rangeRuns = this.#ledger.runs(range.start, range.end);
    const isOnes = rangeRuns.length === 1;
    for (let at = range.start; at < range.end; at += stretchBytes) {
      const stretch = Math.floor(at / stretchBytes);
      if (stretch % every !== 0) continue;
      const runs = isOnes ? rangeRuns : this.#ledger.runs(at, Math.min(range.end, at + stretchBytes));
      let seen: Set<SourceId> | undefined;
      for (const run of runs) {
        if (seen?.has(run.source) === true || !this.#isWorth(run.source)) continue;
        const grid = sampleAt(stretch, this.phaseOf(run.source), sizeBytes);
        const isIn = grid.start >= run.start && grid.end <= run.end;
        if (isIn && !isOnes) (seen ??= new Set()).add(run.source);
        const start = isIn ? grid.start : run.start;
        const end = isIn ? grid.end : Math.min(run.end, run.start + sampleBytes);
        points.push({ start, end, stretch, deliverer: run.source, isStale: false, awaited: 0 });
      }
    }
    return points;
  }

  /** The points of what `order.source` is to deliver there, but for those that are `known`. */
  ahead(order: Run, sampleCostBytes: number, known: (stretch: number, deliverer: SourceId) => boolean): SamplePoint[] {
    const points: SamplePoint[] = [];
    const every = stretchesPerPoint(sampleCostBytes);
    const phase = this.phaseOf(order.source);
    for (let stretch = Math.floor(order.start / stretchBytes); stretch * stretchBytes < order.end; stretch += 1) {
      const { start, end } = sampleAt(stretch, phase, this.#ledger.sizeBytes);
      if (stretch % every !== 0 || start < order.start || end > order.end || known(stretch, order.source)) continue;
      if (!this.#isWorth(order.source)) break;
      points.push({ start, end, stretch, deliverer: order.source, isStale: false, awaited: 0 });
    }
    return points;
  }

  /** Whether one more point of what `source` delivered is to be compared. */
  #isWorth(source: SourceId): boolean {
    const points = this.#pointsOf.get(source) ?? 0;
    if (points >= pointsMin && this.costBytes > this.#costBytesMax) return false;
    this.#pointsOf.set(source, points + 1);
    return true;
  }
}

function stretchesPerPoint(sampleCostBytes: number): number {
  return Math.ceil(sampleCostBytes / (stretchBytes * costShareMax));
}
