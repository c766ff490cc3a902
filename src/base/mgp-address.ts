import { hostAndPort } from './host-name.js';

/** Where an mgp source is: `mgp://host:port/name`, the name percent-encoded as in any URL. */
export interface MgpAddress {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** Over TLS: `mgps://`. */
  readonly isSecure: boolean;
}

/** The URL of a name at an address. */
export function formatMgpUrl({ host, port, name, isSecure }: MgpAddress): string {
  const path = name.split('/').map(encodeURIComponent).join('/');
  return `${isSecure ? 'mgps' : 'mgp'}://${hostAndPort(host, port)}/${path}`;
}
