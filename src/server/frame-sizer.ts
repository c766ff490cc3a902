import { blockBytesMax } from './block-pool.js';

/**
 * How many bytes the next frame of a connection should carry: what its measured speed moves in 50 ms. A frame that is
 * being sent cannot be taken back, so small ones let a TRIM or a GOODBYE through soon; large ones cost less CPU.
 * Pure: times are handed in.
 */
const frameMs = 50;
const bytesMin = 16 * 1024;
/**
 * A speed is taken over so long. A kernel's buffer takes what fits at once, and again a third of itself at a time: over less, that
 * passes for a network.
 */
const windowMs = 200;
/** Before such a time is over, a frame is at most this part of what went out in it. */
const unprovedShare = 1 / 8;

export class FrameSizer {
  #bytes = bytesMin;
  #windowStartMs: number | undefined;
  #windowBytes = 0;
  /** Since sending began: an empty buffer of the kernel may have taken most of it. */
  #isFirst = true;

  /** Payload bytes for the next frame. */
  get frameBytes(): number {
    return this.#bytes;
  }

  /** Sending begins, after a time in which nothing was asked for. */
  begin(nowMs: number): void {
    this.#window(nowMs, true);
  }

  /** `bytes` more were taken by the kernel. */
  sent(bytes: number, nowMs: number): void {
    this.#windowStartMs ??= nowMs;
    this.#windowBytes += bytes;
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < windowMs) {
      this.#bytes = frameOf(Math.max(this.#bytes, this.#windowBytes * unprovedShare));
      return;
    }
    const measured = frameOf((this.#windowBytes * frameMs) / elapsedMs);
    this.#bytes = this.#isFirst ? Math.min(this.#bytes, measured) : measured;
    this.#window(nowMs, false);
  }

  #window(nowMs: number, isFirst: boolean): void {
    this.#windowStartMs = nowMs;
    this.#windowBytes = 0;
    this.#isFirst = isFirst;
  }
}

function frameOf(bytes: number): number {
  return Math.floor(Math.min(Math.max(bytes, bytesMin), blockBytesMax));
}
