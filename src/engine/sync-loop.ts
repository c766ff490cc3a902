/** What a power loss costs, where the disk keeps its word. */
const everyMs = 5000;
/** So long before the end all is written out once more, so that the last sync, which everybody waits for, has little to do. */
const beforeEndMs = 600;
/** What takes no longer than this is synced once, when it ends. */
const shortMs = 1500;

/** Has the disk write out what it was given, now and then, and never twice at once. */
export class SyncLoop {
  readonly #sync: () => Promise<void>;
  #lastMs = 0;
  #isEnding = false;
  #underWay: Promise<void> | undefined;

  /** @param sync Deals with its own faults. */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when nothing is under way. */
  get idle(): Promise<void> {
    return this.#underWay ?? Promise.resolve();
  }

  /** Time passes; `leftMs` is what is left of it by the speed of now. */
  tick(nowMs: number, leftMs: number): void {
    const isEnding = !this.#isEnding && nowMs > shortMs && leftMs < beforeEndMs;
    if (!isEnding && nowMs - this.#lastMs < everyMs) return;
    this.#isEnding ||= isEnding;
    this.#lastMs = nowMs;
    this.soon();
  }

  soon(): void {
    this.#underWay ??= this.#sync().finally(() => (this.#underWay = undefined));
  }
}
