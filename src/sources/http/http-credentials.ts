import { ManygetError } from '../../base/errors.js';
import { withoutBrackets } from '../../base/host-name.js';
import type { HttpOptions } from '../../base/http-options.js';
import { printable } from '../../base/printable.js';
import { parseLogin, type Login } from '../../wire/http-auth.js';
import { checkHeaderLine, type HeaderLine } from '../../wire/http-request.js';
import { netrcLogin, type Netrc } from '../../wire/netrc.js';

/** Headers that describe the connection or the range: what the user writes there would break the download. */
const reserved: ReadonlySet<string> = new Set(
  'host connection content-length transfer-encoding te upgrade range if-range if-match if-none-match accept-encoding expect trailer keep-alive proxy-connection'.split(
    ' ',
  ),
);

/**
 * What is sent to prove who the user is, and to whom: each header, login and cookie belongs to one origin (netrc's: to
 * one host), and goes nowhere else, not on a redirect either.
 */
export class HttpCredentials {
  readonly #headers = new Map<string, HeaderLine[]>();
  readonly #logins = new Map<string, Login>();
  readonly #netrc: Netrc | undefined;
  /** Hosts of the sources that are not learned on the way. */
  readonly #namedHosts = new Set<string>();

  /**
   * @param urls The sources, of which plain options have to have one origin together.
   * @throws ManygetError `usage`: a malformed header, or one with several origins to choose from.
   */
  constructor(urls: readonly URL[], options: HttpOptions, netrc: Netrc | undefined) {
    this.#netrc = netrc;
    const origins =
      options.origin === undefined ? [...new Set(urls.map((url) => url.origin))] : [originOf(options.origin)];
    for (const { origin, header } of options.headersFor ?? []) this.#add(originOf(origin), header);
    for (const header of options.headers ?? []) this.#add(only(origins, '--header', header), header);
    if (options.cookie !== undefined) this.#add(only(origins, '--cookie'), `Cookie: ${options.cookie}`);
    if (options.referer !== undefined) this.#add(only(origins, '--referer'), `Referer: ${options.referer}`);
    if (options.user !== undefined) this.#logins.set(only(origins, '--user'), parseLogin(options.user));
    for (const url of urls) this.addNamed(url);
    if (options.bearer !== undefined) this.#addToken(urls, options.bearer);
  }

  /** The ports of one host are one owner's. Who has servers on several hosts says so for each. */
  #addToken(urls: readonly URL[], token: string): void {
    const hosts = new Set(urls.map((url) => url.hostname));
    if (hosts.size > 1) {
      const names = [...hosts].join(', ');
      throw new ManygetError(
        'usage',
        `the token would be sent to ${hosts.size} HTTP hosts (${names}): write --header-for "ORIGIN Authorization: Bearer ..." for each`,
      );
    }
    for (const origin of new Set(urls.map((url) => url.origin))) {
      const has = this.#headers.get(origin)?.some(([name]) => name.toLowerCase() === 'authorization') === true;
      if (!has) this.#add(origin, `Authorization: Bearer ${token}`);
    }
  }

  /** Takes what a source that somebody has named says: its host, and the login that its URL carries. */
  addNamed(url: URL): void {
    this.#namedHosts.add(url.hostname);
    if (url.username === '') return;
    try {
      const login = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
      this.#logins.set(url.origin, login);
    } catch (cause) {
      throw new ManygetError('usage', `the login in a URL of ${url.origin} has a broken percent-encoding`, { cause });
    }
  }

  /** Headers that go to `url`'s origin, and to it alone. */
  headersFor(url: URL): readonly HeaderLine[] {
    return this.#headers.get(url.origin) ?? [];
  }

  /** The login for `url`'s origin, and for it alone; undefined where there is none, or a header says who the user is. */
  loginFor(url: URL): Login | undefined {
    if (this.headersFor(url).some(([name]) => name.toLowerCase() === 'authorization')) return undefined;
    const own = this.#logins.get(url.origin);
    // A URL may name a user alone, whose password is in netrc.
    if (own !== undefined && own.password !== '') return own;
    return this.#netrcLogin(url, own?.user) ?? own;
  }

  #netrcLogin({ hostname }: URL, user: string | undefined): Login | undefined {
    if (this.#netrc === undefined) return undefined;
    return netrcLogin(this.#netrc, withoutBrackets(hostname), this.#namedHosts.has(hostname), user);
  }

  #add(origin: string, header: string): void {
    const colon = header.indexOf(':');
    const name = header.slice(0, Math.max(0, colon)).trim();
    const value = header.slice(colon + 1).trim();
    if (colon < 1)
      throw new ManygetError('usage', `the header "${printable(header, 60)}" has no colon: write "Name: value"`);
    checkHeaderLine(name, value);
    if (reserved.has(name.toLowerCase())) {
      throw new ManygetError('usage', `the header ${name} is the download's own and cannot be set`);
    }
    const lines = this.#headers.get(origin);
    if (lines === undefined) this.#headers.set(origin, [[name, value]]);
    else lines.push([name, value]);
  }
}

function only(origins: readonly string[], flag: string, header?: string): string {
  const [origin] = origins;
  if (origins.length === 1 && origin !== undefined) return origin;
  if (origin === undefined) throw new ManygetError('usage', `${flag} is for HTTP sources, and there is none`);
  const what = header === undefined ? flag : `${flag} "${printable(header.replace(/:.*/s, ''), 40)}"`;
  throw new ManygetError(
    'usage',
    `${what} does not say which of ${origins.length} origins it is for (${origins.join(', ')}): use --header-for ORIGIN`,
  );
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new ManygetError(
    'usage',
    `"${printable(text, 80)}" is not an origin, expected https://HOST or http://HOST:PORT`,
  );
}
