/** Events that a test emits. Whoever reads sees all of them from the first on, or from number `from`, however late it comes. */
export class ScriptedEvents<Event> {
  readonly #all: Event[] = [];
  #ended = false;
  #wake: () => void = () => {};

  emit(event: Event): void {
    this.#all.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  recent(max: number): readonly Event[] {
    return this.#all.slice(-max);
  }

  get count(): number {
    return this.#all.length;
  }

  async *read(from = 0): AsyncIterableIterator<Event> {
    for (let at = from; ; at += 1) {
      while (at >= this.#all.length && !this.#ended) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const event = this.#all[at];
      if (event === undefined) return;
      yield event;
    }
  }
}
