import type { SourceId } from '../base/ids.js';
import type { Lane } from './lane.js';

/**
 * Which sources are only used where no better one delivers. Invariant: a source that nothing was said of is of tier 0.
 */
export class Tiers {
  readonly #tiers = new Map<SourceId, number>();
  /** The tier that is in use. */
  #current = Infinity;

  set(source: SourceId, tier: number): void {
    this.#tiers.set(source, tier);
  }

  of(source: SourceId): number {
    return this.#tiers.get(source) ?? 0;
  }

  /** True for a source that is to wait for the others to fail. */
  isReserve(source: SourceId): boolean {
    return this.#tiers.size > 0 && this.of(source) > this.#current;
  }

  /**
   * Looks anew who is there, and who is about to be (`coming`). Returns the lanes that are to change sides.
   */
  update(lanes: Iterable<Lane>, coming: Iterable<SourceId>): Lane[] {
    const changed: Lane[] = [];
    if (this.#tiers.size === 0) return changed;
    let current = Infinity;
    for (const source of coming) current = Math.min(current, this.of(source));
    const all = [...lanes];
    for (const lane of all) {
      if (!lane.isSuspect && !lane.isRetiring) current = Math.min(current, this.of(lane.source));
    }
    this.#current = current;
    for (const lane of all) if (this.isReserve(lane.source) !== lane.isReserve) changed.push(lane);
    return changed;
  }
}
