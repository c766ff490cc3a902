import type { SimLink } from './sim-link.js';

/** As in the engine: so long what a native server said of its file is believed on further connections to it. */
const factsMsMax = 2000;

/** Somebody connects. */
export interface Attempt {
  readonly source: number;
  readonly attempt: number;
  /** Which life of the server it is with. */
  readonly life: number;
  /** From the first packet to the answer. */
  readonly connectMs: number;
}

/** A server as its clients meet it: who is connecting, and who waits for the facts of the file. */
export class SimSource {
  readonly link: SimLink;
  readonly attempts = new Set<number>();
  connections = 0;
  failures = 0;
  /** A connection to it was made, in so long. */
  madeInMs: number | undefined;
  /** Counts the times that its server came up; a connection of an earlier life is dead. */
  life = 0;
  wasDown = false;
  /** Connected, and without the facts of the file so far. */
  readonly #waiting = new Map<number, Attempt>();
  #factsAtMs = -Infinity;

  constructor(link: SimLink) {
    this.link = link;
  }

  get #isNative(): boolean {
    return this.link.spec.http === undefined;
  }

  /** Its server died; who is just connecting is refused. */
  died(): readonly number[] {
    this.life += 1;
    this.#waiting.clear();
    if (this.#isNative) this.#factsAtMs = -Infinity;
    return [...this.attempts];
  }

  /**
   * The server has accepted, and is asked for the facts of the file. A native server always is, and who heard them a moment ago on
   * another connection does not wait for the answer; over HTTP they are asked for once, and not where all of the file is the answer.
   */
  connected(attempt: Attempt, nowMs: number): { readonly isReady: boolean; readonly asks: boolean } {
    if (this.life !== attempt.life || !this.attempts.has(attempt.attempt)) return { isReady: false, asks: false };
    const isReady = this.#isNative
      ? nowMs - this.#factsAtMs < factsMsMax
      : this.link.spec.http?.ranges === false || this.#factsAtMs > -Infinity;
    if (!isReady) this.#waiting.set(attempt.attempt, attempt);
    return { isReady, asks: this.#isNative || !isReady };
  }

  /** The facts are there; returns who need not wait any more. */
  greeted(attempt: Attempt, nowMs: number): readonly Attempt[] {
    if (this.life !== attempt.life) return [];
    this.#factsAtMs = nowMs;
    if (this.#isNative) return [...this.#waiting.values()];
    const own = this.#waiting.get(attempt.attempt);
    return own === undefined ? [] : [own];
  }

  /** It is no attempt any more; false where it was none. */
  leave(attempt: number): boolean {
    this.#waiting.delete(attempt);
    return this.attempts.delete(attempt);
  }
}
