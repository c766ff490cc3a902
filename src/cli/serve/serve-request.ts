/** What `serve` is asked for: its flags, their meaning together, and the way back to a command line. */
import type { Command } from 'commander';

import type { ServeOptions } from '../../base/fleet-handle.js';
import { addTokenFlags, type TokenFlags, tokenWords } from '../options/access-options.js';
import { parseHost } from '../options/addresses.js';
import { formatPorts, parsePorts } from '../options/ports.js';
import { checkRateLimits, parseRateLimits } from '../options/rate-limits.js';
import {
  addReportFlags,
  type ReportFlags,
  type ReportOptions,
  reportOptions,
  reportWords,
} from '../options/report-options.js';
import { fitPorts, parseServerCount } from '../options/server-ports.js';
import { manygetCommandLine } from '../options/shell-words.js';
import { usageError } from '../options/usage-error.js';

export interface ServeRequest {
  /** Empty: to be asked for. */
  readonly paths: readonly string[];
  readonly ports: readonly number[];
  readonly host: string | undefined;
  readonly rateLimits: readonly number[] | undefined;
  readonly report: ReportOptions;
  readonly access?: TokenFlags;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface ServeFlags extends ReportFlags, TokenFlags {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly servers?: number;
  readonly ports?: readonly number[];
  readonly host?: string;
  readonly limitRate?: readonly number[];
}

export function addServeFlags(command: Command): Command {
  command
    .argument('[paths...]', 'files and folders to offer')
    .option('-n, --servers <n>', 'how many servers (default: 4, or as many as ports)', parseServerCount)
    .option(
      '-p, --ports <ports>',
      '9001-9004, 9001,9007, the first port alone, 0 for free ones (default: from 9001)',
      (text) => parsePorts(text, 0),
    )
    .option('--host <address>', 'address to listen on (default: 127.0.0.1; 0.0.0.0: all)', (text) =>
      parseHost('--host', text),
    )
    .option('--limit-rate <rates>', 'bytes a second for each server: 2M, or one by one: 2M,5M', (text) =>
      parseRateLimits(text),
    );
  addTokenFlags(command, 'secret without which nobody is let in');
  command
    .option('--tls-cert <file>', 'certificate chain (PEM): the ports then speak TLS, mgps:// and https://')
    .option('--tls-key <file>', 'its key (PEM)');
  return addReportFlags(command);
}

/** The request that arguments and flags make together. */
export function serveRequest(paths: readonly string[], flags: ServeFlags): ServeRequest {
  if (paths.includes('')) throw usageError('serve takes files and folders, not an empty word');
  const ports = fitPorts(flags.servers, flags.ports);
  if (flags.limitRate !== undefined) checkRateLimits(flags.limitRate, ports.length);
  const { tlsCert: cert, tlsKey: key, token, tokenFile } = flags;
  if ((cert === undefined) !== (key === undefined)) throw usageError('--tls-cert and --tls-key go together');
  return {
    paths,
    ports,
    host: flags.host,
    rateLimits: flags.limitRate,
    report: reportOptions(flags),
    ...(token === undefined && tokenFile === undefined
      ? {}
      : { access: { ...(token === undefined ? {} : { token }), ...(tokenFile === undefined ? {} : { tokenFile }) } }),
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
  };
}

export function serveOptions(request: ServeRequest): ServeOptions {
  return {
    paths: request.paths,
    ports: request.ports,
    ...(request.host === undefined ? {} : { host: request.host }),
    ...(request.rateLimits === undefined ? {} : { rateLimits: request.rateLimits }),
    ...(request.tls === undefined ? {} : { tls: request.tls }),
  };
}

/** The command line that asks for `request`. */
export function serveCommandLine(request: ServeRequest): string {
  const free = request.ports.every((port) => port === 0);
  const words = free ? ['-n', String(request.ports.length), '-p', '0'] : ['-p', formatPorts(request.ports)];
  if (request.host !== undefined) words.push('--host', request.host);
  if (request.rateLimits !== undefined) words.push('--limit-rate', request.rateLimits.map(formatRate).join(','));
  words.push(...tokenWords(request.access ?? {}));
  if (request.tls !== undefined) words.push('--tls-cert', request.tls.cert, '--tls-key', request.tls.key);
  return manygetCommandLine('serve', request.paths, [...words, ...reportWords(request.report)]);
}

function formatRate(bytesPerSec: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['G', 1024 ** 3],
    ['M', 1024 ** 2],
    ['K', 1024],
  ];
  const unit = units.find(([, bytes]) => bytesPerSec % bytes === 0);
  return unit === undefined ? String(bytesPerSec) : `${bytesPerSec / unit[1]}${unit[0]}`;
}
