import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { listenError } from '../base/listen-error.js';
import { Opening, turnAway } from './opening.js';
import { partyOf, Seats } from './seats.js';
import type { ClientSession, ServerContext } from './server-context.js';
import type { ServerTls } from './worker-messages.js';

/** Connections that are being turned away, at most; more are dropped without a word. */
const turningAwayMax = 64;
/** Room for TLS handshakes that are under way. */
const handshakesMax = 256;
const keepAliveMs = 30_000;
const sweepMsMax = 1000;

/** One server's port: takes connections in, gives each a session, ends them all. Knows nothing of what they speak. */
export class Listener {
  readonly #context: ServerContext;
  readonly #server: Server;
  readonly #seats: Seats;
  #turningAway = 0;
  #sweeper: NodeJS.Timeout | undefined;

  /** @param tls Undefined: connections are in the clear. */
  constructor(context: ServerContext, tls?: ServerTls) {
    this.#context = context;
    this.#seats = new Seats(context.limits);
    const options = {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      // A client may close its half behind its last request; each session ends the connection in its own time.
      allowHalfOpen: true,
    };
    const accept = (socket: Socket): void => this.#accept(socket);
    const { helloMs, connectionsMax } = context.limits;
    this.#server =
      tls === undefined
        ? createServer(options, accept)
        : createTlsServer({ ...options, ...tls, handshakeTimeout: helloMs, minVersion: 'TLSv1.2' }, accept);
    // Connections that are still shaking hands count here alone. More than are seated and turned away, so that the seats decide who is let in.
    this.#server.maxConnections = connectionsMax + turningAwayMax + handshakesMax;
  }

  /**
   * Resolves with the port.
   * @throws ManygetError `port-in-use` or `listen-failed`.
   */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
      this.#server.listen({ host, port }, () => {
        this.#server.removeAllListeners('error');
        // Errors of a listening server concern one connection that was not taken in, as when descriptors run out.
        this.#server.on('error', () => undefined);
        const { idleMs, stallMs } = this.#context.limits;
        this.#sweeper = setInterval(() => this.#sweep(), Math.min(idleMs / 4, stallMs / 4, sweepMsMax));
        const address = this.#server.address();
        resolve(address !== null && typeof address === 'object' ? address.port : port);
      });
    });
  }

  /** Says goodbye to all; resolves once the last connection has ended and the port is free. */
  close(reason: string): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of [...this.#seats]) session.goodbye(reason);
    return closed;
  }

  /** Ends all as a crash would. */
  reset(): void {
    clearInterval(this.#sweeper);
    this.#server.close();
    for (const session of [...this.#seats]) session.reset();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {
      // 'close' follows, and ends the session: a lost client is no news.
    });
    const party = partyOf(socket.remoteAddress ?? '');
    const seat = this.#seats.room(party);
    if (seat.kind === 'refused') {
      this.#turnAway(socket, seat.reason);
      return;
    }
    let session: ClientSession = new Opening(socket, this.#context, (chosen) => {
      this.#seats.remove(party, session);
      session = chosen;
      this.#seats.add(party, session);
    });
    this.#seats.add(party, session);
    socket.on('close', () => this.#seats.remove(party, session));
  }

  #turnAway(socket: Socket, reason: string): void {
    if (this.#turningAway >= turningAwayMax) {
      socket.destroy();
      return;
    }
    this.#turningAway += 1;
    const timer = setTimeout(() => socket.destroy(), this.#context.limits.graceMs);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#turningAway -= 1;
    });
    turnAway(socket, reason);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const session of [...this.#seats]) session.sweep(nowMs);
  }
}
