import type { Ledger } from '../core/ledger.js';

/** Of the time until all bytes were here, so much is spent on comparisons that do not prove the file. */
const extraTimeShare = 0.005;
const extraMsMin = 100;
/** In a download this short there was hardly time to ask before: then at least so long. */
const shortMs = 2000;
const extraMsMinOfShort = 400;
/** Or as long as they had to wait because the processor was busy, up to so long. */
const extraMsMax = 1000;
/** And no longer than while answers come: who is slow or gone is not worth waiting for then. */
const extraGapMs = 200;
/** With less time left than this, what only names sources waits until all bytes are here: the file comes first. */
const busyMax = 0.75;
/** All bytes will be here in so many ticks: questions that go out now are not to be what is waited for then. */
const endingTicks = 10;
/** How much of the mean of what comes from tick to tick the last one makes up. */
const tickShare = 0.15;

/** How much time comparing has: while bytes come, when they are about to end, and once all are here. */
export class AuditPace {
  readonly #ledger: Ledger;
  #isBusy = false;
  #isEnding = false;
  #leftMs = Infinity;
  #putOffMs = 0;
  #tickedMs: number | undefined;
  #receivedMs: number | undefined;
  #receivedBytes = 0;
  #bytesPerTick = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** All bytes are here, or will be in a moment: every answer is wanted soon. */
  get isEnding(): boolean {
    return this.#isEnding || this.#ledger.isReceived;
  }

  /** What only names sources has time now. */
  get hasTimeForExtras(): boolean {
    return !this.#isBusy || this.isEnding;
  }

  /** Until all bytes are here, as they come now. */
  get leftMs(): number {
    return this.#leftMs;
  }

  /** Once a tick. @param busy How much of the time this process was at work, 0 to 1. */
  tick(nowMs: number, busy: number): void {
    const { receivedBytes, sizeBytes, isReceived } = this.#ledger;
    this.#isBusy = busy > busyMax;
    if (this.#isBusy && !isReceived) this.#putOffMs += nowMs - (this.#tickedMs ?? nowMs);
    const tickMs = nowMs - (this.#tickedMs ?? nowMs);
    this.#tickedMs = nowMs;
    this.#bytesPerTick += (receivedBytes - this.#receivedBytes - this.#bytesPerTick) * tickShare;
    this.#receivedBytes = receivedBytes;
    const leftBytes = sizeBytes - receivedBytes;
    this.#isEnding = leftBytes < this.#bytesPerTick * endingTicks;
    this.#leftMs = tickMs === 0 ? Infinity : (leftBytes / this.#bytesPerTick) * tickMs;
  }

  /** All bytes are here. True once what only names sources was waited for long enough; the last answer came at `answeredMs`. */
  isOver(nowMs: number, answeredMs: number): boolean {
    this.#receivedMs ??= nowMs;
    const leastMs = this.#receivedMs < shortMs ? extraMsMinOfShort : extraMsMin;
    const extraMs = Math.max(leastMs, this.#receivedMs * extraTimeShare, Math.min(extraMsMax, this.#putOffMs));
    return nowMs - Math.max(answeredMs, this.#receivedMs) >= extraGapMs || nowMs - this.#receivedMs >= extraMs;
  }

  /** Bytes are missing again. */
  goOn(): void {
    this.#receivedMs = undefined;
  }
}
