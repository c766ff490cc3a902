/** Who hashes more slowly than this once all bytes are here is not waited for. */
const hashedBytesPerSecMin = 16 * 1024 * 1024;

/**
 * How long a download whose bytes are all here waits for servers that are there, and have not stated their hashes yet: as long as it waits for
 * servers that are not there, and longer for a file that takes longer to hash. Decides nothing else.
 */
export class HashPatience {
  readonly #giveUpMs: number;
  #sinceMs: number | undefined;
  #isOver = false;

  /** @param giveUpMs How long servers that are not there are waited for. */
  constructor(giveUpMs: number) {
    this.#giveUpMs = giveUpMs;
  }

  /** Nobody waits for hashes any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  limitMs(sizeBytes: number): number {
    return Math.max(this.#giveUpMs, (sizeBytes / hashedBytesPerSecMin) * 1000);
  }

  /** Time passes. True at the moment when it ends. @param waits Hashes are all that is missing, and somebody is there to state them. */
  tick(nowMs: number, waits: boolean, sizeBytes: number): boolean {
    if (!waits || this.#isOver) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= nowMs;
    this.#isOver = nowMs - this.#sinceMs >= this.limitMs(sizeBytes);
    return this.#isOver;
  }
}
