import { isIPv6 } from 'node:net';

import { withoutBrackets } from '../../base/host-name.js';
import { printable } from '../../base/printable.js';
import { usageError } from './usage-error.js';

/** A host name or an IP address, without port or scheme; the brackets of an IPv6 address are taken off. */
export function parseHost(flag: string, text: string): string {
  const host = withoutBrackets(text.trim());
  if (isIPv6(host.replace(/%.*$/, '')) || /^[^\s/:@?#[\]\\]{1,255}$/.test(host)) return host;
  throw usageError(`${flag} takes a host name or an IP address, without port or scheme, not "${printable(text, 60)}"`);
}

/** `mgp://host:port/name`, every part of the name escaped as a URL wants it. */
export function mgpUrl(host: string, port: number, name: string, scheme: 'mgp' | 'mgps' = 'mgp'): string {
  const authority = isIPv6(host.replace(/%.*$/, '')) ? `[${host}]` : host;
  return `${scheme}://${authority}:${port}/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether `text` is written as an address; what stands behind the scheme is judged by the one who opens it. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+/i.test(text);
}

/** `text` as the address of a file. */
export function parseSource(text: string): string {
  if (isUrl(text.trim())) return text.trim();
  throw usageError(
    `"${printable(text, 80)}" is not the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME`,
  );
}
