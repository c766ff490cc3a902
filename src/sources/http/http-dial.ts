import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { pinFault, tlsTrustOptions, type TlsTrust } from '../tls-trust.js';
import { socketError } from '../tcp/socket-error.js';
import type { HttpOrigin } from './http-origins.js';
import { openTunnel } from './http-tunnel.js';
import { proxyPeer, type Proxy } from './http-proxy.js';
import { publicLookup } from './public-lookup.js';

/** How to get a byte stream to an origin. */
export interface DialPlan {
  readonly origin: HttpOrigin;
  readonly proxy: Proxy | undefined;
  readonly trust: TlsTrust;
  /** Never to an address of this machine or its own network. */
  readonly publicOnly: boolean;
}

/** What a dialled stream calls. After `closed` nothing more. */
export interface DialHandler {
  /** The stream is there: TCP, tunnel and TLS. */
  opened(): void;
  /** Memory for the next bytes. */
  arm(): Uint8Array;
  /** Bytes came into what was armed last; false where reading is to pause. */
  filled(bytes: number): boolean;
  /** Bytes came in memory of their own; false where reading is to pause. */
  arrived(bytes: Uint8Array): boolean;
  /** The other side sends no more. */
  ended(): void;
  failed(error: Error): void;
}

export interface Stream {
  /** Address of the other end of the socket: the server's, or the proxy's. */
  readonly remoteAddress: string | undefined;
  write(bytes: Uint8Array): void;
  resume(): void;
  destroy(): void;
}

/** Opens a stream to an origin: read in place where the socket is ours alone, in copies behind a tunnel. */
export function dial(plan: DialPlan, handler: DialHandler): Stream {
  const tunnel = plan.proxy !== undefined && readingProxy(plan) === undefined;
  return tunnel ? new TunnelledStream(plan, plan.proxy, handler) : new DirectStream(plan, handler);
}

/** The proxy that reads every request and answers in the server's place; undefined where there is none, or a tunnel through it. */
export function readingProxy({ proxy, origin }: DialPlan): Proxy | undefined {
  return proxy?.kind === 'http' && !origin.isSecure ? proxy : undefined;
}

function tlsOptions(plan: DialPlan): ConnectionOptions {
  const { host, tlsSession } = plan.origin;
  return {
    ...tlsTrustOptions(plan.trust, host),
    ...(tlsSession === undefined ? {} : { session: tlsSession }),
    ALPNProtocols: ['http/1.1'],
  };
}

/** The handshake is over: the server is believed, or was not the right one. */
function secured(socket: TLSSocket, plan: DialPlan, handler: DialHandler): void {
  const fault = pinFault(socket, plan.trust, plan.origin.peer);
  if (fault === undefined) handler.opened();
  else handler.failed(fault);
}

/** Every session ticket makes the next handshake shorter. */
function keepSession(socket: TLSSocket, origin: HttpOrigin): void {
  socket.on('session', (session) => (origin.tlsSession = session));
}

class DirectStream implements Stream {
  readonly #socket: Socket;

  constructor(plan: DialPlan, handler: DialHandler) {
    // `buffer` runs inside connect(), before #socket is set.
    const onread: OnReadOpts = { buffer: () => handler.arm(), callback: (bytes) => handler.filled(bytes) };
    const { origin, proxy } = plan;
    const place = { host: proxy?.host ?? origin.host, port: proxy?.port ?? origin.port };
    const lookup = plan.publicOnly && proxy === undefined ? { lookup: publicLookup } : {};
    const tcp = { ...place, noDelay: true, keepAlive: true, autoSelectFamily: true, onread, ...lookup };
    if (origin.isSecure) {
      const socket = connectTls({ ...tcp, ...tlsOptions(plan) });
      if (plan.trust.pins.length === 0) keepSession(socket, origin);
      socket.on('secureConnect', () => secured(socket, plan, handler));
      this.#socket = socket;
    } else {
      this.#socket = connectTcp(tcp);
      this.#socket.on('connect', () => handler.opened());
    }
    listen(this.#socket, proxy === undefined ? handler : viaProxy(proxy, this.#socket, handler));
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** The same handler, told of the proxy where that is who cannot be reached. */
function viaProxy(proxy: Proxy, socket: Socket, handler: DialHandler): Pick<DialHandler, 'failed' | 'ended'> {
  let isOpen = false;
  socket.on('connect', () => (isOpen = true));
  return {
    failed: (error) => handler.failed(isOpen ? error : socketError(proxyPeer(proxy), error, false)),
    ended: () => handler.ended(),
  };
}

function listen(socket: Socket, handler: Pick<DialHandler, 'failed' | 'ended'>): void {
  socket.on('error', (error) => handler.failed(error));
  socket.on('end', () => handler.ended());
  socket.on('close', () => handler.ended());
}

/** Through a proxy's tunnel: Node reads such a socket into memory of its own, so bytes are copied here. */
class TunnelledStream implements Stream {
  readonly #plan: DialPlan;
  readonly #handler: DialHandler;
  readonly #stopping = new AbortController();
  #socket: Socket | undefined;

  constructor(plan: DialPlan, proxy: Proxy, handler: DialHandler) {
    this.#plan = plan;
    this.#handler = handler;
    const { host, port } = plan.origin;
    openTunnel(proxy, { host, port }, this.#stopping.signal).then(
      (raw) => this.#through(raw),
      (error: unknown) => {
        if (!this.#stopping.signal.aborted) handler.failed(error as Error);
      },
    );
  }

  get remoteAddress(): string | undefined {
    return this.#socket?.remoteAddress;
  }

  write(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  resume(): void {
    this.#socket?.resume();
  }

  destroy(): void {
    this.#stopping.abort();
    this.#socket?.destroy();
  }

  #through(raw: Socket): void {
    if (this.#stopping.signal.aborted) {
      raw.destroy();
      return;
    }
    const { origin } = this.#plan;
    if (!origin.isSecure) {
      this.#use(raw);
      this.#handler.opened();
      return;
    }
    // `host` is who has to be at the other end: without it an address would be held against the proxy's name.
    const socket = connectTls({ socket: raw, host: origin.host, ...tlsOptions(this.#plan) });
    if (this.#plan.trust.pins.length === 0) keepSession(socket, origin);
    socket.on('secureConnect', () => secured(socket, this.#plan, this.#handler));
    this.#use(socket);
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Uint8Array) => {
      if (!this.#handler.arrived(chunk)) socket.pause();
    });
    listen(socket, this.#handler);
    // The tunnel was left paused, so that nothing of the far end is lost.
    socket.resume();
  }
}
