/** Things that happen at a time, taken out in order of time; those of one time in the order in which they were put in. */
export class ControlQueue<T> {
  readonly #items: { atMs: number; item: T }[] = [];

  put(atMs: number, item: T): void {
    let at = this.#items.length;
    while (at > 0 && (this.#items[at - 1]?.atMs ?? 0) > atMs) at -= 1;
    this.#items.splice(at, 0, { atMs, item });
  }

  /** The next thing that is due, taken out. */
  take(nowMs: number): T | undefined {
    const first = this.#items[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.#items.shift();
    return first.item;
  }
}
