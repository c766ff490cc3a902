/**
 * A speed over the last one to two seconds, from samples of a growing total. Pure: times are handed in.
 */
const windowMs = 1500;

interface Sample {
  readonly atMs: number;
  readonly total: number;
}

export class SpeedWindow {
  #samples: Sample[] = [];

  add(atMs: number, total: number): void {
    this.#samples.push({ atMs, total });
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - windowMs) this.#samples.shift();
  }

  /** Bytes a second up to now, when the total is `total`. */
  bytesPerSec(nowMs: number, total: number): number {
    const oldest = this.#samples.find((s) => s.atMs >= nowMs - 2 * windowMs);
    if (oldest === undefined || nowMs <= oldest.atMs) return 0;
    return ((total - oldest.total) * 1000) / (nowMs - oldest.atMs);
  }
}
