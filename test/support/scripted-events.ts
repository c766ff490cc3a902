/** Events that a test emits. Whoever reads sees all of them from the first on, however late it comes. */
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

  async *read(): AsyncIterableIterator<Event> {
    for (let at = 0; ; at += 1) {
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
