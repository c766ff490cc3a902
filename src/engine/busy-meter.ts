import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** How much of its time this process is at work, or kept from it: near 1 its processor is what bounds a download. */
export class BusyMeter {
  #last: EventLoopUtilization = performance.eventLoopUtilization();
  #busy = 0;

  /**
   * To be called at each tick. The event loop's own share, or by how much the tick came too late, smoothed over a few.
   * @param late Time since the last tick over the time that was to pass, 1 where it came in time.
   */
  sample(late: number): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    this.#busy = (this.#busy + Math.max(utilization, 1 - 1 / Math.max(1, late))) / 2;
    return this.#busy;
  }
}
