import { BlockList, isIP } from 'node:net';
import { ManygetError } from '../../base/errors.js';
import { hostAndPort, withoutBrackets } from '../../base/host-name.js';
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

/** What errors call it. */
export function proxyPeer({ host, port }: Proxy): string {
  return `proxy ${hostAndPort(host, port)}`;
}

/** What the environment says of proxies; also made from options. Empty texts mean none. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly all?: string | undefined;
  /** Hosts that are reached directly: "localhost,.example.org,10.0.0.0/8,fd00::/8,*". */
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
  if (url.protocol === 'http:' && user?.includes(':') === true)
    throw wrong('has a user name with a colon, which HTTP cannot send');
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
  const host = withoutRootDot(withoutBrackets(url.hostname).toLowerCase());
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => exempts(entry.toLowerCase(), host, port));
}

function exempts(entry: string, host: string, port: string): boolean {
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const place = (withPort?.[1] ?? entry).replace(/^\[([^\]]+)\]/, '$1');
  if (place === '*') return true;
  // An address ends like another one without being under it: names alone are compared from the end.
  if (isIP(host) !== 0) return isInNetwork(host, place);
  const name = withoutRootDot(place.replace(/^\*?\./, ''));
  return name !== '' && (host === name || host.endsWith(`.${name}`));
}

/** Whether the address `host` is `place`, or in the network that it is: "10.0.0.0/8", "fd00::/8". */
function isInNetwork(host: string, place: string): boolean {
  const [, base = '', bits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/.exec(place) ?? [];
  const family = isIP(base);
  const most = family === 4 ? 32 : 128;
  if (family === 0 || Number(bits ?? most) > most) return false;
  const network = new BlockList();
  network.addSubnet(base, Number(bits ?? most), family === 4 ? 'ipv4' : 'ipv6');
  return network.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

/** A name as it is without the dot of the root behind it. */
function withoutRootDot(name: string): string {
  return name.replace(/\.$/, '');
}
