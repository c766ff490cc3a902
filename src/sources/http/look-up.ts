import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { socketError } from '../tcp/socket-error.js';

/**
 * The first address of a host.
 * @throws ManygetError `dns-failed`.
 */
export async function lookUp(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw socketError(`server ${host}`, error as NodeJS.ErrnoException, false);
  }
}
