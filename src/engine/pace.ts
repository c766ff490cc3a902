import type { SourceId } from '../base/ids.js';
import { RateLimit } from '../core/rate-limit.js';
import type { Link } from './link.js';
import type { SourceRunner } from './source-runner.js';

/** What a link asks before it reads. */
export interface LinkPace {
  /** How many of `bytesMax` bytes it may read now; 0: it waits, and is woken. */
  most(link: Link, bytesMax: number): number;
  took(link: Link, bytes: number): void;
}

/**
 * Holds a download, and single sources, to the speeds that the user allows. It works where a link decides to read: one
 * that has had its part stops reading until the next round, the server's window closes, and nothing is kept in memory
 * for it.
 */
export class Pace implements LinkPace {
  readonly #runners: readonly SourceRunner[];
  readonly #nowMs: () => number;
  readonly #limit = new RateLimit();
  /** Sources that were ready for more than they were allowed to, since `takeHeld`. */
  readonly #held = new Set<SourceId>();
  #wakesAll = false;

  constructor(runners: readonly SourceRunner[], nowMs: () => number) {
    this.#runners = runners;
    this.#nowMs = nowMs;
  }

  get totalBytesPerSec(): number | undefined {
    return this.#limit.totalBytesPerSec;
  }

  sourceBytesPerSec(source: SourceId): number | undefined {
    return this.#limit.sourceBytesPerSec(source);
  }

  setTotal(bytesPerSec: number | undefined): void {
    this.#limit.setTotal(bytesPerSec, this.#nowMs());
    this.#wakesAll = true;
  }

  setSource(source: SourceId, bytesPerSec: number | undefined): void {
    this.#limit.setSource(source, bytesPerSec, this.#nowMs());
    this.#wakesAll = true;
  }

  most(link: Link, bytesMax: number): number {
    if (!this.#limit.isOn) return bytesMax;
    const left = this.#limit.left(link);
    if (left === 0) this.#held.add(link.source);
    return Math.min(bytesMax, left);
  }

  took(link: Link, bytes: number): void {
    if (this.#limit.isOn) this.#limit.took(link, bytes);
  }

  /** Whether a limit, and not the source, was what it was as slow as since the last call. */
  takeHeld(source: SourceId): boolean {
    return this.#held.delete(source);
  }

  /** Time passes: a new round begins, and who waited for it reads on. */
  tick(): void {
    if (!this.#limit.isOn && !this.#wakesAll) return;
    this.#wakesAll = false;
    const links = this.#runners.flatMap((runner) => [...runner.links].filter((link) => link.isReading));
    if (this.#limit.isOn) this.#limit.round(links, this.#nowMs());
    for (const link of links) link.wake();
  }
}
