/** After a cut a stream is begun anew so much later, doubled with each cut in a row that came no later in the file. */
const againMsMin = 250;
const againMsMax = 10_000;

/**
 * A stream of no stated size begins at its start again where it is cut: how soon, and for how long that has any sense.
 * Pure: times are handed in.
 */
export class StreamPatience {
  readonly #giveUpMs: number;
  #furthest = -1;
  #furthestAtMs = 0;
  #cuts = 0;
  #notBeforeMs = 0;

  /** @param giveUpMs How long it may be begun anew without getting any further. */
  constructor(giveUpMs: number) {
    this.#giveUpMs = giveUpMs;
  }

  /** Cuts since it got further last. */
  get cuts(): number {
    return this.#cuts;
  }

  /** How far it has come at best, in bytes. */
  get furthest(): number {
    return Math.max(0, this.#furthest);
  }

  /** It runs, and has come so far. */
  came(offset: number, nowMs: number): void {
    if (offset <= this.#furthest) return;
    this.#furthest = offset;
    this.#furthestAtMs = nowMs;
    this.#cuts = 0;
  }

  /** The user has stopped it for now: that time does not count. */
  rested(nowMs: number): void {
    this.#furthestAtMs = nowMs;
  }

  cut(nowMs: number): void {
    this.#notBeforeMs = nowMs + Math.min(againMsMax, againMsMin * 2 ** this.#cuts);
    this.#cuts += 1;
  }

  mayBegin(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs;
  }

  isOver(nowMs: number): boolean {
    return this.#cuts > 0 && nowMs - this.#furthestAtMs > this.#giveUpMs;
  }
}
