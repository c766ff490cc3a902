/**
 * The client's side of SOCKS5 (RFC 1928) with user name and password (RFC 1929). Sans-I/O: {@link Socks5Handshake}
 * is given what the proxy sends and says what to send next.
 */
interface Socks5Target {
  /** A name, or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

type Socks5Step =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'wait' }
  /** The tunnel is there; `rest` are bytes of the other side already. */
  | { readonly kind: 'open'; readonly rest: Uint8Array }
  /** `isLogin`: to who we are, so that to ask again is of no use. */
  | { readonly kind: 'refused'; readonly isLogin: boolean; readonly reason: string };

const replies: Readonly<Record<number, string>> = {
  1: 'it failed',
  2: 'its rules forbid this connection',
  3: 'the network cannot be reached',
  4: 'the host cannot be reached',
  5: 'the host refused the connection',
  6: 'the connection took too long',
  7: 'it does not know the command',
  8: 'it does not know this kind of address',
};

export class Socks5Handshake {
  readonly #target: Socks5Target;
  #stage: 'method' | 'login' | 'connect' = 'method';
  #bytes = new Uint8Array(0);

  /** @throws RangeError: a name or password that the protocol has no room for (255 bytes each). */
  constructor(target: Socks5Target) {
    this.#target = target;
    for (const text of [target.host, target.user ?? '', target.password ?? '']) {
      if (new TextEncoder().encode(text).length > 255) throw new RangeError('a name of more than 255 bytes for SOCKS5');
    }
  }

  /** The first bytes to send. */
  greeting(): Uint8Array {
    return this.#target.user === undefined ? Uint8Array.of(5, 1, 0) : Uint8Array.of(5, 2, 0, 2);
  }

  push(bytes: Uint8Array): Socks5Step {
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
    switch (this.#stage) {
      case 'method':
        return this.#method();
      case 'login':
        return this.#login();
      case 'connect':
        return this.#connected();
    }
  }

  #take(bytes: number): Uint8Array | undefined {
    if (this.#bytes.length < bytes) return undefined;
    const taken = this.#bytes.subarray(0, bytes);
    this.#bytes = this.#bytes.subarray(bytes);
    return taken;
  }

  #method(): Socks5Step {
    const answer = this.#take(2);
    if (answer === undefined) return { kind: 'wait' };
    if (answer[0] !== 5) return { kind: 'refused', isLogin: false, reason: 'it does not speak SOCKS5' };
    if (answer[1] === 0) return this.#sendConnect();
    if (answer[1] !== 2 || this.#target.user === undefined) {
      return {
        kind: 'refused',
        isLogin: true,
        reason: 'it wants a user name and a password, or a way to log in that is not known',
      };
    }
    this.#stage = 'login';
    const text = new TextEncoder();
    const user = text.encode(this.#target.user);
    const password = text.encode(this.#target.password ?? '');
    return { kind: 'send', bytes: Uint8Array.of(1, user.length, ...user, password.length, ...password) };
  }

  #login(): Socks5Step {
    const answer = this.#take(2);
    if (answer === undefined) return { kind: 'wait' };
    if (answer[1] !== 0)
      return { kind: 'refused', isLogin: true, reason: 'it does not take this user name and password' };
    return this.#sendConnect();
  }

  #sendConnect(): Socks5Step {
    this.#stage = 'connect';
    const { host, port } = this.#target;
    return { kind: 'send', bytes: Uint8Array.of(5, 1, 0, ...encodeHost(host), port >> 8, port & 255) };
  }

  #connected(): Socks5Step {
    const head = this.#bytes;
    if (head.length < 5) return { kind: 'wait' };
    if (head[0] !== 5) return { kind: 'refused', isLogin: false, reason: 'it does not speak SOCKS5' };
    const reply = head[1] ?? 0;
    if (reply !== 0) return { kind: 'refused', isLogin: false, reason: replies[reply] ?? `it answered with ${reply}` };
    const addressBytes = { 1: 4, 3: 1 + (head[4] ?? 0), 4: 16 }[head[3] ?? 0];
    if (addressBytes === undefined)
      return { kind: 'refused', isLogin: false, reason: 'its answer names no kind of address' };
    if (this.#take(4 + addressBytes + 2) === undefined) return { kind: 'wait' };
    return { kind: 'open', rest: this.#bytes };
  }
}

function encodeHost(host: string): number[] {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (v4 !== null) return [1, ...v4.slice(1).map(Number)];
  if (host.includes(':')) return [4, ...ipv6Bytes(host)];
  const name = new TextEncoder().encode(host);
  return [3, name.length, ...name];
}

function ipv6Bytes(address: string): number[] {
  const [left = '', right] = address.split('%')[0]?.split('::') ?? [];
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((g) => Number.parseInt(g, 16)));
  const before = groups(left);
  const after = right === undefined ? [] : groups(right);
  const middle = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...middle, ...after].flatMap((group) => [group >> 8, group & 255]);
}
