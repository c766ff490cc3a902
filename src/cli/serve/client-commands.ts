/** What to tell people who want the files: addresses and ready-made commands. */
import { networkInterfaces } from 'node:os';

import { isManifestOperand } from '../../base/manifest.js';
import { printable } from '../../base/printable.js';
import type { FleetSnapshot } from '../../base/snapshot.js';
import { isUrl, mgpUrl } from '../options/addresses.js';
import { formatPorts } from '../options/ports.js';
import { quoteWord } from '../options/shell-words.js';

const filesShownMax = 3;

/** The address by which clients reach a server that listens on `host`. */
function reachableHost(host: string, interfaces: typeof networkInterfaces = networkInterfaces): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(interfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}

/** Addresses of the first files on every server, and the command that fetches the first file from all of them; `isSecure`: over TLS. */
export function welcomeLines(snapshot: FleetSnapshot, isSecure: boolean): string[] {
  const servers = snapshot.servers.filter((server) => server.state !== 'failed');
  const urls = (name: string): string[] =>
    servers.map(({ host, port }) => mgpUrl(reachableHost(host), port, name, isSecure ? 'mgps' : 'mgp'));
  const lines = snapshot.files.slice(0, filesShownMax).flatMap((file) => urls(file.name).map((url) => `  ${url}`));
  const hidden = snapshot.files.length - filesShownMax;
  const [first] = snapshot.files;
  return [
    `serving ${count(snapshot.files.length, 'file')} on ${count(servers.length, 'server')}:`,
    ...lines,
    ...(hidden > 0 ? [`  and ${count(hidden, 'file')} more`] : []),
    ...(first === undefined
      ? []
      : [
          `fetch ${printable(first.name)} from all of them with:`,
          `  manyget get ${(isSecure ? undefined : fetchWords(servers, first.name)) ?? urls(first.name).map(quoteWord).join(' ')}`,
        ]),
  ];
}

/** The short way to say several addresses; undefined where a server's name, or the file's, does not allow it. */
function fetchWords(servers: FleetSnapshot['servers'], name: string): string | undefined {
  const [host, ...others] = new Set(servers.map((server) => reachableHost(server.host)));
  if (servers.length < 2 || host === undefined || others.length > 0) return undefined;
  if (name.startsWith('-') || isManifestOperand(name) || isUrl(name)) return undefined;
  const ports = formatPorts(servers.map((server) => server.port));
  return `-a ${quoteWord(host)} -p ${ports} ${quoteWord(name)}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
