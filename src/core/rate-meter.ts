/**
 * Speed of a stream as an exponentially weighted mean over time: a sample of length dt weighs 1 - exp(-dt / tau). The
 * weight that is still missing at the start is divided out, so that the first samples count in full. Silence is a
 * sample of zero bytes, and so pulls the estimate down by itself.
 */
export class RateMeter {
  readonly #tauMs: number;
  #sum = 0;
  #weight = 0;
  #pendingBytes = 0;
  #sinceMs: number | undefined;

  /** @param tauMs Time constant: how long a change takes to show by 63%. */
  constructor(tauMs: number) {
    this.#tauMs = tauMs;
  }

  /** Begin, or go on after a pause: time before `nowMs` counts for nothing. */
  start(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  /** Nothing is asked for from now on: time does not count until `start`. */
  stop(nowMs: number): void {
    this.#fold(nowMs, 0);
    this.#pendingBytes = 0;
    this.#sinceMs = undefined;
  }

  get isRunning(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** `bytes` arrived. */
  add(bytes: number): void {
    this.#pendingBytes += bytes;
  }

  /** Bytes per second at `nowMs`; undefined before anything was measured for at least `sampleMsMin`. */
  rate(nowMs: number): number | undefined {
    this.#fold(nowMs, sampleMsMin);
    return this.#weight === 0 ? undefined : (this.#sum / this.#weight) * 1000;
  }

  #fold(nowMs: number, minMs: number): void {
    if (this.#sinceMs === undefined) return;
    const dt = nowMs - this.#sinceMs;
    if (dt <= 0 || dt < minMs) return;
    const alpha = 1 - Math.exp(-dt / this.#tauMs);
    this.#sum += alpha * (this.#pendingBytes / dt - this.#sum);
    this.#weight += alpha * (1 - this.#weight);
    this.#pendingBytes = 0;
    this.#sinceMs = nowMs;
  }
}

/** Shorter samples are not folded in: single reads would be taken for bursts of speed. */
const sampleMsMin = 10;
