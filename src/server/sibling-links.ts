import { withBrackets } from '../base/host-name.js';
import { encodePath, type HttpRequestTarget } from '../wire/http-request-target.js';

/** Where else in the fleet a file is to be had, as URLs that the client of a request can use. */

/** Addresses in one answer, and what they may take: some clients and proxies read no more than 8 KiB of head. */
const linksMax = 16;
const linkBytesMax = 3072;

/** The end of a connection that a request came in on. */
export interface LocalEnd {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** Over TLS. */
  readonly encrypted?: boolean;
}

/** Addresses of servers, such as `http://a.example:9001`. */
export interface FleetAddresses {
  readonly own: string;
  /** Beginning with the server behind this one, so that the clients of different servers do not all go to the same. */
  readonly others: readonly string[];
}

/**
 * What a client that sent `target` may call the servers on `ports`. Where it does not know this server by the port that
 * it listens on, something between them maps ports, and what it makes of the others is not known: there are none then.
 */
export function fleetAddresses(target: HttpRequestTarget, local: LocalEnd, ports: readonly number[]): FleetAddresses {
  const named = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d+))?$/.exec(target.host ?? '');
  const usable = named !== null && URL.canParse(`http://${named[0]}/`);
  const scheme = local.encrypted === true ? 'https' : 'http';
  const host = usable ? (named[1] ?? '') : addressHost(local.localAddress);
  const ownPort = local.localPort ?? 0;
  const knownPort = usable ? Number(named[2] ?? (scheme === 'https' ? 443 : 80)) : ownPort;
  if (knownPort !== ownPort) return { own: `${scheme}://${host}:${knownPort}`, others: [] };
  const at = ports.indexOf(ownPort);
  const others = [...ports.slice(at + 1), ...ports.slice(0, Math.max(at, 0))];
  return { own: `${scheme}://${host}:${ownPort}`, others: others.map((port) => `${scheme}://${host}:${port}`) };
}

/** Values of Link headers (RFC 6249): the other servers, all as good as this one. */
export function duplicateLinks(addresses: FleetAddresses, name: string): string[] {
  const links: string[] = [];
  let bytes = 0;
  for (const address of addresses.others.slice(0, linksMax)) {
    const link = `<${address}/${encodePath(name)}>; rel=duplicate; pri=1`;
    bytes += link.length;
    if (bytes > linkBytesMax) break;
    links.push(link);
  }
  return links;
}

function addressHost(localAddress: string | undefined): string {
  const address = (localAddress ?? '127.0.0.1').replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return withBrackets(address);
}
