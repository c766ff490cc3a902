/** What `get` is asked for: its flags, their meaning together, and the way back to a command line. */
import type { Command } from 'commander';

import type { SignatureDemand } from '../../app/signed-document.js';
import type { DownloadOptions } from '../../base/download-handle.js';
import { isManifestOperand } from '../../base/manifest.js';
import { printable } from '../../base/printable.js';
import { parseBytes } from '../../base/units.js';
import { addTokenFlags, type TokenFlags, tokenWords } from '../options/access-options.js';
import { distinctSources, isUrl, parseHost, parseSource } from '../options/addresses.js';
import { appendedText } from '../options/appended.js';
import {
  addControlFlags,
  backupUrls,
  checkNamed,
  checkRules,
  type ControlFlags,
  controlOptions,
  controlWords,
} from '../options/control-options.js';
import { addHttpFlags, type HttpFlags, httpOptions, httpWords } from '../options/http-options.js';
import { parseSeconds, parseWhole } from '../options/numbers.js';
import { formatPorts, parsePorts } from '../options/ports.js';
import {
  addReportFlags,
  type ReportFlags,
  type ReportOptions,
  reportOptions,
  reportWords,
} from '../options/report-options.js';
import { nonEmptyPath } from '../options/paths.js';
import { manygetCommandLine } from '../options/shell-words.js';
import {
  addSignatureFlags,
  signatureDemand,
  type SignatureFlags,
  signatureWords,
} from '../options/signature-options.js';
import { usageError } from '../options/usage-error.js';
import { servedUrls } from './resolve-sources.js';

/** Where one file is: addresses of it, or servers that have it. No name: whatever single file they have. */
export type ServedFrom =
  | { readonly kind: 'urls'; readonly urls: readonly string[] }
  | {
      readonly kind: 'servers';
      readonly host: string;
      readonly ports: readonly number[];
      readonly name: string | undefined;
    };

/** Where the files are: as `ServedFrom`, or named by manifests and by a list. */
export type GetFrom =
  | ServedFrom
  | { readonly kind: 'lists'; readonly manifests: readonly string[]; readonly inputFile: string | undefined };

/** What files have to have, as given. */
interface GetChecks {
  /** "sha-256=HEX", for one file. */
  readonly checksums: readonly string[];
  /** A file like SHA256SUMS, or its address. */
  readonly checksumFile: string | undefined;
}

/** The part of the options that the download itself takes, as given. */
type TransferOptions = Omit<DownloadOptions, 'sources' | 'output' | 'signal'>;

export interface GetRequest {
  /** Undefined: to be asked for. */
  readonly from: GetFrom | undefined;
  readonly output: string | undefined;
  readonly folder: string | undefined;
  readonly transfer: TransferOptions;
  readonly report: ReportOptions;
  readonly access?: TokenFlags;
  readonly checks?: GetChecks;
  /** Who has to have signed what says what the files are. */
  readonly demand?: SignatureDemand;
  /** Files that are fetched at the same time, where there are several. */
  readonly filesAtOnceMax?: number;
}

export interface GetFlags extends ReportFlags, HttpFlags, ControlFlags, TokenFlags, SignatureFlags {
  readonly address?: string;
  readonly ports?: readonly number[];
  readonly out?: string;
  readonly window?: number;
  readonly dir?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly verify?: boolean;
  readonly sha256?: boolean;
  readonly giveUpAfter?: number;
  readonly maxConnectionsPerServer?: number;
  readonly connectTimeout?: number;
  readonly trust?: readonly string[];
  readonly pin?: readonly string[];
  readonly checksum?: readonly string[];
  readonly checksums?: string;
  readonly inputFile?: string;
  readonly maxConcurrentDownloads?: number;
  readonly followLinks?: boolean;
}

export function addGetFlags(command: Command): Command {
  command.argument(
    '[sources...]',
    'addresses of one file, one for each server; or manifests (.meta4, .metalink, -); with -a: the NAME alone',
  );
  addPlaceFlags(command.optionsGroup('From where, and to where:'));
  addTrustFlags(command.optionsGroup('What is believed:'));
  addControlFlags(
    command
      .optionsGroup('Speed and servers:')
      .option('-x, --max-connections-per-server <n>', 'connections to one server, at most (default: 16)', (text) =>
        parseWhole('-x', text, 1, 64),
      )
      .option('--connect-timeout <seconds>', 'time for a connection to be there (default: 4)', (text) =>
        parseSeconds('--connect-timeout', text, 0.1, 3600),
      )
      .option('--give-up-after <seconds>', 'end when no server has answered for so long (default: 60)', (text) =>
        parseSeconds('--give-up-after', text, 0, 31_536_000),
      ),
  );
  addTokenFlags(command.optionsGroup('Logins and HTTP:'), 'secret that the servers ask for');
  addHttpFlags(command);
  return addReportFlags(command.optionsGroup('What is shown:'));
}

function addPlaceFlags(command: Command): Command {
  return command
    .option('-a, --address <host>', 'address of the servers, used with -p', (text) => parseHost('-a', text))
    .option('-p, --ports <ports>', 'their ports: 9001,9002,9003 or 9001-9004', (text) => parsePorts(text, 1))
    .option(
      '--input-file <file>',
      'list of files to fetch, a line each, mirrors separated by TAB; - reads it from stdin',
    )
    .option(
      '-j, --max-concurrent-downloads <n>',
      'files of a list or a manifest at the same time (default: 3)',
      (text) => parseWhole('-j', text, 1, 64),
    )
    .option(
      '-o, --out <path>',
      "file to write, or an existing folder (default: the file's own name, here); - is standard output",
    )
    .option(
      '--window <size>',
      'with -o -: how far servers may be ahead of the reader, in memory (default: 32M)',
      parseWindow,
    )
    .option('-d, --dir <folder>', 'existing folder to write into')
    .option('-r, --resume', 'go on where an earlier run ended (the default)')
    .option('--no-resume', 'start over')
    .option('--overwrite', 'replace an output that exists');
}

function addTrustFlags(command: Command): Command {
  command
    .option('--no-verify', "do not check the pieces against the servers' hashes")
    .option('--sha256', 'compute the SHA-256 of the whole file at the end')
    .option(
      '--checksum <type=hex>',
      'hash that the file has to have: sha-256=HEX, also sha-512, sha-1, md5',
      appendedText,
    )
    .option('--checksums <file>', 'checksum file (or its http address) with a line for each file, like SHA256SUMS');
  return addSignatureFlags(command)
    .option(
      '--trust <source>',
      'address, HOST or HOST:PORT of a source to believe where sources hold different bytes',
      appendedText,
    )
    .option(
      '--pin <sha256//key>',
      'public key (SHA-256, base64) that a TLS server has to have, whatever its certificate',
      appendedText,
    )
    .option('--no-follow-links', 'ignore other sources, manifests and digests that HTTP servers name (Link, Digest)');
}

/** The request that arguments and flags make together. */
export function getRequest(args: readonly string[], flags: GetFlags): GetRequest {
  const http = httpOptions(flags);
  return {
    from: getFrom(args, flags),
    output: nonEmptyPath('-o', flags.out),
    folder: nonEmptyPath('-d', flags.dir),
    transfer: {
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      ...(flags.overwrite === undefined ? {} : { overwrite: flags.overwrite }),
      ...(flags.verify === false ? { verify: false } : {}),
      ...(flags.pin === undefined ? {} : { pins: flags.pin }),
      ...(flags.trust === undefined ? {} : { trust: flags.trust }),
      ...(flags.followLinks === false ? { followLinks: false } : {}),
      ...(flags.sha256 === undefined ? {} : { sha256: flags.sha256 }),
      ...(flags.giveUpAfter === undefined ? {} : { giveUpAfterMs: flags.giveUpAfter }),
      ...(flags.maxConnectionsPerServer === undefined
        ? {}
        : { connectionsPerSourceMax: flags.maxConnectionsPerServer }),
      ...(flags.connectTimeout === undefined ? {} : { connectTimeoutMs: flags.connectTimeout }),
      ...inOrder(flags),
      ...controlOptions(flags),
      ...(http === undefined ? {} : { http }),
    },
    report: reportOptions(flags),
    ...accessOf(flags),
    ...getChecks(flags),
    ...demandOf(flags),
    ...(flags.maxConcurrentDownloads === undefined ? {} : { filesAtOnceMax: flags.maxConcurrentDownloads }),
  };
}

function accessOf({ token, tokenFile }: TokenFlags): { readonly access?: TokenFlags } {
  if (token === undefined && tokenFile === undefined) return {};
  return { access: { ...(token === undefined ? {} : { token }), ...(tokenFile === undefined ? {} : { tokenFile }) } };
}

function demandOf(flags: GetFlags): { readonly demand?: SignatureDemand } {
  const demand = signatureDemand(flags);
  if (demand === undefined) return {};
  if (flags.verify === false) throw usageError('--no-verify does not go with --trusted-key: what is signed is checked');
  return { demand };
}

const windowBytesMin = 1024 * 1024;
const windowBytesMax = 1024 * 1024 * 1024;

function parseWindow(text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined && bytes >= windowBytesMin && bytes <= windowBytesMax) return bytes;
  throw usageError(`--window takes a size from 1M to 1G, not "${printable(text, 40)}"`);
}

/** `-o -` is the file itself, in order. */
function inOrder({ out, dir, window }: GetFlags): Pick<TransferOptions, 'inOrder'> {
  if (out !== '-') {
    if (window !== undefined) throw usageError('--window goes with -o -, which writes the file to standard output');
    return {};
  }
  if (dir !== undefined) throw usageError('-d does not go with -o -: standard output is in no folder');
  return { inOrder: window === undefined ? {} : { windowBytes: window } };
}

function getChecks(flags: GetFlags): { readonly checks?: GetChecks } {
  const checksumFile = nonEmptyPath('--checksums', flags.checksums);
  if (flags.checksum === undefined && checksumFile === undefined) return {};
  return { checks: { checksums: flags.checksum ?? [], checksumFile } };
}

const hostDefault = '127.0.0.1';

function getFrom(args: readonly string[], flags: GetFlags): GetFrom | undefined {
  const inputFile = nonEmptyPath('--input-file', flags.inputFile);
  if (inputFile !== undefined || args.some(isManifestOperand)) return getLists(args, inputFile, flags);
  if (flags.ports === undefined) {
    if (flags.address !== undefined) throw usageError('-a names the servers but not their ports: add -p 9001-9004');
    if (args.length === 0) return undefined;
    const urls = distinctSources(args.map(parseSource));
    checkServersNamed(urls, flags);
    return { kind: 'urls', urls };
  }
  const [name] = args;
  if (args.length > 1) {
    throw usageError(`-p takes one NAME to fetch from all its ports, not ${args.length} of them`);
  }
  if (name !== undefined && isUrl(name)) {
    throw usageError('-p goes with the NAME of a file, a whole address stands for itself: leave one of them out');
  }
  const servers = { host: flags.address ?? hostDefault, ports: flags.ports, name: nonEmptyPath('NAME', name) };
  // Without a NAME their addresses are not known yet: the download tells of rules that are about none of them.
  if (servers.name !== undefined) checkServersNamed(servedUrls(servers, servers.name), flags);
  return { kind: 'servers', ...servers };
}

/** Refuses flags about servers that are not asked. */
function checkServersNamed(given: readonly string[], flags: GetFlags): void {
  const urls = [...given, ...backupUrls(flags)];
  checkRules(urls, controlOptions(flags));
  // An HTTP server may name others, which disagree as well.
  if (flags.followLinks !== false && urls.some((url) => url.startsWith('http'))) return;
  for (const source of flags.trust ?? []) checkNamed(urls, source);
}

function getLists(args: readonly string[], inputFile: string | undefined, flags: GetFlags): GetFrom {
  const other = args.find((arg) => !isManifestOperand(arg));
  const what = inputFile === undefined ? 'a manifest' : '--input-file';
  if (other !== undefined)
    throw usageError(`${what} names its own sources: "${printable(other, 80)}" does not go with it`);
  if (flags.ports !== undefined || flags.address !== undefined) throw usageError(`-a and -p do not go with ${what}`);
  if ([...args, inputFile].filter((from) => from === '-').length > 1) {
    throw usageError('standard input ("-") can be read once only');
  }
  return { kind: 'lists', manifests: args, inputFile };
}

/** The command line that asks for `request`. */
export function getCommandLine(request: GetRequest): string {
  const { from, transfer } = request;
  const seconds = (ms: number): string => String(ms / 1000);
  const { operands, words } = fromWords(from);
  if (request.folder !== undefined) words.push('-d', request.folder);
  if (request.output !== undefined) words.push('-o', request.output);
  if (transfer.inOrder?.windowBytes !== undefined) words.push('--window', String(transfer.inOrder.windowBytes));
  if (transfer.resume !== undefined) words.push(transfer.resume ? '-r' : '--no-resume');
  if (transfer.overwrite === true) words.push('--overwrite');
  if (transfer.verify === false) words.push('--no-verify');
  for (const pin of transfer.pins ?? []) words.push('--pin', pin);
  words.push(...tokenWords(request.access ?? {}));
  for (const source of transfer.trust ?? []) words.push('--trust', source);
  if (transfer.followLinks === false) words.push('--no-follow-links');
  if (transfer.sha256 === true) words.push('--sha256');
  if (transfer.connectionsPerSourceMax !== undefined) words.push('-x', String(transfer.connectionsPerSourceMax));
  if (transfer.connectTimeoutMs !== undefined) words.push('--connect-timeout', seconds(transfer.connectTimeoutMs));
  if (transfer.giveUpAfterMs !== undefined) words.push('--give-up-after', seconds(transfer.giveUpAfterMs));
  for (const checksum of request.checks?.checksums ?? []) words.push('--checksum', checksum);
  if (request.checks?.checksumFile !== undefined) words.push('--checksums', request.checks.checksumFile);
  words.push(...signatureWords(request.demand));
  if (request.filesAtOnceMax !== undefined) words.push('-j', String(request.filesAtOnceMax));
  return manygetCommandLine('get', operands, [
    ...words,
    ...controlWords(transfer),
    ...httpWords(transfer.http),
    ...reportWords(request.report),
  ]);
}

function fromWords(from: GetFrom | undefined): { readonly operands: readonly string[]; readonly words: string[] } {
  switch (from?.kind) {
    case 'urls':
      return { operands: from.urls, words: [] };
    case 'servers':
      return {
        operands: from.name === undefined ? [] : [from.name],
        words: ['-a', from.host, '-p', formatPorts(from.ports)],
      };
    case 'lists':
      return { operands: from.manifests, words: from.inputFile === undefined ? [] : ['--input-file', from.inputFile] };
    case undefined:
      return { operands: [], words: [] };
  }
}

/** The command line that goes on where `request` ended: the same, without a wish to start over. */
export function resumeCommandLine(request: GetRequest): string {
  const { resume: _startOver, ...transfer } = request.transfer;
  return getCommandLine({ ...request, transfer: { ...transfer, resume: true } });
}
