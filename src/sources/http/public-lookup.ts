import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isPrivateAddress } from './http-redirect.js';

type Answer = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/**
 * Looks a name up as Node does, and leaves out addresses of this machine and its own network: a redirect from the
 * internet must not lead there, whatever a name server says.
 */
export function publicLookup(host: string, options: LookupOptions, done: Answer): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      done(error, []);
      return;
    }
    const open = addresses.filter(({ address }) => !isPrivateAddress(address));
    const [first] = open;
    if (first === undefined) {
      const refusal: NodeJS.ErrnoException = new Error(`${host} is inside of this network`);
      refusal.code = 'ENETUNREACH';
      done(refusal, []);
    } else if (options.all === true) done(null, open);
    else done(null, first.address, first.family);
  });
}
