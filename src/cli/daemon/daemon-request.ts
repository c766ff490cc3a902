/** The commands around the daemon: their flags, and what they ask for. */
import { basename, dirname, isAbsolute } from 'node:path';

import type { Command } from 'commander';

import type { SignatureDemand } from '../../app/signed-document.js';
import { printable } from '../../base/printable.js';
import { appendedText } from '../options/appended.js';
import { distinctSources, parseHost } from '../options/addresses.js';
import { parseHeaderFor } from '../options/http-options.js';
import { parseWhole } from '../options/numbers.js';
import { nonEmptyPath } from '../options/paths.js';
import { parseRateOrNone } from '../options/rate-limits.js';
import { addSignatureFlags, signatureDemand, type SignatureFlags } from '../options/signature-options.js';
import { usageError } from '../options/usage-error.js';
import { addLimitCommand, parseSchedule, type LimitCommand } from './limit-request.js';
import { addFleetCommands, type FleetCommand } from './fleet-request.js';

export interface DaemonRequest {
  readonly host: string | undefined;
  /** Undefined: the usual one, or a free one where that is taken. */
  readonly port: number | undefined;
  readonly folder: string | undefined;
  readonly atOnceMax: number | undefined;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  /** Programs to start when a download has ended. */
  readonly onComplete: string | undefined;
  readonly onError: string | undefined;
}

export interface AddRequest {
  readonly sources: readonly string[];
  /** By the names of docs/rpc.md. */
  readonly options: Readonly<Record<string, string | readonly string[]>>;
  /** Who has to have signed the manifests. */
  readonly demand: SignatureDemand | undefined;
  readonly isFirst: boolean;
  readonly json: boolean;
}

export type DaemonCommand =
  | LimitCommand
  | FleetCommand
  | { readonly kind: 'daemon'; readonly request: DaemonRequest; readonly stop: boolean }
  | { readonly kind: 'ui'; readonly request: DaemonRequest; readonly open: boolean }
  | { readonly kind: 'add'; readonly request: AddRequest }
  | { readonly kind: 'top' }
  | { readonly kind: 'ls'; readonly json: boolean }
  | { readonly kind: 'pause' | 'resume' | 'rm'; readonly gids: readonly string[]; readonly all: boolean }
  | { readonly kind: 'servers'; readonly gid: string | undefined; readonly json: boolean }
  | { readonly kind: 'log'; readonly gid: string; readonly json: boolean }
  | { readonly kind: 'play'; readonly sources: readonly string[]; readonly player: string | undefined };

interface DaemonFlags {
  readonly host?: string;
  readonly port?: number;
  readonly dir?: string;
  readonly maxConcurrentDownloads?: number;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly onComplete?: string;
  readonly onError?: string;
}

interface AddFlags extends SignatureFlags {
  readonly out?: string;
  readonly dir?: string;
  readonly checksum?: string;
  readonly header?: readonly string[];
  readonly headerFor?: ReturnType<typeof parseHeaderFor>;
  readonly maxConnectionPerServer?: number;
  readonly limitRate?: number;
  readonly limitSchedule?: string;
  readonly overwrite?: boolean;
  readonly paused?: boolean;
  readonly first?: boolean;
  readonly json?: boolean;
}

/** Adds all commands of the daemon to `program`; `found` is called with the one that was given. */
export function addDaemonCommands(program: Command, found: (command: DaemonCommand) => void): void {
  addDaemonFlags(program.command('daemon').description('run a queue of downloads, with a page, an RPC and an API'))
    .option('--stop', 'end the daemon that runs; its downloads go on with the next one')
    .action((flags: DaemonFlags & { stop?: boolean }) =>
      found({ kind: 'daemon', request: daemonRequest(flags), stop: flags.stop ?? false }),
    );
  addDaemonFlags(program.command('ui').description("open the daemon's page; starts the daemon where none runs"))
    .option('--no-open', 'print the address of the page, open nothing')
    .action((flags: DaemonFlags & { open: boolean }) =>
      found({ kind: 'ui', request: daemonRequest(flags), open: flags.open }),
    );
  addAddCommand(program, found);
  program
    .command('ls')
    .description("list the daemon's downloads")
    .option('--json', 'as a JSON array')
    .action((flags: { json?: boolean }) => found({ kind: 'ls', json: flags.json ?? false }));
  program
    .command('top')
    .description("the daemon's downloads on the whole terminal: watch and steer them by keys")
    .action(() => found({ kind: 'top' }));
  for (const [kind, description] of [
    ['pause', 'pause downloads of the daemon'],
    ['resume', 'go on with paused downloads, try failed ones again'],
    ['rm', 'remove downloads of the daemon; what is on the disk stays'],
  ] as const) {
    program
      .command(`${kind} [gid...]`)
      .description(description)
      .option('--all', 'all of them')
      .action((gids: string[], flags: { all?: boolean }) => {
        const all = flags.all ?? false;
        if (all === gids.length > 0) throw usageError(`${kind} takes GIDs as ls shows them, or --all`);
        found({ kind, gids, all });
      });
  }
  addLookCommands(program, found);
  addLimitCommand(program, found);
  addFleetCommands(program, found);
}

function addDaemonFlags(command: Command): Command {
  return command
    .option('--host <address>', 'listen on this address (default: 127.0.0.1)', (text: string) =>
      parseHost('--host', text),
    )
    .option('-p, --port <port>', 'listen on this port; 0 for a free one (default: 6800)', (text: string) =>
      parseWhole('-p', text, 0, 65535),
    )
    .option('-d, --dir <folder>', 'folder for downloads (default: the current one)')
    .option('-j, --max-concurrent-downloads <count>', 'downloads at the same time (default: 5)', (text: string) =>
      parseWhole('-j', text, 1, 100),
    )
    .option('--allow-host <name>', 'host name by which it may be called, besides localhost', appendedText)
    .option('--allow-origin <origin>', 'origin whose pages may speak to it, or "*"; they need the token', appendedText)
    .option('--on-complete <program>', 'start it when a download is complete; facts in its environment')
    .option('--on-error <program>', 'start it when a download has failed');
}

function daemonRequest(flags: DaemonFlags): DaemonRequest {
  return {
    host: flags.host,
    port: flags.port,
    folder: flags.dir,
    atOnceMax: flags.maxConcurrentDownloads,
    hosts: (flags.allowHost ?? []).map((name) => name.toLowerCase()),
    origins: (flags.allowOrigin ?? []).map((origin) => origin.replace(/\/$/, '')),
    onComplete: flags.onComplete,
    onError: flags.onError,
  };
}

function addAddCommand(program: Command, found: (command: DaemonCommand) => void): void {
  const command = program
    .command('add <source...>')
    .description('add a download to the daemon: addresses of one file, or Metalinks')
    .option('-o, --out <name>', 'name of the file')
    .option('-d, --dir <folder>', 'folder for it')
    .option('--checksum <type=hex>', 'hash that it has to have, as sha-256=HEX');
  addSignatureFlags(command)
    .option('--header <line>', 'header for HTTP servers of one origin: "Name: value"', appendedText)
    .option('--header-for <origin line>', 'the same for one of several: "https://host Name: value"', parseHeaderFor)
    .option('-x, --max-connection-per-server <count>', 'connections to one server', (text: string) =>
      parseWhole('-x', text, 1, 64),
    )
    .option('--limit-rate <speed>', 'bytes a second for this download, as 500K or 2M; 0 for no limit', (text: string) =>
      parseRateOrNone('--limit-rate', text),
    )
    .option('--limit-schedule <rules>', 'limits at times: "mon-fri 08:00-18:00 2M; sat,sun 500K"', parseSchedule)
    .option('--overwrite', 'replace a file that exists')
    .option('--paused', 'add it paused')
    .option('--first', 'before all that wait')
    .option('--json', 'print what was added as JSON')
    .action((sources: string[], flags: AddFlags) => found({ kind: 'add', request: addRequest(sources, flags) }));
}

/** A path in full is a folder and a name: what an "out" of the daemon's says is below its folder, whatever it begins with. */
function placeOf(flags: AddFlags): { readonly out?: string | undefined; readonly dir?: string | undefined } {
  const [out, dir] = [nonEmptyPath('-o', flags.out), nonEmptyPath('-d', flags.dir)];
  if (out === '-') throw usageError('the daemon writes files alone: manyget get SOURCE... -o - has standard output');
  if (out === undefined || !isAbsolute(out)) return { out, dir };
  if (dir !== undefined) {
    throw usageError(`-d ${printable(dir)} does not go with an absolute -o ${printable(out)}: leave one out`);
  }
  return { out: basename(out), dir: dirname(out) };
}

function addRequest(sources: readonly string[], flags: AddFlags): AddRequest {
  const options: Record<string, string | readonly string[]> = {};
  const { out, dir } = placeOf(flags);
  if (out !== undefined) options['out'] = out;
  if (dir !== undefined) options['dir'] = dir;
  if (flags.checksum !== undefined) options['checksum'] = flags.checksum;
  if (flags.header !== undefined) options['header'] = flags.header;
  if (flags.headerFor !== undefined) {
    options['header-for'] = flags.headerFor.map(({ origin, header }) => `${origin} ${header}`);
  }
  if (flags.maxConnectionPerServer !== undefined) {
    options['max-connection-per-server'] = String(flags.maxConnectionPerServer);
  }
  if (flags.limitRate !== undefined) options['max-download-limit'] = String(flags.limitRate);
  if (flags.limitSchedule !== undefined) options['max-download-limit-schedule'] = flags.limitSchedule;
  if (flags.overwrite === true) options['allow-overwrite'] = 'true';
  if (flags.paused === true) options['pause'] = 'true';
  return {
    sources: distinctSources(sources),
    options,
    demand: signatureDemand(flags),
    isFirst: flags.first ?? false,
    json: flags.json ?? false,
  };
}

function addLookCommands(program: Command, found: (command: DaemonCommand) => void): void {
  program
    .command('servers [gid]')
    .description('servers of a download; or, without one, what is known of all servers')
    .option('--json', 'as JSON')
    .action((gid: string | undefined, flags: { json?: boolean }) =>
      found({ kind: 'servers', gid, json: flags.json ?? false }),
    );
  program
    .command('log <gid>')
    .description('decisions in a download, each with its reason')
    .option('--json', 'as JSON')
    .action((gid: string, flags: { json?: boolean }) => found({ kind: 'log', gid, json: flags.json ?? false }));
  program
    .command('play <source...>')
    .description('play a download of the daemon while it arrives: a GID, or addresses to add')
    .option('--player <command>', 'open it in this player (default: print the address)')
    .action((sources: string[], flags: { player?: string }) => found({ kind: 'play', sources, player: flags.player }));
}
