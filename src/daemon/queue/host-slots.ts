import type { ConnectionGate } from '../../base/connection-gate.js';

/**
 * So many connections to one host, whichever downloads have them. Downloads that want the same host get equal parts: one
 * that has more gives some back as soon as another one has to wait. Where there are more downloads than connections, the
 * first ones have one each, and the others wait for theirs to end. What rests keeps only what nobody else wants. Pure: no clock, no socket.
 *
 * Invariant: while the limit does not change, the connections taken of a host are never more than the limit.
 */
export class HostSlots {
  #limit: number | undefined;
  readonly #hosts = new Map<string, Map<Gate, Share>>();

  /** As the option has it: "0" is no limit. Holds from now on, also for connections that there are. */
  setLimit(limit: string | undefined): void {
    this.#limit = Number(limit ?? 0) > 0 ? Number(limit) : undefined;
  }

  /** The gate of one more download; closed when that has ended. */
  open(): HostGate {
    return new Gate(this);
  }

  take(gate: Gate, host: string): boolean {
    const shares = this.#sharesOf(host);
    const share = shares.get(gate) ?? { taken: 0, isWaiting: false };
    shares.set(gate, share);
    share.isWaiting = true;
    if (this.#limit !== undefined && (total(shares) >= this.#limit || share.taken >= this.#quota(shares, gate))) {
      return false;
    }
    share.taken += 1;
    share.isWaiting = false;
    return true;
  }

  release(gate: Gate, host: string): void {
    const share = this.#hosts.get(host)?.get(gate);
    if (share !== undefined && share.taken > 0) share.taken -= 1;
  }

  surplus(gate: Gate, host: string): number {
    const shares = this.#hosts.get(host);
    const own = shares?.get(gate);
    if (this.#limit === undefined || shares === undefined || own === undefined) return 0;
    const isTooMany = total(shares) > this.#limit;
    const somebodyWaits = [...shares].some(
      ([other, share]) =>
        other !== gate && share.isWaiting && !other.isResting && share.taken < this.#quota(shares, other),
    );
    return isTooMany || somebodyWaits ? Math.max(0, own.taken - this.#quota(shares, gate)) : 0;
  }

  leave(gate: Gate): void {
    for (const [host, shares] of this.#hosts) {
      shares.delete(gate);
      if (shares.size === 0) this.#hosts.delete(host);
    }
  }

  #sharesOf(host: string): Map<Gate, Share> {
    const shares = this.#hosts.get(host) ?? new Map<Gate, Share>();
    this.#hosts.set(host, shares);
    return shares;
  }

  /** An equal part for each that has or wants some; what does not divide goes to those that came first. */
  #quota(shares: ReadonlyMap<Gate, Share>, gate: Gate): number {
    const limit = this.#limit ?? Infinity;
    if (gate.isResting) return 0;
    const sharers = [...shares]
      .filter(([sharer, share]) => !sharer.isResting && (share.taken > 0 || share.isWaiting))
      .map(([sharer]) => sharer);
    const place = sharers.indexOf(gate);
    if (place < 0 || limit === Infinity) return limit;
    return Math.floor(limit / sharers.length) + (place < limit % sharers.length ? 1 : 0);
  }
}

/** One download's gate. */
export interface HostGate extends ConnectionGate {
  /** It needs no connections for now: others may have them. */
  rest(isResting: boolean): void;
  readonly close: () => void;
}

interface Share {
  taken: number;
  /** It asked for one more than it could have. */
  isWaiting: boolean;
}

function total(shares: ReadonlyMap<Gate, Share>): number {
  let sum = 0;
  for (const { taken } of shares.values()) sum += taken;
  return sum;
}

class Gate implements HostGate {
  readonly #slots: HostSlots;
  isResting = false;

  constructor(slots: HostSlots) {
    this.#slots = slots;
  }

  take(host: string): boolean {
    return this.#slots.take(this, host);
  }

  release(host: string): void {
    this.#slots.release(this, host);
  }

  surplus(host: string): number {
    return this.#slots.surplus(this, host);
  }

  rest(isResting: boolean): void {
    this.isResting = isResting;
  }

  readonly close = (): void => {
    this.#slots.leave(this);
  };
}
