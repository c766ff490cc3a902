/** `fleet`: servers that the daemon runs; the flags of its commands, and what they ask for. */
import type { Command } from 'commander';

import { printable } from '../../base/printable.js';
import { addTokenFlags, type TokenFlags } from '../options/access-options.js';
import { parseHost } from '../options/addresses.js';
import { parsePorts } from '../options/ports.js';
import { checkRateLimits, parseRateLimits } from '../options/rate-limits.js';
import { fitPorts, parseServerCount } from '../options/server-ports.js';
import { usageError } from '../options/usage-error.js';

/** One server of a fleet, or, without a number, all of it. */
interface FleetTarget {
  readonly id: number;
  readonly server: number | undefined;
}

export interface FleetAddRequest {
  readonly paths: readonly string[];
  readonly ports: readonly number[];
  readonly host: string | undefined;
  readonly rateLimits: readonly number[] | undefined;
  readonly access: TokenFlags;
  readonly json: boolean;
}

export type FleetCommand =
  | { readonly kind: 'fleet-add'; readonly request: FleetAddRequest }
  | { readonly kind: 'fleet-ls'; readonly json: boolean }
  | { readonly kind: 'fleet-close' | 'fleet-open'; readonly targets: readonly FleetTarget[] }
  | { readonly kind: 'fleet-rm'; readonly ids: readonly number[] };

interface AddFlags extends TokenFlags {
  readonly servers?: number;
  readonly ports?: readonly number[];
  readonly host?: string;
  readonly limitRate?: readonly number[];
  readonly json?: boolean;
}

const serversDefault = 4;

export function addFleetCommands(program: Command, found: (command: FleetCommand) => void): void {
  const fleet = program.command('fleet').description('servers that the daemon runs, and starts again with itself');
  const add = fleet
    .command('add')
    .description('run servers of files and folders')
    .argument('<paths...>', 'files and folders to offer')
    .option('-n, --servers <n>', 'how many servers (default: 4, or as many as ports)', parseServerCount)
    .option('-p, --ports <ports>', '9001-9004, 9001,9007, or the first port alone (default: free ones)', (text) =>
      parsePorts(text, 0),
    )
    .option('--host <address>', 'address to listen on (default: 127.0.0.1; 0.0.0.0: all)', (text) =>
      parseHost('--host', text),
    )
    .option('--limit-rate <rates>', 'bytes a second for each server: 2M, or one by one: 2M,5M', (text) =>
      parseRateLimits(text),
    );
  addTokenFlags(add, 'secret without which nobody is let in')
    .option('--json', 'print the fleet as JSON')
    .action((paths: string[], flags: AddFlags) => found({ kind: 'fleet-add', request: addRequest(paths, flags) }));
  fleet
    .command('ls')
    .description('list the fleets and their servers')
    .option('--json', 'as a JSON array')
    .action((flags: { json?: boolean }) => found({ kind: 'fleet-ls', json: flags.json ?? false }));
  for (const [verb, description] of [
    ['close', 'close servers: their clients are told, and go on with the others'],
    ['open', 'open servers again, on the ports that they had'],
  ] as const) {
    fleet
      .command(verb)
      .description(description)
      .argument('<servers...>', 'FLEET for all servers of a fleet, FLEET.SERVER for one, as ls shows them')
      .action((servers: string[]) => found({ kind: `fleet-${verb}`, targets: servers.map(parseTarget) }));
  }
  fleet
    .command('rm')
    .description('end all servers of fleets, and forget them')
    .argument('<fleets...>', 'numbers of fleets, as ls shows them')
    .action((fleets: string[]) => found({ kind: 'fleet-rm', ids: fleets.map(parseFleet) }));
}

function addRequest(paths: readonly string[], flags: AddFlags): FleetAddRequest {
  const { servers, host, limitRate, json, token, tokenFile } = flags;
  const ports = fitPorts(servers ?? (flags.ports === undefined ? serversDefault : undefined), flags.ports ?? [0]);
  if (limitRate !== undefined) checkRateLimits(limitRate, ports.length);
  const access = {
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
  return { paths, ports, host, rateLimits: limitRate, access, json: json ?? false };
}

function parseTarget(text: string): FleetTarget {
  const [, id, server] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (id === undefined) throw usageError(`expected FLEET or FLEET.SERVER, like 1 or 1.2, not "${printable(text, 40)}"`);
  return { id: Number(id), server: server === undefined ? undefined : Number(server) };
}

function parseFleet(text: string): number {
  const { id, server } = parseTarget(text);
  if (server === undefined) return id;
  throw usageError(`rm takes a whole fleet, not one server of it: close ${text}, or rm ${id}`);
}
