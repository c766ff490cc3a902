import type { Socket } from 'node:net';
import type { HeaderLine } from '../wire/http-request.js';
import { encodeAnswerHead } from '../wire/http-server-head.js';
import { encodePreamble } from '../wire/mgp-frame.js';
import { encodeMessage } from '../wire/mgp-messages.js';
import { HttpSession } from './http-session.js';
import { MgpSession } from './mgp-session.js';
import { resetSocket } from './reset-socket.js';
import type { ClientSession, ServerContext } from './server-context.js';

/** What a connection turns out to speak by its first byte: the preamble of mgp, or a method of HTTP. */
type Spoken = 'mgp' | 'http' | 'unknown';

const mgpFirstByte = encodePreamble()[0];

function spokenBy(firstBytes: Uint8Array): Spoken {
  const [first = 0] = firstBytes;
  if (first === mgpFirstByte) return 'mgp';
  const isLetter = (first >= 0x41 && first <= 0x5a) || (first >= 0x61 && first <= 0x7a);
  return isLetter ? 'http' : 'unknown';
}

/**
 * A connection before its first byte. Waits for that for as long as for a whole HELLO, and then gives the connection to
 * a session of what is spoken; a stranger is hung up on without a word.
 */
export class Opening implements ClientSession {
  readonly isIdle = true;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  /** @param onSession Takes the place of this one. */
  constructor(socket: Socket, context: ServerContext, onSession: (session: ClientSession) => void) {
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.destroy(), context.limits.helloMs);
    const end = (): void => void socket.destroy();
    socket.once('end', end);
    socket.once('close', () => clearTimeout(this.#timer));
    socket.once('data', (chunk: Buffer) => {
      clearTimeout(this.#timer);
      socket.off('end', end);
      const spoken = spokenBy(chunk);
      if (spoken === 'unknown') {
        socket.destroy();
        return;
      }
      const session = spoken === 'mgp' ? new MgpSession(socket, context) : new HttpSession(socket, context);
      onSession(session);
      session.receive(chunk);
    });
  }

  goodbye(): void {
    this.#socket.destroy();
  }

  reset(): void {
    resetSocket(this.#socket);
  }

  sweep(): void {
    // Its own timer ends it.
  }
}

/** Tells a connection for which there is no room so, in the protocol that it speaks, and ends it. */
export function turnAway(socket: Socket, message: string): void {
  socket.once('data', (chunk: Buffer) => {
    const spoken = spokenBy(chunk);
    if (spoken === 'mgp') {
      socket.write(encodePreamble());
      socket.end(encodeMessage.error(0, { code: 'busy', message }));
    } else if (spoken === 'http') {
      socket.end(encodeAnswerHead(503, turnAwayHeaders(message)) + message);
    } else {
      socket.destroy();
    }
    socket.resume(); // What the client says is read and dropped: unread bytes would reset the connection.
  });
  socket.once('end', () => socket.end());
}

function turnAwayHeaders(message: string): HeaderLine[] {
  return [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(message))],
    ['Retry-After', '5'],
    ['Connection', 'close'],
  ];
}
