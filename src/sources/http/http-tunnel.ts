import { connect, type Socket } from 'node:net';
import { ManygetError } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-name.js';
import { messageOf } from '../../base/message-of.js';
import { printable } from '../../base/printable.js';
import { basicAuthorization } from '../../wire/http-auth.js';
import { HttpHeadParser } from '../../wire/http-head.js';
import { encodeRequest, type HeaderLine } from '../../wire/http-request.js';
import { Socks5Handshake } from '../../wire/socks5.js';
import { socketError } from '../tcp/socket-error.js';
import { lookUp } from './look-up.js';
import { proxyPeer, type Proxy } from './http-proxy.js';

interface TunnelEnd {
  readonly host: string;
  readonly port: number;
}

/** Takes what the proxy sends, until the tunnel is open: then it returns the bytes that are not the proxy's any more. */
type Handshake = (bytes: Uint8Array, socket: Socket) => Uint8Array | undefined;

/**
 * A raw stream to `end` through a proxy: CONNECT of an HTTP proxy, or SOCKS5. The socket is paused; what the far end
 * sent already is its next data.
 * @throws ManygetError `proxy-failed`, or an error of the connection to the proxy.
 */
export async function openTunnel(proxy: Proxy, end: TunnelEnd, signal: AbortSignal): Promise<Socket> {
  const peer = proxyPeer(proxy);
  const target = proxy.kind === 'socks5' && !proxy.resolvesNames ? { ...end, host: await lookUp(end.host) } : end;
  // First of all: where it cannot be asked for, there is no socket that nobody listens to.
  const [hello, handshake] =
    proxy.kind === 'http' ? connectTunnel(proxy, target, peer) : socksTunnel(proxy, target, peer);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true, keepAlive: true, signal });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error instanceof ManygetError ? error : socketError(peer, error, false));
    };
    const ended = (): void => fail(new ManygetError('proxy-failed', `${peer} closed the connection without an answer`));
    const read = (bytes: Uint8Array): void => {
      try {
        const rest = handshake(bytes, socket);
        if (rest === undefined) return;
        socket.pause();
        socket.off('data', read).off('error', fail).off('end', ended).off('close', ended);
        if (rest.length > 0) socket.unshift(rest);
        resolve(socket);
      } catch (error) {
        fail(error as Error);
      }
    };
    socket.on('data', read).on('error', fail).on('end', ended).on('close', ended);
    socket.write(hello);
  });
}

function connectTunnel(proxy: Proxy, end: TunnelEnd, peer: string): [Uint8Array, Handshake] {
  const place = hostAndPort(end.host, end.port);
  const parser = new HttpHeadParser(peer);
  const handshake: Handshake = (bytes) => {
    const taken = parser.push(bytes);
    const { head } = parser;
    if (head === undefined) return undefined;
    if (head.status < 200 || head.status > 299) {
      const code = head.status === 407 ? 'http-unauthorized' : 'proxy-failed';
      throw new ManygetError(
        code,
        `${peer} refused a connection to ${place}: ${head.status} ${printable(head.reason, 60)}`.trimEnd(),
      );
    }
    return bytes.slice(taken);
  };
  return [encodeRequest('CONNECT', place, [['Host', place], ...proxyHeaders(proxy)]), handshake];
}

/** What an HTTP proxy wants to know of us. */
export function proxyHeaders(proxy: Proxy): HeaderLine[] {
  if (proxy.kind !== 'http' || proxy.user === undefined) return [];
  return [['Proxy-Authorization', basicAuthorization({ user: proxy.user, password: proxy.password ?? '' })]];
}

function socksTunnel(proxy: Proxy, end: TunnelEnd, peer: string): [Uint8Array, Handshake] {
  const socks = socksHandshake(proxy, end, peer);
  const handshake: Handshake = (bytes, socket) => {
    let step = socks.push(bytes);
    while (step.kind === 'send') {
      socket.write(step.bytes);
      step = socks.push(new Uint8Array(0));
    }
    if (step.kind === 'refused') {
      throw new ManygetError(
        step.isLogin ? 'http-unauthorized' : 'proxy-failed',
        `${peer} refused a connection to ${hostAndPort(end.host, end.port)}: ${step.reason}`,
      );
    }
    return step.kind === 'open' ? step.rest.slice() : undefined;
  };
  return [socks.greeting(), handshake];
}

function socksHandshake(proxy: Proxy, end: TunnelEnd, peer: string): Socks5Handshake {
  try {
    return new Socks5Handshake({ ...end, user: proxy.user, password: proxy.password });
  } catch (cause) {
    throw new ManygetError('proxy-failed', `${peer} cannot be asked for a connection: ${messageOf(cause)}`, { cause });
  }
}
