import type { SourceId } from '../base/ids.js';
import { sampleLimits } from '../core/sample-plan.js';
import type { SampleLane, SamplePoint } from './sample-lane.js';

/** What lanes said about a point before its bytes were here. */
type Claims = Map<SampleLane, Uint8Array>;

interface EarlyPoint {
  readonly point: SamplePoint;
  readonly claims: ReadonlyMap<SampleLane, Uint8Array>;
}

/**
 * Points in stretches whose bytes are still on their way, with what was said about them: at the end of a download the
 * answers are here with the bytes then, and not a round trip later.
 *
 * Invariant: one point for a stretch and who is to deliver it; none is here any more that was taken, or is stale.
 */
export class EarlyPoints {
  /** By stretch. Several may be on their way to deliver one. */
  readonly #points = new Map<number, SamplePoint[]>();
  readonly #claims = new Map<SamplePoint, Claims>();

  /** True where `deliverer`'s bytes in the stretch have a point already. */
  knows(stretch: number, deliverer: SourceId): boolean {
    return this.#points.get(stretch)?.some((point) => point.deliverer === deliverer) === true;
  }

  has(point: SamplePoint): boolean {
    return this.#claims.has(point);
  }

  add(point: SamplePoint): void {
    const points = this.#points.get(point.stretch);
    if (points === undefined) this.#points.set(point.stretch, [point]);
    else points.push(point);
    this.#claims.set(point, new Map());
  }

  note(point: SamplePoint, lane: SampleLane, bytes: Uint8Array): void {
    this.#claims.get(point)?.set(lane, bytes);
  }

  /**
   * The bytes at `found` are here: the point there that was asked about before, with what was said. Undefined where
   * there is none, or where it is of no use, as others deliver the bytes or who spoke is gone.
   */
  take(found: SamplePoint): EarlyPoint | undefined {
    const { stretch, deliverer, start, end } = found;
    const isSame = (at: SamplePoint): boolean => at.deliverer === deliverer && at.start === start && at.end === end;
    const point = this.#points.get(stretch)?.find(isSame);
    const claims = point === undefined ? undefined : this.#claims.get(point);
    if (point === undefined || claims === undefined) return undefined;
    const isOfUse = point.awaited > 0 && [...claims.keys()].every((lane) => lane.isAlive);
    this.#remove(point);
    if (isOfUse) return { point, claims };
    point.isStale = true;
    return undefined;
  }

  /** What comes in [start, end) will be other bytes, or somebody else's. */
  forget(start: number, end: number): void {
    const { stretchBytes } = sampleLimits;
    for (let stretch = Math.floor(start / stretchBytes); stretch * stretchBytes < end; stretch += 1) {
      for (const point of this.#points.get(stretch) ?? []) {
        point.isStale = true;
        this.#claims.delete(point);
      }
      this.#points.delete(stretch);
    }
  }

  #remove(point: SamplePoint): void {
    const others = this.#points.get(point.stretch)?.filter((other) => other !== point) ?? [];
    if (others.length > 0) this.#points.set(point.stretch, others);
    else this.#points.delete(point.stretch);
    this.#claims.delete(point);
  }
}
