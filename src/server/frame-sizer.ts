import { blockBytesMax } from './block-pool.js';

/**
 * How many bytes the next frame of a connection should carry: what its measured speed moves in 50 ms. A frame that is
 * being sent cannot be taken back, so small ones let a TRIM or a GOODBYE through soon; large ones cost less CPU.
 * Pure: times are handed in.
 */
const frameMs = 50;
const firstBytes = 64 * 1024;
const bytesMin = 16 * 1024;
/** A speed is taken over at least this long, or over this many bytes, so that a kernel's buffer does not pass for a network. */
const windowMs = 20;
const windowBytes = 1024 * 1024;

export class FrameSizer {
  #bytes = firstBytes;
  #windowStartMs: number | undefined;
  #windowBytes = 0;

  /** Payload bytes for the next frame. */
  get frameBytes(): number {
    return this.#bytes;
  }

  /** Sending begins, after a time in which nothing was asked for. */
  begin(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#windowBytes = 0;
  }

  /** `bytes` more were taken by the kernel. */
  sent(bytes: number, nowMs: number): void {
    this.#windowStartMs ??= nowMs;
    this.#windowBytes += bytes;
    const elapsedMs = nowMs - this.#windowStartMs;
    const growing = this.#windowBytes * frameMs > this.#bytes * Math.max(elapsedMs, 0.05);
    if (elapsedMs < windowMs && this.#windowBytes < windowBytes && !(growing && this.#bytes < blockBytesMax)) return;
    const target = (this.#windowBytes * frameMs) / Math.max(elapsedMs, 0.05);
    // Down by halves at most: one pause of a client is not yet its speed.
    const next = Math.max(target, this.#bytes / 2);
    this.#bytes = Math.floor(Math.min(Math.max(next, bytesMin), blockBytesMax));
    this.begin(nowMs);
  }
}
