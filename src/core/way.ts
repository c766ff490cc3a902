import type { Lane } from './lane.js';

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

  /**
   * True where probes come back as soon as the way allows although bytes are coming: nothing waits for anything then, neither in
   * the net nor in the server's buffers, so that it is the server that gives these connections no more.
   */
  isHeldAtServer(lanes: Iterable<Lane>): boolean {
    let isProbed = false;
    for (const { probeMs } of lanes) {
      if (probeMs === undefined) continue;
      if (!this.#isShort(probeMs)) return false;
      isProbed = true;
    }
    return isProbed;
  }

  #isShort(ms: number): boolean {
    return ms <= this.#leastMs * freeRatio + freeMs;
  }
}
