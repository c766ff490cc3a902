import { ManygetError } from './errors.js';

/** Lets any number wait until something may have changed, each no longer than its own signal allows. Knows nothing of what changes. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Something may have changed: whoever waits looks again. */
  wake(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /** Resolves at the next change, or as soon as the signal says so. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return;
    let go = (): void => undefined;
    await new Promise<void>((resolve) => {
      go = resolve;
      this.#waiting.add(go);
      signal?.addEventListener('abort', go);
    });
    signal?.removeEventListener('abort', go);
    this.#waiting.delete(go);
  }

  /**
   * What `look` finds, once it finds something; it looks at once, and again at each change. Rejects with what `look` throws,
   * and with `aborted` for the signal.
   */
  async until<Found>(look: () => Found | undefined, signal: AbortSignal | undefined): Promise<Found> {
    for (;;) {
      if (signal?.aborted === true) throw new ManygetError('aborted', 'waiting was ended by its caller');
      const found = look();
      if (found !== undefined) return found;
      await this.next(signal);
    }
  }
}
