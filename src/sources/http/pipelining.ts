import type { HttpOrigin } from './http-origins.js';

/** Requests that are out on one connection at once: at the end they ask for little each, and a round trip for each few would be waited for. */
export const requestsOutMax = 16;

/**
 * Whether one connection may send a request behind an answer that is still coming: only where its server has shown
 * that it can, or to find that out. One connection of an origin tries at a time.
 */
export class Pipelining {
  readonly #origin: () => HttpOrigin;
  #isTrying = false;

  /** @param origin Where the connection leads to at the time. */
  constructor(origin: () => HttpOrigin) {
    this.#origin = origin;
  }

  /** May another one be sent, with `out` requests unanswered? To be sent where this says so. */
  allows(out: number): boolean {
    const origin = this.#origin();
    if (this.#isTrying) return false;
    if (origin.pipelining === 'works') return out + 1 < requestsOutMax;
    if (origin.pipelining !== 'unknown' || out > 0) return false;
    origin.pipelining = 'trying';
    this.#isTrying = true;
    return true;
  }

  /** One that was sent so was answered in its turn. */
  worked(): void {
    this.#origin().pipelining = 'works';
    this.#isTrying = false;
  }

  /** The server closed properly, and the one that was tried was never answered. */
  failed(): void {
    if (this.#isTrying) this.#origin().pipelining = 'fails';
    this.#isTrying = false;
  }

  /** The trial came to nothing that would tell. */
  forget(): void {
    const origin = this.#origin();
    if (this.#isTrying && origin.pipelining === 'trying') origin.pipelining = 'unknown';
    this.#isTrying = false;
  }
}
