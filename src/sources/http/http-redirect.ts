import { BlockList, isIP } from 'node:net';
import { ManygetError } from '../../base/errors.js';
import { withoutBrackets } from '../../base/host-name.js';
import { printable } from '../../base/printable.js';

/** Hops that are followed from one URL to the file. */
const redirectsMax = 10;

interface RedirectStep {
  readonly from: URL;
  readonly location: string | undefined;
  /** Redirects so far. */
  readonly count: number;
  /** The server that sent it is out in the internet: it may not send us to our own network. */
  readonly fromPublic: boolean;
  /** A password, a cookie or a header of the user's would go to, or was sent by, this origin. */
  readonly hasCredentials: (url: URL) => boolean;
}

/**
 * Where a redirect leads.
 * @throws ManygetError `http-redirect`: nowhere that may be followed.
 */
export function followRedirect(step: RedirectStep): URL {
  const { from, location, count } = step;
  const wrong = (what: string): ManygetError => new ManygetError('http-redirect', `${from.origin} redirects ${what}`);
  if (location === undefined || location === '') throw wrong('without saying where to');
  if (count >= redirectsMax) throw wrong(`once more after ${redirectsMax} redirects`);
  if (!URL.canParse(location, from.href)) throw wrong(`to "${printable(location, 100)}", which is not a URL`);
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw wrong(`to the scheme "${printable(to.protocol.slice(0, -1), 30)}", expected http or https`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:' && (step.hasCredentials(from) || step.hasCredentials(to))) {
    throw wrong(`to ${to.origin} without encryption, although credentials are used`);
  }
  if (step.fromPublic && isPrivateHost(to.hostname)) {
    throw wrong(`to ${to.origin}, which is inside of this network`);
  }
  // A login in a Location is somebody else's idea of who we are.
  to.username = '';
  to.password = '';
  // Of no meaning for a file, and an address with it would not be the one that its server's own links name.
  to.hash = '';
  return to;
}

const privateAddresses = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  privateAddresses.addSubnet(network, bits, 'ipv4');
  privateAddresses.addSubnet(`::ffff:${network}`, 96 + bits, 'ipv6');
}
privateAddresses.addAddress('::', 'ipv6');
privateAddresses.addAddress('::1', 'ipv6');
privateAddresses.addSubnet('fc00::', 7, 'ipv6');
privateAddresses.addSubnet('fe80::', 10, 'ipv6');

/** True for an address of this machine or its own network. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && privateAddresses.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** True where a URL's host says by itself that it is this machine or its own network. */
export function isPrivateHost(hostname: string): boolean {
  const host = withoutBrackets(hostname).toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || isPrivateAddress(host);
}
