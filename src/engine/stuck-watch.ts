/** How long nobody may be asked for bytes that are missing. Longer than any two decisions are apart. */
const stuckMsMax = 2000;

/**
 * Tells when a download that could go on does not: bytes are missing, connections are there, and nobody is asked for
 * anything. The scheduler's rules are to exclude that; if they ever fail, the download must not wait for ever.
 */
export class StuckWatch {
  #sinceMs: number | undefined;

  /** To be asked again and again. True once it has lasted too long; it then begins anew. */
  isStuck(nowMs: number, canGoOn: boolean, ordersOut: number): boolean {
    if (!canGoOn || ordersOut > 0) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < stuckMsMax) return false;
    this.#sinceMs = undefined;
    return true;
  }
}
