/**
 * Who of a server's connections is next to send, where not all can: each party gets the same share, whatever the number of
 * its connections, and within a party each connection does. Bytes that a kernel may hold for a client that reads nothing prove
 * no reader: who has proved to read goes before who has not, two bytes for one. Pure: times are handed in.
 *
 * Shares are kept by start-time fair queueing: next is who has been served the least since there was a line, and who joins
 * late begins with what the others have.
 */

/** What the two kernels may hold for a client that reads nothing: Linux's largest buffer of a sender, and what a receiver begins with, twice. */
const heldByKernelsMax = 8 * 1024 * 1024;
/** What a party has read and not read counts half after so long. */
const halvedAfterMs = 10_000;
const partiesMax = 4096;
/** Readers get so many bytes for each one of those who have not yet read. */
const readersWeight = 2;

/** What a place waits for: leave to send so many bytes, of which `waiter` is told. */
interface Wish {
  readonly bytes: number;
  readonly waiter: GateWaiter;
}

/** Who waits for its turn to send. */
export interface GateWaiter {
  gateOpened(bytes: number): void;
}

interface Member {
  /** Bytes served, divided by the weight. */
  served: number;
}

/** Members of one level that wait, and whose turn it is. */
class Turns<T extends Member> {
  readonly #waiting = new Set<T>();
  /** What whoever was served last had been served before. */
  #floor = 0;

  get size(): number {
    return this.#waiting.size;
  }

  join(member: T): void {
    if (this.#waiting.has(member)) return;
    member.served = Math.max(member.served, this.#floor);
    this.#waiting.add(member);
  }

  leave(member: T): void {
    this.#waiting.delete(member);
  }

  first(): T | undefined {
    let first: T | undefined;
    for (const member of this.#waiting) if (first === undefined || member.served < first.served) first = member;
    return first;
  }

  charge(member: T, bytes: number): void {
    this.#floor = Math.max(this.#floor, member.served);
    member.served += bytes;
  }
}

/** A party's places of one kind. */
class Share implements Member {
  served = 0;
  readonly places = new Turns<Place>();
}

/** Readers, or those who have not yet shown to be. */
class Kind implements Member {
  served = 0;
  readonly weight: number;
  readonly shares = new Turns<Share>();

  constructor(weight: number) {
    this.weight = weight;
  }
}

/** All connections from one address, now and a while ago. */
class Party {
  placeCount = 0;
  #readBytes = 0;
  #unreadBytes = 0;
  #halvedAtMs = 0;
  readonly readers = new Share();
  readonly others = new Share();

  get isReader(): boolean {
    return this.#readBytes > this.#unreadBytes;
  }

  count(bytes: number, isRead: boolean, nowMs: number): void {
    while (nowMs - this.#halvedAtMs >= halvedAfterMs) {
      if (this.#readBytes + this.#unreadBytes < 1) this.#halvedAtMs = nowMs;
      else this.#halvedAtMs += halvedAfterMs;
      this.#readBytes /= 2;
      this.#unreadBytes /= 2;
    }
    if (isRead) this.#readBytes += bytes;
    else this.#unreadBytes += bytes;
  }
}

/** One connection's place in the line. */
export class Place implements Member {
  served = 0;
  sentBytes = 0;
  readonly party: Party;
  /** Where it waits, and for what; undefined: it does not. */
  waits: { readonly kind: Kind; readonly share: Share; readonly wish: Wish } | undefined;

  constructor(party: Party) {
    this.party = party;
  }

  get hasRead(): boolean {
    return this.sentBytes > heldByKernelsMax;
  }
}

/** See above. Owns who waits and for what; whoever has a turn is told by others. */
export class FairLine {
  readonly #parties = new Map<string, Party>();
  readonly #kinds = new Turns<Kind>();
  readonly #readers = new Kind(readersWeight);
  readonly #others = new Kind(1);

  get isEmpty(): boolean {
    return this.#kinds.size === 0;
  }

  /** A place for a connection of this party, for as long as the connection is there. */
  enter(name: string): Place {
    let party = this.#parties.get(name);
    if (party === undefined) {
      this.#forgetSome();
      party = new Party();
      this.#parties.set(name, party);
    }
    party.placeCount += 1;
    return new Place(party);
  }

  exit(place: Place): void {
    this.leave(place);
    place.party.placeCount -= 1;
  }

  wait(place: Place, wish: Wish): void {
    const { party } = place;
    const isReader = place.hasRead || party.isReader;
    const kind = isReader ? this.#readers : this.#others;
    const share = isReader ? party.readers : party.others;
    place.waits = { kind, share, wish };
    share.places.join(place);
    kind.shares.join(share);
    this.#kinds.join(kind);
  }

  leave(place: Place): void {
    const { waits } = place;
    if (waits === undefined) return;
    const { kind, share } = waits;
    place.waits = undefined;
    share.places.leave(place);
    if (share.places.size === 0) kind.shares.leave(share);
    if (kind.shares.size === 0) this.#kinds.leave(kind);
  }

  /** Whose turn it is. */
  first(): Place | undefined {
    return this.#kinds.first()?.shares.first()?.places.first();
  }

  /** The place has its turn, and leaves the line until it waits again. */
  serve(place: Place, bytes: number, nowMs: number): void {
    const { waits } = place;
    if (waits !== undefined) {
      const { kind, share } = waits;
      this.#kinds.charge(kind, bytes / kind.weight);
      kind.shares.charge(share, bytes);
      share.places.charge(place, bytes);
      this.leave(place);
    }
    place.sentBytes += bytes;
    place.party.count(bytes, place.hasRead, nowMs);
  }

  /** Of those that have no connection: first who has not shown to read, so that a flood of addresses makes no reader a stranger. */
  #forgetSome(): void {
    for (const isReader of [false, true]) {
      if (this.#parties.size < partiesMax) return;
      for (const [name, party] of this.#parties) {
        if (party.placeCount === 0 && party.isReader === isReader) this.#parties.delete(name);
      }
    }
  }
}
