import { ManygetError } from '../base/errors.js';
import { formatDuration } from '../base/units.js';

/** How long a full disk is waited for. */
export class DiskPatience {
  readonly #nowMs: () => number;
  #fullSinceMs: number | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  full(): void {
    this.#fullSinceMs = this.#nowMs();
  }

  hasRoom(): void {
    this.#fullSinceMs = undefined;
  }

  /** Why to wait no longer, where it has been full for more than `msMax`. */
  error(msMax: number): ManygetError | undefined {
    const fullMs = this.#nowMs() - (this.#fullSinceMs ?? this.#nowMs());
    if (fullMs <= msMax) return undefined;
    return new ManygetError('disk-full', `the disk stayed full for ${formatDuration(fullMs)}`);
  }
}
