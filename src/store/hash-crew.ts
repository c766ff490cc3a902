import { HashThread } from './hash-thread.js';

/** A thread that keeps dying is not started for ever. */
const lostThreadsMax = 3;

/** Hashing threads, each started when there is work for it: of one download, or of several that share them. */
export class HashCrew implements AsyncDisposable {
  readonly #threads: HashThread[] = [];
  #lostThreads = 0;

  get size(): number {
    return this.#threads.length;
  }

  /**
   * The thread with the shortest queue; a new one while all have work and are fewer than `max`. Undefined where none can
   * be had: the caller does it itself.
   */
  thread(max: number): HashThread | undefined {
    this.#removeDead();
    let best: HashThread | undefined;
    for (const thread of this.#threads) {
      if (best === undefined || thread.queuedBytes < best.queuedBytes) best = thread;
    }
    if (best !== undefined && (best.pending === 0 || this.#threads.length >= max)) return best;
    if (this.#lostThreads >= lostThreadsMax) return best;
    const fresh = new HashThread();
    this.#threads.push(fresh);
    return fresh;
  }

  /** Ends threads beyond the first `kept` that have nothing to do. */
  stopSpare(kept: number): void {
    for (let i = this.#threads.length - 1; i >= kept; i -= 1) {
      const thread = this.#threads[i];
      if (thread === undefined || thread.pending > 0) continue;
      this.#threads.splice(i, 1);
      void thread.stop();
    }
  }

  /** Ends all threads; what waits is told that it is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.stop()));
  }

  #removeDead(): void {
    for (let i = this.#threads.length - 1; i >= 0; i -= 1) {
      if (this.#threads[i]?.alive === true) continue;
      this.#threads.splice(i, 1);
      this.#lostThreads += 1;
    }
  }
}
