import type { SimConnection } from './sim-connection.js';

/** A queue before a link: what came first leaves first, whosever it is. */
export class Fifo {
  readonly #owners: SimConnection[] = [];
  readonly #amounts: number[] = [];
  #head = 0;
  /** What waits, in bytes. */
  bytes = 0;

  push(owner: SimConnection, amount: number): void {
    this.#owners.push(owner);
    this.#amounts.push(amount);
    this.bytes += amount;
  }

  /** Takes up to `capacity` bytes off the front and adds them to their owners' `served`. */
  serve(capacity: number): void {
    let left = capacity;
    while (this.#head < this.#amounts.length && left > 0) {
      const amount = this.#amounts[this.#head] ?? 0;
      const taken = Math.min(amount, left);
      const owner = this.#owners[this.#head];
      if (owner !== undefined) owner.served += taken;
      left -= taken;
      this.bytes -= taken;
      if (taken < amount) {
        this.#amounts[this.#head] = amount - taken;
        break;
      }
      this.#head += 1;
    }
    if (this.#head === this.#amounts.length) this.bytes = 0;
    if (this.#head > 512) this.#compact();
  }

  /** Takes up to `amount` bytes of the last who came, at random with what it brought; returns whose and how many. */
  dropLast(amount: number, entries: number, random: number): { owner: SimConnection; amount: number } | undefined {
    const first = Math.max(this.#head, this.#amounts.length - entries);
    let sum = 0;
    for (let i = first; i < this.#amounts.length; i += 1) sum += this.#amounts[i] ?? 0;
    let at = random * sum;
    for (let i = first; i < this.#amounts.length; i += 1) {
      at -= this.#amounts[i] ?? 0;
      const owner = this.#owners[i];
      if (at > 0 || owner === undefined) continue;
      const dropped = Math.min(amount, this.#amounts[i] ?? 0);
      this.#amounts[i] = (this.#amounts[i] ?? 0) - dropped;
      this.bytes -= dropped;
      return { owner, amount: dropped };
    }
    return undefined;
  }

  remove(owner: SimConnection): void {
    for (let i = this.#head; i < this.#amounts.length; i += 1) {
      if (this.#owners[i] !== owner) continue;
      this.bytes -= this.#amounts[i] ?? 0;
      this.#amounts[i] = 0;
    }
  }

  #compact(): void {
    this.#owners.splice(0, this.#head);
    this.#amounts.splice(0, this.#head);
    this.#head = 0;
  }
}
