import { isIPv6 } from 'node:net';

import { withoutBrackets } from '../../base/host-name.js';
import { printable } from '../../base/printable.js';
import { withoutLogin } from '../../base/source-address.js';
import { usageError } from './usage-error.js';

/** A host name or an IP address, without port or scheme; the brackets of an IPv6 address are taken off. */
export function parseHost(flag: string, text: string): string {
  const host = withoutBrackets(text.trim());
  if (isIPv6(host.replace(/%.*$/, '')) || /^[^\s/:@?#[\]\\]{1,255}$/.test(host)) return host;
  throw usageError(`${flag} takes a host name or an IP address, without port or scheme, not "${printable(text, 60)}"`);
}

/** Whether `text` is written as an address; what stands behind the scheme is judged by the one who opens it. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+/i.test(text);
}

/** `text` as the address of a file. */
export function parseSource(text: string): string {
  if (isUrl(text.trim())) return text.trim();
  const meant = withScheme(text.trim());
  if (meant !== undefined) {
    throw usageError(`"${printable(text, 80)}" is no address without a scheme: did you mean ${printable(meant, 400)}?`);
  }
  throw usageError(
    `"${printable(text, 80)}" is not the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME`,
  );
}

/** What `text` would be an address with, where it looks like a host and a path. */
function withScheme(text: string): string | undefined {
  if (!/^(?:localhost|[\w-]+(?:\.[\w-]+)+|\[[\da-f:.]+\])(?::\d{1,5})?\/[^\s/]/i.test(text)) return undefined;
  return /^[^/]*:\d+\//.test(text) ? `mgp://${text} or http://${text}` : `https://${text}`;
}

/** `addresses`, none of which may be there twice. */
export function distinctSources(addresses: readonly string[]): string[] {
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice !== undefined) throw usageError(`${withoutLogin(twice)} is named twice: each server counts once`);
  return [...addresses];
}
