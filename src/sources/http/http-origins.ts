import { ManygetError } from '../../base/errors.js';
import { hostAndPort, withoutBrackets } from '../../base/host-name.js';
import { formatDuration } from '../../base/units.js';
import { proxyPeer, type Proxy } from './http-proxy.js';

/** A server that says it is busy and not for how long is left alone this long, doubled each time. */
const busyMsFirst = 1000;
const busyMsMax = 60_000;
/** No server gets to park a download for longer. */
const waitMsMax = 10 * 60_000;

export interface OriginClock {
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** True once a server has answered two requests in order that were both out at once. */
type PipeliningProof = 'unknown' | 'trying' | 'works' | 'fails';

/**
 * What is known of one origin (scheme, host and port), shared by all connections and all sources that use it.
 *
 * Owns the time before which nothing may be asked there.
 */
export class HttpOrigin {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** As in a URL: "https://host:port", the port left out where it is the usual one. */
  readonly name: string;
  readonly #clock: OriginClock;
  #notBeforeMs = 0;
  #busyTimes = 0;
  pipelining: PipeliningProof = 'unknown';
  /** It answered If-Range with the whole file although the version was right: it is not sent there any more. */
  ignoresIfRange = false;
  tlsSession: Buffer | undefined;

  constructor(url: URL, clock: OriginClock) {
    this.isSecure = url.protocol === 'https:';
    this.host = withoutBrackets(url.hostname);
    this.port = url.port === '' ? (this.isSecure ? 443 : 80) : Number(url.port);
    this.name = url.origin;
    this.#clock = clock;
  }

  /** What errors call it. */
  get peer(): string {
    return `server ${hostAndPort(this.host, this.port)}`;
  }

  /** The same where its answers are read by the proxy `via`, which may be who speaks. */
  peerBehind(via: Proxy | undefined): string {
    return via === undefined ? this.peer : `${this.peer}, behind ${proxyPeer(via)},`;
  }

  /** Milliseconds until it may be asked again; 0 for now. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.nowMs());
  }

  /** It asks to be left alone, for `askedMs` where it says so. Up to a quarter is added, so that clients spread. */
  saysBusy(askedMs: number | undefined): void {
    this.#busyTimes += 1;
    const own = Math.min(busyMsMax, busyMsFirst * 2 ** Math.min(this.#busyTimes - 1, 10));
    const wait = Math.min(waitMsMax, askedMs ?? own) * (1 + this.#clock.random() / 4);
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#clock.nowMs() + wait);
  }

  saysFine(): void {
    this.#busyTimes = 0;
  }

  /** The error for who has waited for an answer long enough. `via`: the proxy between. */
  tooLate(waitedMs: number, isOpen: boolean, via: Proxy | undefined): ManygetError {
    const within = `within ${waitedMs / 1000} s`;
    const way = via === undefined ? '' : `${proxyPeer(via)}, the way to ${this.peer},`;
    if (!isOpen) return new ManygetError('connect-timeout', `${way === '' ? this.peer : way} did not answer ${within}`);
    return new ManygetError(
      'source-silent',
      `${this.peerBehind(via)} accepted the connection, but said nothing ${within}`,
    );
  }

  /** The error for who wants to ask too early. */
  tooEarly(): ManygetError {
    const wait = this.waitMs;
    const text = `${this.peer} is busy and asks to wait; it is asked again in ${formatDuration(wait)}`;
    return new ManygetError('server-busy', text, { retryAfterMs: wait });
  }
}

/** All origins of a download. */
export class HttpOrigins {
  readonly #clock: OriginClock;
  readonly #origins = new Map<string, HttpOrigin>();
  /** A URL writes its origin anew each time it is asked. */
  readonly #known = new WeakMap<URL, HttpOrigin>();

  constructor(clock: OriginClock) {
    this.#clock = clock;
  }

  /** @param url Its origin stays as it is from now on. */
  of(url: URL): HttpOrigin {
    return this.#known.get(url) ?? this.#meet(url);
  }

  #meet(url: URL): HttpOrigin {
    const origin = this.#origins.get(url.origin) ?? new HttpOrigin(url, this.#clock);
    this.#origins.set(origin.name, origin);
    this.#known.set(url, origin);
    return origin;
  }
}
