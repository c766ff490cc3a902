/** Amounts that come out a fixed number of steps after they went in. */
export class DelayLine {
  readonly #slots: Float64Array;
  #at = 0;
  /** What is inside. */
  held = 0;

  constructor(steps: number) {
    this.#slots = new Float64Array(Math.max(1, steps));
  }

  /** One step: `amount` goes in, what went in a full length ago comes out. */
  shift(amount: number): number {
    const out = this.#slots[this.#at] ?? 0;
    this.#slots[this.#at] = amount;
    this.#at = this.#at + 1 === this.#slots.length ? 0 : this.#at + 1;
    this.held += amount - out;
    return out;
  }
}
