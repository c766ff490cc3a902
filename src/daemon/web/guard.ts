import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may speak to the daemon. A page of somebody else that a browser has open must not: its Origin is refused, and so
 * is a Host that is not ours, which is how DNS rebinding shows. Everybody else needs the token.
 */
interface GuardOptions {
  readonly token: string;
  /** Host names by which the daemon may be called, besides the loopback ones. */
  readonly hosts: readonly string[];
  /** Origins whose pages may speak to it ("http://host:port"); "*" for all. They need the token all the same. */
  readonly origins: readonly string[];
}

/** For who has not shown the token. */
export const tokenDemand = 'the token is missing or wrong: send "Authorization: Bearer TOKEN"';

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

export class Guard {
  readonly #tokenDigest: Buffer;
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#tokenDigest = digest(options.token);
  }

  isToken(given: string): boolean {
    return timingSafeEqual(digest(given), this.#tokenDigest);
  }

  /** Whether the request carries the token, as "Authorization: Bearer TOKEN". */
  isAuthorized(authorization: string | undefined): boolean {
    const match = /^Bearer\s+(\S+)$/i.exec(authorization ?? '');
    return match?.[1] !== undefined && this.isToken(match[1]);
  }

  /** Why the request is refused before anybody looks at it; undefined where it is not. */
  refusal(request: IncomingMessage): string | undefined {
    const { host, origin } = request.headers;
    if (!this.#isOwnHost(host)) return 'the Host of the request is not this daemon';
    if (origin === undefined || this.allowsOrigin(origin)) return undefined;
    if (this.#isOwnOrigin(origin, host)) return undefined;
    return 'pages of that origin may not speak to this daemon';
  }

  /** Whether pages of another origin were let in. */
  allowsOrigin(origin: string): boolean {
    return this.#options.origins.includes('*') || this.#options.origins.includes(origin);
  }

  /** The secret part of a download's address for players: it opens this file, and nothing else. */
  playKey(gid: string): string {
    return createHmac('sha256', this.#options.token).update(`play ${gid}`).digest('base64url').slice(0, 22);
  }

  isPlayKey(gid: string, key: string): boolean {
    return timingSafeEqual(digest(key), digest(this.playKey(gid)));
  }

  #isOwnHost(host: string | undefined): boolean {
    if (host === undefined) return false;
    const name = host.replace(/:\d+$/, '').toLowerCase();
    return loopbackHosts.has(name) || this.#options.hosts.includes(name);
  }

  #isOwnOrigin(origin: string, host: string | undefined): boolean {
    return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
