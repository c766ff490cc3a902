import { parseHttpDate } from './http-date.js';

/** Cookies: where they go, and where they come from. Sans-I/O; `nowMs` is handed in. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** In lower case, without a leading dot. */
  readonly domain: string;
  /** True: to this very host alone, not to those below it. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** Undefined: as long as this run. */
  readonly expiresMs: number | undefined;
}

const cookieName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const cookieValue = /^[\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Reads a cookie file in Netscape's format: seven fields with tabs between them. `#HttpOnly_` before the domain is
 * read over; other lines that begin with `#` are comments. An end that is empty, 0 or below is that of the session; add-ons of
 * browsers write parts of seconds, too.
 * @param text One character for each byte, as a header has them.
 * @returns the cookies, and the numbers of the lines that mean nothing.
 */
export function parseCookieFile(text: string): { cookies: Cookie[]; badLines: number[] } {
  const cookies: Cookie[] = [];
  const badLines: number[] = [];
  for (const [index, raw] of text
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.replace(/^#HttpOnly_/, '');
    if (line.trim() === '' || line.startsWith('#')) continue;
    const cookie = parseLine(line);
    if (cookie === undefined) badLines.push(index + 1);
    else cookies.push(cookie);
  }
  return { cookies, badLines };
}

function parseLine(line: string): Cookie | undefined {
  const [domain = '', below, path = '', secure, expires = '', name = '', value = ''] = line.split('\t');
  if (
    domain.replace(/^\./, '') === '' ||
    !/^(TRUE|FALSE)$/i.test(below ?? '') ||
    !/^(TRUE|FALSE)$/i.test(secure ?? '')
  ) {
    return undefined;
  }
  if (
    !path.startsWith('/') ||
    !/^(?:-?\d{1,15}(?:\.\d{1,15})?)?$/.test(expires) ||
    !cookieName.test(name) ||
    !cookieValue.test(value)
  ) {
    return undefined;
  }
  return {
    name,
    value,
    domain: domain.toLowerCase().replace(/^\./, ''),
    hostOnly: below?.toUpperCase() === 'FALSE' && !domain.startsWith('.'),
    path,
    secure: secure?.toUpperCase() === 'TRUE',
    expiresMs: Number(expires) > 0 ? Number(expires) * 1000 : undefined,
  };
}

/**
 * A Set-Cookie line (RFC 6265 5.2) of an answer of `url`. Its Domain is not believed: without a list of public
 * suffixes it could reach other people's hosts, and what a download needs is a cookie that comes back to the same one.
 */
export function parseSetCookie(line: string, url: URL, nowMs: number): Cookie | undefined {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  if (equals < 1 || !cookieName.test(name) || !cookieValue.test(value)) return undefined;
  const attribute = (key: string): string | undefined =>
    attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const path = attribute('path');
  const maxAge = attribute('max-age');
  const isOver = maxAge === undefined ? cookieDate(attribute('expires') ?? '') <= nowMs : Number(maxAge) <= 0;
  return {
    name,
    value,
    domain: url.hostname.toLowerCase(),
    hostOnly: true,
    path: path?.startsWith('/') === true ? path : defaultPath(url),
    secure: attributes.some((text) => text.toLowerCase() === 'secure'),
    // A cookie is set for this run; the only end that matters is one that has come.
    expiresMs: isOver ? 0 : undefined,
  };
}

/** The time of an Expires (RFC 6265 5.1.1), of which some are written with hyphens; Infinity where it means nothing. */
function cookieDate(text: string): number {
  const parts = /(\d{1,2})[- ]([a-z]{3})[- ](\d{4}) (\d\d:\d\d:\d\d)/i.exec(text);
  if (parts === null) return parseHttpDate(text) ?? Infinity;
  const [, day = '', month = '', year = '', clock = ''] = parts;
  return parseHttpDate(`Thu, ${day.padStart(2, '0')} ${month} ${year} ${clock} GMT`) ?? Infinity;
}

function defaultPath(url: URL): string {
  const end = url.pathname.lastIndexOf('/');
  return end <= 0 ? '/' : url.pathname.slice(0, end);
}

/** Whether a cookie goes to `url`. */
export function cookieMatches(cookie: Cookie, url: URL, nowMs: number): boolean {
  const host = url.hostname.toLowerCase();
  if (cookie.secure && url.protocol !== 'https:') return false;
  if (cookie.expiresMs !== undefined && cookie.expiresMs <= nowMs) return false;
  const isAddress = /^[\d.]+$|^\[/.test(host);
  const below = !cookie.hostOnly && !isAddress && host.endsWith(`.${cookie.domain}`);
  if (host !== cookie.domain && !below) return false;
  const path = url.pathname;
  if (!path.startsWith(cookie.path)) return false;
  return path.length === cookie.path.length || cookie.path.endsWith('/') || path[cookie.path.length] === '/';
}
