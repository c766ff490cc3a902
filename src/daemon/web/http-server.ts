import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { listenError } from '../../base/listen-error.js';
import type { RpcSocket } from '../rpc/rpc-socket.js';
import type { apiRoutes } from './api-routes.js';
import { askedCells } from './asked-cells.js';
import { tokenDemand, type Guard } from './guard.js';
import type { LiveFeed } from './live-feed.js';
import type { Player } from './play.js';
import { sendError } from './send-error.js';

/**
 * The daemon's one listener: refuses whom the guard refuses, then passes each request to who knows its path. What
 * streams (events, files) speaks to the socket itself; everything else is the API's.
 */
interface HttpServerParts {
  readonly guard: Guard;
  readonly routes: ReturnType<typeof apiRoutes>;
  readonly feed: LiveFeed;
  readonly player: Player;
  readonly socket: RpcSocket;
}

const keepAliveMs = 30_000;

export class HttpServer implements AsyncDisposable {
  readonly #parts: HttpServerParts;
  readonly #server: Server;
  readonly #api: ReturnType<typeof getRequestListener>;
  /** Node's server does not end these by itself. */
  readonly #upgraded = new Set<Duplex>();

  constructor(parts: HttpServerParts) {
    this.#parts = parts;
    this.#api = getRequestListener(parts.routes.fetch);
    // So that a place of one who is gone without a word is free again.
    const options = { keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    this.#server = createServer(options, (request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      this.#upgraded.add(socket);
      socket.once('close', () => this.#upgraded.delete(socket));
      const refusal = this.#upgradeRefusal(request);
      if (refusal === undefined) {
        parts.socket.accept(request, socket, head);
        return;
      }
      // Node has let go of it: who hangs up meanwhile is nobody's fault, and nobody else would hear of it.
      socket.on('error', () => socket.destroy());
      // Nobody reads it, and so nobody would see the client close its end either.
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
  }

  /** Begins to listen; returns the port. @throws ManygetError `port-in-use` or `listen-failed`. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)));
      this.#server.listen(port, host, () => {
        this.#server.removeAllListeners('error');
        // Errors of a listening server concern one connection that was not taken in, as when descriptors run out.
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { guard, feed, player } = this.#parts;
    const refusal = guard.refusal(request);
    if (refusal !== undefined) {
      sendError(response, 403, 'daemon-refused', refusal);
      return;
    }
    this.#allowOrigin(request, response);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const url = addressOf(request);
    if (url === undefined) {
      sendError(response, 400, 'usage', 'what is asked for is no path');
      return;
    }
    if (url.pathname.startsWith('/play/')) {
      void player.serve(request, response, url.pathname);
      return;
    }
    if (url.pathname === '/api/events' && request.method === 'GET') {
      if (!guard.isAuthorized(request.headers.authorization)) {
        sendError(response, 401, 'daemon-refused', tokenDemand);
        return;
      }
      const cells = askedCells(url.searchParams.get('cells') ?? undefined, 1024);
      feed.open(response, url.searchParams.get('gid') ?? undefined, cells);
      return;
    }
    void this.#api(request, response);
  }

  /** The status for who is given no WebSocket. */
  #upgradeRefusal(request: IncomingMessage): string | undefined {
    const { guard, socket } = this.#parts;
    const address = addressOf(request);
    if (address === undefined) return '400 Bad Request';
    if (address.pathname !== '/jsonrpc' || guard.refusal(request) !== undefined) return '403 Forbidden';
    return socket.isFull ? '503 Service Unavailable' : undefined;
  }

  /** Pages of origins that were let in may read answers: front ends of aria2 live on other origins. */
  #allowOrigin(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    if (origin === undefined || !this.#parts.guard.allowsOrigin(origin)) return;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Headers', 'content-type, authorization');
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, DELETE');
    response.setHeader('Access-Control-Max-Age', '1728000');
    response.setHeader('Vary', 'Origin');
  }
}

/** What the request asks for; undefined where its target is none, as "//". */
function addressOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '/';
  return URL.canParse(target, 'http://daemon') ? new URL(target, 'http://daemon') : undefined;
}
