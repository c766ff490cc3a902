/** Speeds of the last seconds, for sparklines. Owns samples; is told the time. */

interface Sampled {
  readonly id: number;
  readonly speedBytesPerSec: number;
}

export class SpeedHistory {
  readonly #everyMs: number;
  readonly #samplesMax: number;
  readonly #samples = new Map<number, number[]>();
  #nextAtMs = 0;

  constructor(everyMs: number, samplesMax: number) {
    this.#everyMs = everyMs;
    this.#samplesMax = samplesMax;
  }

  /** Takes a sample of each source where the last one is old enough. */
  add(elapsedMs: number, sources: readonly Sampled[]): void {
    if (elapsedMs < this.#nextAtMs) return;
    this.#nextAtMs = elapsedMs + this.#everyMs;
    for (const source of sources) {
      const samples = this.#samples.get(source.id) ?? [];
      samples.push(source.speedBytesPerSec);
      if (samples.length > this.#samplesMax) samples.shift();
      this.#samples.set(source.id, samples);
    }
  }

  /** Oldest first. */
  of(id: number): readonly number[] {
    return this.#samples.get(id) ?? [];
  }

  /** The highest sample of all, so that sparklines compare; 0 before the first. */
  max(): number {
    let max = 0;
    for (const samples of this.#samples.values()) for (const sample of samples) max = Math.max(max, sample);
    return max;
  }
}
