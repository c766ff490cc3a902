import type { ClientSession, ServerContext } from './server-context.js';

/** Whether a newcomer is let in; where not, the sentence that says why. */
type Seat = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly reason: string };

/**
 * The connections of one server, by whom they come from: nobody has more than a share, and where all places are taken,
 * whoever has the most gives one up for a newcomer with fewer, as long as it has one on which nothing is asked or answered.
 *
 * Invariant: no more sessions are seated than `connectionsMax`, and of one party no more than `connectionsPerAddressMax`.
 */
export class Seats {
  readonly #limits: ServerContext['limits'];
  /** Each party's sessions, the oldest first. */
  readonly #parties = new Map<string, Set<ClientSession>>();
  #count = 0;

  constructor(limits: ServerContext['limits']) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** All sessions, as they are now. */
  *[Symbol.iterator](): IterableIterator<ClientSession> {
    for (const sessions of this.#parties.values()) yield* sessions;
  }

  /** Makes room for one more of this party, where that can be done. To be followed by `add`. */
  room(party: string): Seat {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    const own = this.#parties.get(party)?.size ?? 0;
    if (own >= connectionsPerAddressMax) {
      return { kind: 'refused', reason: `your address has its ${own} connections to this server` };
    }
    if (this.#count < connectionsMax || this.#evict(own + 1)) return { kind: 'taken' };
    return { kind: 'refused', reason: `this server has its ${connectionsMax} connections` };
  }

  add(party: string, session: ClientSession): void {
    const sessions = this.#parties.get(party);
    if (sessions === undefined) this.#parties.set(party, new Set([session]));
    else sessions.add(session);
    this.#count += 1;
  }

  /** The connection has ended; may have been given up before. */
  remove(party: string, session: ClientSession): void {
    const sessions = this.#parties.get(party);
    if (sessions?.delete(session) !== true) return;
    this.#count -= 1;
    if (sessions.size === 0) this.#parties.delete(party);
  }

  /** Ends the oldest idle connection of who has the most, if those are more than `than`. */
  #evict(than: number): boolean {
    let most: [string, Set<ClientSession>] | undefined;
    for (const entry of this.#parties) if (entry[1].size > (most?.[1].size ?? than)) most = entry;
    if (most === undefined) return false;
    const [party, sessions] = most;
    for (const session of sessions) {
      if (!session.isIdle) continue;
      this.remove(party, session);
      session.reset();
      return true;
    }
    return false;
  }
}

/**
 * Whom an address counts as: itself, or with IPv6 its network of 64 bits, which is what one customer has at the least.
 * @param address As a socket states it.
 */
export function partyOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return groups.slice(0, 4).join(':');
}
