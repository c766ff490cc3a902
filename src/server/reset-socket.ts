import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Ends a connection as a crash would. Below TLS there is no way to the TCP connection: it is only closed. */
export function resetSocket(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
