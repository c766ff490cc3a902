import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ManygetError } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-name.js';
import type { MgpAddress } from '../../base/mgp-address.js';
import { pinFault, tlsTrustOptions, type TlsTrust } from '../tls-trust.js';

/** Who we are to native servers, and whom we believe. */
export interface MgpIdentity {
  readonly agent: string;
  readonly token: string | undefined;
  readonly trust: TlsTrust;
}

/** Opens a connection; `onOpen` is told once bytes may be sent, or why they must not be. */
export function dialMgp(
  address: MgpAddress,
  trust: TlsTrust,
  onOpen: (fault: ManygetError | undefined) => void,
  onread?: OnReadOpts,
): Socket {
  const { host, port, isSecure } = address;
  const place = { host, port, noDelay: true, keepAlive: true, ...(onread === undefined ? {} : { onread }) };
  if (!isSecure) {
    const socket = connect(place);
    socket.on('connect', () => onOpen(undefined));
    return socket;
  }
  const socket = connectTls({ ...place, ...tlsTrustOptions(trust, host) });
  socket.on('secureConnect', () => onOpen(pinFault(socket, trust, `server ${hostAndPort(host, port)}`)));
  return socket;
}
