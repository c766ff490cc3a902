import type { ManygetError } from '../base/errors.js';
import { isCondemned, lookAgainAtCondemned } from './second-look.js';
import { missingFileError, noSourceError } from './source-errors.js';
import type { SourcePool } from './source-pool.js';

/** Ends a download that no source is left for, with the reason; where that is not known, a source is asked for it first. */
export class NobodyLeft {
  readonly #pool: SourcePool;
  readonly #onFail: (error: ManygetError) => void;
  #isAsking = false;

  constructor(pool: SourcePool, onFail: (error: ManygetError) => void) {
    this.#pool = pool;
    this.#onFail = onFail;
  }

  /** To be called whenever there may be one source less. */
  check(): void {
    const { runners, connectTimeoutMs } = this.#pool;
    const left = this.#pool.whoIsLeft();
    if (left === 'somebody' || this.#isAsking) return;
    if (left === 'nobody-has-it') this.#ask(left, missingFileError(runners, connectTimeoutMs));
    else if (runners.some(isCondemned)) this.#ask(left, this.#whyCondemned());
    else this.#onFail(noSourceError(runners));
  }

  #ask(left: 'nobody' | 'nobody-has-it', why: Promise<ManygetError>): void {
    this.#isAsking = true;
    void why.then((error) => {
      this.#isAsking = false;
      // Somebody may have been added meanwhile.
      if (this.#pool.whoIsLeft() === left) this.#onFail(error);
      else this.check();
    });
  }

  async #whyCondemned(): Promise<ManygetError> {
    await lookAgainAtCondemned(this.#pool.runners, this.#pool.connectTimeoutMs);
    return noSourceError(this.#pool.runners);
  }
}
