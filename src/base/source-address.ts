import { ManygetError } from './errors.js';
import { printable } from './printable.js';

/** True for the address of something to fetch: of HTTP or mgp, in the clear or over TLS, with a host. */
export function isSourceAddress(text: string): boolean {
  return /^(?:https?|mgps?):\/\/[^/]/i.test(text);
}

/** @throws ManygetError `usage`: it is not the address of something to fetch. */
export function checkSourceAddress(text: string): void {
  if (isSourceAddress(text)) return;
  const what = `"${printable(text, 100)}" is not an address`;
  throw new ManygetError('usage', `${what}: expected http://, https://, mgp:// or mgps://`);
}

/**
 * What the file at an address is called there: the last part of its path, unescaped where that is possible. A web server's
 * root is its index page, by the name that other downloaders give it; empty where else there is no path. Not to be trusted
 * as a name on the disk.
 */
export function nameInAddress(address: string): string {
  if (!URL.canParse(address)) return '';
  const { pathname, protocol } = new URL(address);
  const last = pathname.split('/').findLast((part) => part !== '') ?? (/^https?:$/.test(protocol) ? 'index.html' : '');
  try {
    return decodeURIComponent(last);
  } catch {
    // A stray "%", or bytes that are not UTF-8: the name is what is written.
    return last;
  }
}

/** `text` without the name and password of an address that it begins with: as it is written down and shown. */
export function withoutLogin(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}
