/**
 * The arithmetic of a rate limit: tokens are bytes, they flow in at the rate, and what was not used is kept up to
 * `burstBytes`. Who takes more than there is goes into debt, and the next one waits until it is paid: so a frame of any
 * size passes, and the rate holds exactly over time. Pure: times are handed in.
 */
const burstMs = 25;
const frameMs = 20;
const frameBytesMin = 2 * 1024;

export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(bytesPerSec: number, nowMs: number) {
    this.#bytesPerMs = bytesPerSec / 1000;
    this.#burstBytes = this.#bytesPerMs * burstMs;
    this.#tokens = this.#burstBytes;
    this.#filledAtMs = nowMs;
  }

  /** Frames larger than this would make the flow lumpy. */
  get frameBytesMax(): number {
    return Math.max(frameBytesMin, Math.floor(this.#bytesPerMs * frameMs));
  }

  /** Takes `bytes` where nothing is owed: 0. Else takes nothing and says in how many milliseconds to ask again. */
  take(bytes: number, nowMs: number): number {
    const filled = this.#tokens + (nowMs - this.#filledAtMs) * this.#bytesPerMs;
    this.#tokens = Math.min(filled, this.#burstBytes);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 0) return -this.#tokens / this.#bytesPerMs;
    this.#tokens -= bytes;
    return 0;
  }

  /** Puts back what was taken and not sent. */
  putBack(bytes: number): void {
    this.#tokens = Math.min(this.#tokens + bytes, this.#burstBytes);
  }
}
