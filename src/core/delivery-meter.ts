/** Shorter samples are not folded in: single reads would be taken for bursts of speed. */
const sampleMsMin = 2;

/**
 * How fast a connection delivers, from what arrived when: an exponentially weighted mean over time, in which a sample of
 * length dt weighs 1 - exp(-dt / tau). The weight that is still missing at the start is divided out, so that the first
 * samples count in full.
 *
 * A sample runs from arrival to arrival (fence posts and fields: what comes with the first byte belongs to no field and
 * is not counted), so that it makes no difference when the rate is asked for.
 */
export class DeliveryMeter {
  readonly #tauMs: number;
  #sum = 0;
  #weight = 0;
  #pendingBytes = 0;
  #sinceMs: number | undefined;
  #lastMs = 0;
  #gapMs = 0;

  /** @param tauMs Time constant: how long a change takes to show by 63%. */
  constructor(tauMs: number) {
    this.#tauMs = tauMs;
  }

  /** `bytes` arrived. */
  arrived(bytes: number, nowMs: number): void {
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs;
      this.#lastMs = nowMs;
      return;
    }
    const gap = nowMs - this.#lastMs;
    this.#gapMs += (gap - this.#gapMs) * (gap > this.#gapMs ? 0.5 : 0.1);
    this.#lastMs = nowMs;
    this.#pendingBytes += bytes;
    const dt = nowMs - this.#sinceMs;
    if (dt < sampleMsMin) return;
    const alpha = 1 - Math.exp(-dt / this.#tauMs);
    this.#sum += alpha * ((this.#pendingBytes / dt) * 1000 - this.#sum);
    this.#weight += alpha * (1 - this.#weight);
    this.#pendingBytes = 0;
    this.#sinceMs = nowMs;
  }

  /** Nothing is owed from now on: the next arrival begins a new fence. */
  stop(): void {
    this.#sinceMs = undefined;
    this.#pendingBytes = 0;
  }

  /** Forgets what was: it fell silent, and nobody knows how it goes on. */
  forget(): void {
    this.stop();
    this.#sum = 0;
    this.#weight = 0;
  }

  /** Bytes per second; undefined before there is a sample. */
  get rate(): number | undefined {
    return this.#weight === 0 ? undefined : this.#sum / this.#weight;
  }

  /** Time between arrivals that is to be expected. */
  get gapMs(): number {
    return this.#gapMs;
  }
}
