import type { SourceInfo } from '../source.js';

/** What a server said of its file is believed so long on its other connections: it was alive a moment ago. */
const freshMsMax = 2000;

/** A connection that asked for the facts and has no answer yet. */
export interface FactsWaiter {
  factsKnown(facts: KnownFacts): void;
}

export interface KnownFacts {
  readonly version: string;
  readonly info: SourceInfo;
}

/**
 * What one server said of the file last, shared by the connections to it: a further one need not wait a round trip for
 * the same answer, and asks for bytes at once. Should the answer differ after all, the server refuses the bytes as of
 * another version.
 */
export class MgpFacts {
  readonly #waiting = new Set<FactsWaiter>();
  #known: (KnownFacts & { readonly atMs: number }) | undefined;

  fresh(nowMs: number): KnownFacts | undefined {
    return this.#known !== undefined && nowMs - this.#known.atMs < freshMsMax ? this.#known : undefined;
  }

  wait(waiter: FactsWaiter): void {
    this.#waiting.add(waiter);
  }

  leave(waiter: FactsWaiter): void {
    this.#waiting.delete(waiter);
  }

  /** A connection ended that was not to end: what the server holds, and whether it is there, has to be heard anew. */
  forget(): void {
    this.#known = undefined;
  }

  learn(facts: KnownFacts, nowMs: number): void {
    this.#known = { ...facts, atMs: nowMs };
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.factsKnown(facts);
  }
}
