/** From here on writing past the page cache saves more than reading the finished file off the disk again costs. */
const fastBytesPerSec = 250e6;
/** A disk that holds up so many slow ticks is slower than the servers; the page cache at least smooths that. */
const starvedTicksMax = 10;
/** So much at that speed is no burst out of the kernel's buffers, and long before a tick has come. */
const burstBytes = 8 * 1024 * 1024;
const burstMs = (burstBytes / fastBytesPerSec) * 1000;

/**
 * Decides when whole blocks go to the disk past the page cache (docs/adr/0017-writes-past-the-page-cache.md). Knows no disk.
 */
export class DirectPolicy {
  #starvedTicks = 0;
  #isOver = false;
  #burstStartMs = -Infinity;
  #burstBytes = 0;

  /**
   * What the last tick was like; true where blocks should go past the page cache from now on.
   * @param bytesPerSec Received in the last tick.
   * @param starved Connections waited for memory that waited for the disk.
   */
  isDirect(isDirect: boolean, bytesPerSec: number, starved: boolean): boolean {
    if (this.#isOver) return false;
    if (!isDirect) return bytesPerSec >= fastBytesPerSec;
    const isHeldUp = starved && bytesPerSec < fastBytesPerSec;
    this.#starvedTicks = isHeldUp ? this.#starvedTicks + 1 : Math.max(0, this.#starvedTicks - 1);
    if (this.#starvedTicks >= starvedTicksMax) this.#isOver = true;
    return !this.#isOver;
  }

  /** `bytes` more came since the last call. True where they come fast enough, before a tick would show it. */
  isBurst(bytes: number, nowMs: number): boolean {
    this.#burstBytes += bytes;
    if (nowMs - this.#burstStartMs > burstMs) {
      this.#burstStartMs = nowMs;
      this.#burstBytes = 0;
    }
    return !this.#isOver && this.#burstBytes >= burstBytes;
  }

  /** The file system knows no such way. */
  refused(): void {
    this.#isOver = true;
  }
}
