/**
 * Numbers that come some times a second, shown as if they came with every frame: each glides from its last value to its
 * new one in the time that lay between the two. Never ahead of what was said. Is told the time.
 */
interface Gliding {
  from: number;
  to: number;
  atMs: number;
  /** Until the next value is expected. */
  forMs: number;
}

const glideMsMax = 1000;

export class Glide {
  readonly #values = new Map<string, Gliding>();

  set(name: string, value: number, nowMs: number): void {
    const before = this.#values.get(name);
    if (before === undefined) {
      this.#values.set(name, { from: value, to: value, atMs: nowMs, forMs: 0 });
      return;
    }
    before.from = this.at(name, value, nowMs);
    before.to = value;
    before.forMs = Math.min(glideMsMax, nowMs - before.atMs);
    before.atMs = nowMs;
  }

  /** Where it is now; `otherwise` where nothing was said of it. What falls, falls at once. */
  at(name: string, otherwise: number, nowMs: number): number {
    const value = this.#values.get(name);
    if (value === undefined) return otherwise;
    if (value.to <= value.from || value.forMs <= 0) return value.to;
    return value.from + (value.to - value.from) * Math.min(1, (nowMs - value.atMs) / value.forMs);
  }

  /** Whether something still moves. */
  isMoving(nowMs: number): boolean {
    for (const { from, to, atMs, forMs } of this.#values.values()) if (to > from && nowMs - atMs < forMs) return true;
    return false;
  }

  /** Forgets all whose name begins with `prefix`. */
  forget(prefix: string): void {
    for (const name of this.#values.keys()) if (name.startsWith(prefix)) this.#values.delete(name);
  }
}
