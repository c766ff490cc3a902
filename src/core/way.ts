/** What takes so many times the shortest time, and this, met no queue. */
const freeRatio = 1.25;
const freeMs = 5;

/** What the way to a source shows, which costs nothing: whether anything waits on it. */
export class Way {
  /** The shortest time that a connection took to be made. */
  #leastMs = Infinity;
  #isFree = false;

  /** The last connection took about as long as the shortest: nothing queues on the way. */
  get isFree(): boolean {
    return this.#isFree;
  }

  /** A connection was made, in so long; `isBusy` where bytes were coming, which could have been in its way. */
  connected(connectMs: number, isBusy: boolean): void {
    this.#leastMs = Math.min(this.#leastMs, connectMs);
    this.#isFree = isBusy && this.#isShort(connectMs);
  }

  #isShort(ms: number): boolean {
    return ms <= this.#leastMs * freeRatio + freeMs;
  }
}
