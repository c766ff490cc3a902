import { X509Certificate } from 'node:crypto';
import { homedir } from 'node:os';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ManygetError } from '../../base/errors.js';
import type { HttpOptions } from '../../base/http-options.js';
import { dispositionFileName } from '../../wire/http-content-disposition.js';
import { parseCookieFile, type Cookie } from '../../wire/http-cookies.js';
import type { HttpHead } from '../../wire/http-head.js';
import { rangeHeader } from '../../wire/http-range.js';
import { encodeRequest, type HeaderLine } from '../../wire/http-request.js';
import { readValidators } from '../../wire/http-validators.js';
import { parseNetrc, type Netrc } from '../../wire/netrc.js';
import { parsePins, type TlsTrust } from '../tls-trust.js';
import { CookieJar } from './cookie-jar.js';
import { HttpCredentials } from './http-credentials.js';
import type { HttpChannel } from './http-channel.js';
import type { DialPlan } from './http-dial.js';
import type { HttpFile } from './http-file.js';
import { HttpOrigins, type OriginClock } from './http-origins.js';
import { HttpLogin, type ShownLogin } from './http-login.js';
import { proxyFor, proxySettings, type Proxy, type ProxySettings } from './http-proxy.js';
import { proxyHeaders } from './http-tunnel.js';
import { PublishedAnswer } from './published-answer.js';
import { messageOf } from '../../base/message-of.js';

/** What the world outside gives a client. */
interface HttpSurroundings {
  /** Default User-Agent. */
  readonly agent: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: OriginClock;
  readonly pins?: readonly string[] | undefined;
  /** What answers publish of the file (Link, Digest) is of interest. Default false. */
  readonly readsPublished?: boolean;
  /** A Metalink is not what is wanted: where an address of the user's gives one, that is an error. Default false. */
  readonly refusesManifests?: boolean;
}

const filesBytesMax = 8 * 1024 * 1024;

/** What all HTTP sources of one download share: who we are, which way to go, and what is known of the origins. */
export class HttpClient {
  readonly origins: HttpOrigins;
  readonly cookies: CookieJar;
  readonly credentials: HttpCredentials;
  readonly clock: OriginClock;
  /** By origin. */
  readonly #logins = new Map<string, HttpLogin>();
  readonly #refusesManifests: boolean;
  readonly #readsPublished: boolean;
  readonly #agent: string;
  readonly #proxies: ProxySettings;
  /** Of TLS servers, whatever they speak. */
  readonly trust: TlsTrust;

  /**
   * @param urls The HTTP sources that the download begins with.
   * @throws ManygetError `usage`: an option that means nothing, or a file that cannot be read.
   */
  constructor(urls: readonly URL[], options: HttpOptions, surroundings: HttpSurroundings) {
    const { clock, env } = surroundings;
    this.clock = clock;
    this.#refusesManifests = surroundings.refusesManifests ?? false;
    this.#readsPublished = surroundings.readsPublished ?? false;
    this.origins = new HttpOrigins(clock);
    this.cookies = new CookieJar(readCookies(options.cookieFile), clock.nowMs);
    this.credentials = new HttpCredentials(urls, options, readNetrc(options.netrc, env));
    this.#agent = options.userAgent ?? surroundings.agent;
    this.#proxies = options.proxy ?? proxySettings(env);
    this.trust = {
      ca: options.caCertificate === undefined ? undefined : [readCertificates(options.caCertificate)],
      insecure: options.insecure ?? false,
      pins: parsePins(surroundings.pins ?? []),
    };
  }

  /** @throws ManygetError `usage`: the proxy that leads there is set to what is no address. */
  proxyFor(url: URL): Proxy | undefined {
    return proxyFor(url, this.#proxies);
  }

  dialPlan(url: URL, publicOnly: boolean): DialPlan {
    const origin = this.origins.of(url);
    return { origin, proxy: this.proxyFor(url), trust: this.trust, publicOnly };
  }

  /**
   * The file has moved to another server, or back, since `channel` was made: what is to be sent for it, and the login with
   * it, is not for where that leads.
   */
  isElsewhere(channel: HttpChannel | undefined, file: HttpFile): boolean {
    return channel !== undefined && channel.origin !== this.origins.of(file.url);
  }

  /** True where something that is the user's secret would be sent there. */
  hasCredentials(url: URL): boolean {
    return (
      this.credentials.headersFor(url).length > 0 ||
      this.credentials.loginFor(url) !== undefined ||
      this.cookies.header(url) !== undefined
    );
  }

  /** What the next request for `url` shows of the user's login for that origin; undefined where there is none. */
  showLogin(url: URL): ShownLogin | undefined {
    const login = this.credentials.loginFor(url);
    if (login === undefined) return undefined;
    let shown = this.#logins.get(url.origin);
    if (shown?.isFor(login) !== true) {
      shown = new HttpLogin(login, url.protocol === 'https:');
      this.#logins.set(url.origin, shown);
    }
    return shown.show(pathOf(url));
  }

  /** The bytes of a GET for [start, end) of the file, or all of it without an end. */
  request(
    file: HttpFile,
    asked: {
      readonly start: number;
      readonly end: number | undefined;
      readonly ifRange: string | undefined;
      readonly login: ShownLogin | undefined;
      /** The value of the Range header, where it is for more than that one range. */
      readonly range?: string;
    },
  ): Uint8Array {
    const { url } = file;
    const proxy = this.proxyFor(url);
    const absolute = proxy?.kind === 'http' && url.protocol === 'http:';
    const given = this.credentials.headersFor(url);
    const has = (name: string): boolean => given.some(([n]) => n.toLowerCase() === name);
    const headers: HeaderLine[] = [['Host', url.host]];
    if (!has('user-agent')) headers.push(['User-Agent', this.#agent]);
    if (!has('accept')) headers.push(['Accept', '*/*']);
    headers.push(['Accept-Encoding', 'identity']);
    if (this.#readsPublished && (asked.end === undefined || asked.end === 1)) {
      headers.push(['Want-Repr-Digest', 'sha-256=5'], ['Want-Digest', 'SHA-512;q=0.9, SHA-256;q=1']);
    }
    if (asked.end !== undefined) headers.push(['Range', asked.range ?? rangeHeader(asked.start, asked.end)]);
    if (asked.ifRange !== undefined) headers.push(['If-Range', asked.ifRange]);
    const cookies = has('cookie') ? undefined : this.cookies.header(url);
    if (cookies !== undefined) headers.push(['Cookie', cookies]);
    headers.push(...given);
    const authorization = asked.login?.authorization;
    if (authorization !== undefined) headers.push(['Authorization', authorization]);
    if (absolute) headers.push(...proxyHeaders(proxy));
    return encodeRequest('GET', absolute ? `${url.origin}${pathOf(url)}` : pathOf(url), headers);
  }

  /** A Metalink at this address is an error. */
  refusesManifestAt(file: HttpFile): boolean {
    return this.#refusesManifests && !file.isLearned;
  }

  /** What a server calls the file. */
  nameIn(head: HttpHead): string | undefined {
    return dispositionFileName(head.headers.get('content-disposition'));
  }

  /** Takes from the head of an answer of `at` what it says of the file, which may be elsewhere by now. */
  learn(file: HttpFile, at: URL, sizeBytes: number, head: HttpHead, remoteAddress: string | undefined): void {
    file.learn({
      sizeBytes,
      validators: readValidators(head.headers),
      name: this.nameIn(head),
      published: this.#readsPublished
        ? new PublishedAnswer(head.headers, at, file.isFromPublic(remoteAddress))
        : undefined,
    });
  }
}

/** As it is asked for: with its query. */
function pathOf(url: URL): string {
  return `${url.pathname}${url.search}`;
}

function readText(flag: string, file: string, encoding: 'utf8' | 'latin1' = 'utf8'): string {
  try {
    if (statSync(file).size > filesBytesMax) throw new Error(`it is larger than ${filesBytesMax} bytes`);
    return readFileSync(file, encoding);
  } catch (cause) {
    const why = messageOf(cause);
    throw new ManygetError('usage', `${flag} names "${file}", which cannot be read: ${why}`, { cause });
  }
}

function readCookies(file: string | undefined): Cookie[] {
  if (file === undefined) return [];
  const { cookies, badLines } = parseCookieFile(readText('--load-cookies', file, 'latin1'));
  if (badLines.length > 0 && cookies.length === 0) {
    throw new ManygetError('usage', `--load-cookies names "${file}", which is not a cookie file in Netscape's format`);
  }
  return cookies;
}

function readCertificates(file: string): string {
  const text = readText('--ca-certificate', file);
  const begin = '-----BEGIN CERTIFICATE-----';
  const [, ...certificates] = text.split(begin);
  if (certificates.length === 0) {
    throw new ManygetError('usage', `--ca-certificate names "${file}", which holds no certificate in PEM format`);
  }
  // TLS passes over one that it cannot read, and over all behind it, without a word.
  for (const [index, rest] of certificates.entries()) {
    try {
      new X509Certificate(begin + rest);
    } catch (cause) {
      const which = `certificate ${index + 1} of ${certificates.length}`;
      throw new ManygetError('usage', `--ca-certificate names "${file}", of which ${which} is damaged`, { cause });
    }
  }
  return text;
}

function readNetrc(option: string | false | undefined, env: HttpSurroundings['env']): Netrc | undefined {
  if (option === false) return undefined;
  const named = option ?? env['NETRC'];
  if (named !== undefined && named !== '') return parseNetrc(readText('the netrc setting', named));
  try {
    return parseNetrc(readFileSync(path.join(env['HOME'] ?? homedir(), '.netrc'), 'utf8'));
  } catch {
    // Most people have none.
    return undefined;
  }
}
