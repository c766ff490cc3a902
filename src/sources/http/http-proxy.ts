import { ManygetError } from '../../base/errors.js';
import { withoutBrackets } from '../../base/host-name.js';
import { printable } from '../../base/printable.js';

/** A proxy between us and the servers. */
export interface Proxy {
  readonly kind: 'http' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** SOCKS5: the proxy looks up names (`socks5h`). */
  readonly resolvesNames: boolean;
}

/** What the environment says of proxies; also made from options. Empty texts mean none. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly all?: string | undefined;
  /** Hosts that are reached directly: "localhost,.example.org,10.0.0.0/8,*". */
  readonly no?: string | undefined;
}

/** The settings in an environment. Lower case wins; HTTP_PROXY in capitals counts for nothing (CVE-2016-5385). */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  return {
    http: env['http_proxy'],
    https: env['https_proxy'] ?? env['HTTPS_PROXY'],
    all: env['all_proxy'] ?? env['ALL_PROXY'],
    no: env['no_proxy'] ?? env['NO_PROXY'],
  };
}

/**
 * The proxy for a URL; undefined for the direct way.
 * @throws ManygetError `usage`: the setting is no proxy's address.
 */
export function proxyFor(url: URL, settings: ProxySettings): Proxy | undefined {
  const specific = url.protocol === 'https:' ? settings.https : settings.http;
  const chosen = specific ?? settings.all;
  if (chosen === undefined || chosen.trim() === '' || isExempt(url, settings.no ?? '')) return undefined;
  return parseProxy(chosen.trim());
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 8080, 'socks5:': 1080, 'socks5h:': 1080 };

/** @throws ManygetError `usage`. */
export function parseProxy(text: string): Proxy {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const wrong = (why: string): ManygetError =>
    new ManygetError(
      'usage',
      `the proxy "${printable(text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@'), 80)}" ${why}, expected http://HOST:PORT or socks5://HOST:PORT`,
    );
  if (!URL.canParse(full)) throw wrong('is not an address');
  const url = new URL(full);
  const port = defaultPorts[url.protocol];
  if (port === undefined) throw wrong(`has the scheme ${url.protocol.slice(0, -1)}`);
  if (url.hostname === '') throw wrong('names no host');
  const [user, password] = url.username === '' ? [] : [url.username, url.password].map(unescaped);
  if (url.username !== '' && (user === undefined || password === undefined))
    throw wrong('has a broken percent-encoding');
  return {
    kind: url.protocol === 'http:' ? 'http' : 'socks5',
    host: withoutBrackets(url.hostname),
    // The URL parser leaves out 80 for http, which then is meant.
    port: url.port !== '' ? Number(url.port) : /^http:\/\/[^/]*:80(?:\/|$)/i.test(full) ? 80 : port,
    user,
    password,
    resolvesNames: url.protocol !== 'socks5:',
  };
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isExempt(url: URL, list: string): boolean {
  const host = withoutBrackets(url.hostname).toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => exempts(entry.toLowerCase(), host, port));
}

function exempts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = withoutBrackets(withPort?.[1] ?? entry).replace(/^\*?\./, '');
  const network = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(name);
  if (network !== null) return isInNetwork(host, network[1] ?? '', Number(network[2]));
  return host === name || host.endsWith(`.${name}`);
}

function isInNetwork(host: string, network: string, bits: number): boolean {
  const [a, b] = [ipv4Number(host), ipv4Number(network)];
  if (a === undefined || b === undefined || bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(a / size) === Math.floor(b / size);
}

function ipv4Number(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((n) => !Number.isInteger(n) || n < 0 || n > 255)) return undefined;
  return parts.reduce((sum, n) => sum * 256 + n, 0);
}
