/**
 * A heap of small whole numbers ("slots"), each with a key, smallest key first. A slot's key can be changed, and a slot
 * taken out, in O(log n).
 *
 * Invariant: `#place[slot]` is the slot's index in `#heap`, or -1; a parent's key is never greater than its children's.
 */
export class SlotHeap {
  readonly #heap: number[] = [];
  readonly #place: number[] = [];
  readonly #keys: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Puts a slot in, or gives it another key. */
  set(slot: number, key: number): void {
    const place = this.#place[slot] ?? -1;
    if (place < 0) {
      while (this.#place.length <= slot) {
        this.#place.push(-1);
        this.#keys.push(0);
      }
      this.#keys[slot] = key;
      this.#heap.push(slot);
      this.#up(this.#heap.length - 1, slot);
      return;
    }
    const before = this.#keys[slot] ?? 0;
    this.#keys[slot] = key;
    if (key < before) this.#up(place, slot);
    else if (key > before) this.#down(place, slot);
  }

  delete(slot: number): void {
    const place = this.#place[slot] ?? -1;
    if (place < 0) return;
    this.#place[slot] = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === slot) return;
    this.#up(place, last);
    this.#down(this.#place[last] ?? 0, last);
  }

  has(slot: number): boolean {
    return (this.#place[slot] ?? -1) >= 0;
  }

  /** The key of a slot that is in. */
  keyOf(slot: number): number {
    return this.#keys[slot] ?? Infinity;
  }

  /** The slot with the smallest key; -1 where there is none. */
  first(): number {
    return this.#heap[0] ?? -1;
  }

  /** Up to `countMax` slots with keys of at most `keyMax`, in order of their keys. O(count log count). */
  smallest(countMax: number, keyMax = Infinity): number[] {
    const out: number[] = [];
    if (this.#heap.length === 0) return out;
    const border = new SlotHeap();
    border.set(0, this.#keyAt(0));
    while (out.length < countMax && border.size > 0) {
      const place = border.first();
      if (this.#keyAt(place) > keyMax) break;
      border.delete(place);
      out.push(this.#heap[place] ?? -1);
      for (let child = 2 * place + 1; child <= 2 * place + 2; child += 1) {
        if (child < this.#heap.length) border.set(child, this.#keyAt(child));
      }
    }
    return out;
  }

  #keyAt(place: number): number {
    return this.#keys[this.#heap[place] ?? -1] ?? Infinity;
  }

  #up(from: number, slot: number): void {
    const key = this.#keys[slot] ?? 0;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent] ?? 0;
      if ((this.#keys[above] ?? 0) <= key) break;
      this.#heap[place] = above;
      this.#place[above] = place;
      place = parent;
    }
    this.#heap[place] = slot;
    this.#place[slot] = place;
  }

  #down(from: number, slot: number): void {
    const key = this.#keys[slot] ?? 0;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && this.#keyAt(child + 1) < this.#keyAt(child)) child += 1;
      const below = this.#heap[child] ?? 0;
      if ((this.#keys[below] ?? 0) >= key) break;
      this.#heap[place] = below;
      this.#place[below] = place;
      place = child;
    }
    this.#heap[place] = slot;
    this.#place[slot] = place;
  }
}
