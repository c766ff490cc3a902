/** What clients of a fleet have to say to be let in, and to know whom they speak to. */
import { certificatePin } from '../../app/certificate-pin.js';
import type { ClientAccess } from './client-commands.js';
import type { ServeRequest } from './serve-request.js';

export function clientAccess({ tls, access }: ServeRequest, hasToken: boolean): ClientAccess {
  return {
    isSecure: tls !== undefined,
    words: [
      // The token itself is for nobody to see.
      ...(hasToken ? ['--token-file', access?.tokenFile ?? 'FILE'] : []),
      ...(tls === undefined ? [] : ['--pin', certificatePin(tls.cert)]),
    ],
  };
}
