/** What to tell people who want the files: addresses and ready-made commands. */
import { networkInterfaces } from 'node:os';

import { hostAndPort } from '../../base/host-name.js';
import { isManifestOperand } from '../../base/manifest.js';
import { formatMgpUrl } from '../../base/mgp-address.js';
import { printable } from '../../base/printable.js';
import type { FleetSnapshot } from '../../base/snapshot.js';
import { counted } from '../figures.js';
import { isUrl } from '../options/addresses.js';
import { formatPorts } from '../options/ports.js';
import { quoteWord } from '../options/shell-words.js';
import { offered } from './offered.js';

const filesShownMax = 3;
/** Of more servers than these, one address says it. */
const serversShownMax = 8;

/** The address by which clients reach a server that listens on `host`. */
function reachableHost(host: string, interfaces: typeof networkInterfaces = networkInterfaces): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(interfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}

/** What a client has to say besides the addresses. */
export interface ClientAccess {
  /** Over TLS. */
  readonly isSecure: boolean;
  /** Flags of `get`: where the token is, and which key to believe. */
  readonly words: readonly string[];
}

/** Addresses of the first files on every server, and the command that fetches the first file from all of them. */
export function welcomeLines(snapshot: FleetSnapshot, { isSecure, words }: ClientAccess): string[] {
  const servers = snapshot.servers.filter((server) => server.state !== 'failed');
  const urls = (name: string): string[] =>
    servers.map(({ host, port }) => formatMgpUrl({ host: reachableHost(host), port, name, isSecure }));
  const { what, size, names, othersCount } = offered(snapshot);
  const shown = names.slice(0, filesShownMax);
  const isCrowd = servers.length > serversShownMax;
  const hidden = othersCount + names.length - shown.length;
  const [first] = names;
  // Where there is nothing yet: what comes into an offered folder later is offered too.
  const places = (): string[] => servers.map(({ host, port }) => hostAndPort(reachableHost(host), port));
  const addresses = first === undefined ? [places()] : shown.map(urls);
  return [
    `serving ${what} (${size}) on ${counted(servers.length, 'server')}:`,
    ...addresses.flatMap((all) => all.slice(0, isCrowd ? 1 : undefined)).map((address) => `  ${address}`),
    ...(isCrowd ? [`  and the same on ports ${formatPorts(servers.slice(1).map(({ port }) => port))}`] : []),
    ...(hidden > 0 ? [`  and ${counted(hidden, 'file')} more`] : []),
    ...(first === undefined
      ? []
      : [
          `fetch ${printable(first)} from all of them with:`,
          ['  manyget get', ...fetchCommand(servers, first, urls(first), isSecure), ...words.map(quoteWord)].join(' '),
        ]),
  ];
}

function fetchCommand(
  servers: FleetSnapshot['servers'],
  name: string,
  urls: readonly string[],
  isSecure: boolean,
): string[] {
  const short = isSecure ? undefined : fetchWords(servers, name);
  return short === undefined ? urls.map(quoteWord) : [short];
}

/** The short way to say several addresses; undefined where a server's name, or the file's, does not allow it. */
function fetchWords(servers: FleetSnapshot['servers'], name: string): string | undefined {
  const [host, ...others] = new Set(servers.map((server) => reachableHost(server.host)));
  if (servers.length < 2 || host === undefined || others.length > 0) return undefined;
  if (name.startsWith('-') || isManifestOperand(name) || isUrl(name)) return undefined;
  const ports = formatPorts(servers.map((server) => server.port));
  return `-a ${quoteWord(host)} -p ${ports} ${quoteWord(name)}`;
}
