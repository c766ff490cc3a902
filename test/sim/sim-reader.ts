import type { Ledger } from '../../src/core/ledger.js';
import type { SchedulerEvent } from '../../src/core/scheduler-messages.js';

export interface ReaderSpec {
  /** What it keeps ahead at most; undefined: a player, which has no bound. */
  readonly aheadBytes?: number;
  /** Bytes a second that it takes. Default: all there are. */
  readonly rate?: number;
  /** Where it goes on, and when. In order of time. */
  readonly seeks?: readonly { readonly atMs: number; readonly to: number }[];
}

const reportBytes = 64 * 1024;
/** It takes no more at once. */
const chunkBytesMax = 1024 * 1024;

/** Somebody who reads the file in order while it arrives. */
export class SimReader {
  readonly #spec: ReaderSpec;
  readonly #seeks: { readonly atMs: number; readonly to: number }[];
  #reported: number | undefined;
  #lastMs = 0;
  #budget = 0;
  position = 0;
  /** Time in which it had nothing to read. */
  waitedMs = 0;
  /** When it had the first bytes, and the first megabyte, after the last seek or the start. */
  sinceSeek: { readonly atMs: number; readonly from: number; megabyteMs: number | undefined } = {
    atMs: 0,
    from: 0,
    megabyteMs: undefined,
  };

  constructor(spec: ReaderSpec) {
    this.#spec = spec;
    this.#seeks = [...(spec.seeks ?? [])];
  }

  get aheadBytes(): number | undefined {
    return this.#spec.aheadBytes;
  }

  /** Takes what is there; says so to the scheduler where it is news. */
  read(ledger: Ledger, nowMs: number): SchedulerEvent | undefined {
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const [seek] = this.#seeks;
    if (seek !== undefined && nowMs >= seek.atMs) {
      this.#seeks.shift();
      this.position = seek.to;
      this.sinceSeek = { atMs: nowMs, from: seek.to, megabyteMs: undefined };
      return this.#report();
    }
    this.#budget = this.#spec.rate === undefined ? Infinity : this.#budget + (this.#spec.rate * passedMs) / 1000;
    const hole = ledger.missing(this.position, ledger.sizeBytes)[0]?.start ?? ledger.sizeBytes;
    const to = Math.min(hole, this.position + chunkBytesMax, this.position + Math.floor(this.#budget));
    if (to === this.position && hole === to && to < ledger.sizeBytes) this.waitedMs += passedMs;
    this.#budget = Math.min(this.#budget - (to - this.position), this.#spec.rate ?? 0);
    this.position = to;
    if (to - this.sinceSeek.from >= 1e6) this.sinceSeek.megabyteMs ??= nowMs - this.sinceSeek.atMs;
    const moved = this.#reported === undefined || to - this.#reported >= reportBytes || to === hole;
    return moved && to !== this.#reported ? this.#report() : undefined;
  }

  #report(): SchedulerEvent {
    this.#reported = this.position;
    return { type: 'cursor', at: this.position, aheadBytes: this.#spec.aheadBytes };
  }
}
