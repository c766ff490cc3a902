/** The commands that speak to a daemon: each asks, and prints the answer. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { ManygetError } from '../../base/errors.js';
import { isManifestOperand } from '../../base/manifest.js';
import type { QueueItem } from '../../base/queue-snapshot.js';
import { checkSourceAddress } from '../../base/source-address.js';
import { printable } from '../../base/printable.js';
import { formatDuration } from '../../base/units.js';
import { type Addition, type DaemonClient, isGid } from '../../daemon/client.js';
import { eventSentence } from '../get/event-sentence.js';
import { sourceNames } from '../get/source-names.js';
import { type CliIo, printLines } from '../io.js';
import { isUrl } from '../options/addresses.js';
import { ensureDaemon, runningDaemon, stopDaemon } from './background-daemon.js';
import { whyUnreadable } from '../../app/read-document.js';
import type { SignatureDemand } from '../../app/signed-document.js';
import type { AddRequest, DaemonCommand, DaemonRequest } from './daemon-request.js';
import { queueLines, serverLines, sourceLines } from './queue-lines.js';
import { runFleetCommand } from './run-fleet-command.js';
import { runLimitCommand } from './run-limit-command.js';

const anyDaemon: DaemonRequest = {
  host: undefined,
  port: undefined,
  folder: undefined,
  atOnceMax: undefined,
  hosts: [],
  origins: [],
  onComplete: undefined,
  onError: undefined,
};

/** Returns the exit status. */
export async function runDaemonCommand(command: DaemonCommand, io: CliIo): Promise<number> {
  switch (command.kind) {
    case 'daemon': {
      if (command.stop) return stopDaemon(io);
      // The daemon itself, with its database and its web server, is loaded only by who is to be one.
      const { runDaemon } = await import('./run-daemon.js');
      return runDaemon(command.request, io);
    }
    case 'ui':
      return openPage(await ensureDaemon(command.request, io), command.open, io);
    case 'add': {
      // What cannot be read is told before a daemon is started for it.
      const wanted = await additionsOf(command.request);
      const client = await ensureDaemon(anyDaemon, io);
      const added = await client.addAll(wanted, command.request.isFirst ? 0 : undefined);
      printLines(
        io,
        command.request.json ? [JSON.stringify(added)] : added.map((item) => `${item.gid}  ${shown(item)}`),
      );
      return 0;
    }
    case 'top': {
      const { runTop } = await import('../top/run-top.js');
      return runTop(io);
    }
    case 'ls': {
      const items = await (await runningDaemon(io)).list();
      printLines(io, command.json ? [JSON.stringify(items)] : queueLines(items));
      return 0;
    }
    case 'pause':
    case 'resume':
    case 'rm':
      return changeAll(await runningDaemon(io), command, io);
    case 'servers':
      return showServers(await runningDaemon(io), command, io);
    case 'log':
      return showLog(await runningDaemon(io), command, io);
    case 'limit':
      return runLimitCommand(command, await runningDaemon(io), io);
    case 'fleet-add':
      return runFleetCommand(command, await ensureDaemon(anyDaemon, io), io);
    case 'fleet-ls':
    case 'fleet-close':
    case 'fleet-open':
    case 'fleet-rm':
      return runFleetCommand(command, await runningDaemon(io), io);
    case 'play':
      return play(await ensureDaemon(anyDaemon, io), command, io);
  }
}

async function additionsOf(request: AddRequest): Promise<Addition[]> {
  // The daemon has another current folder: a folder that is meant from here is said in full.
  const { dir } = request.options;
  const { demand } = request;
  const { publicKeyLine } = await import('../../app/signed-document.js');
  const options = {
    ...request.options,
    ...(typeof dir === 'string' ? { dir: resolve(dir) } : {}),
    ...(demand === undefined ? {} : { 'trusted-key': demand.keys.map(publicKeyLine) }),
  };
  const files = request.sources.filter((source) => !isUrl(source) && isManifestOperand(source));
  const sources = request.sources.filter((source) => !files.includes(source));
  await checkAddition(sources, request.options);
  const additions = files.map((file): Addition => {
    const signed = { ...options, ...signatureOption(demand, file) };
    return { sources: [], metalink: readText(file), options: signed };
  });
  if (sources.length > 0) {
    additions.push({ sources, options: { ...options, ...signatureOption(demand, undefined) } });
  }
  return additions;
}

/** What the daemon would refuse is refused before one is started for it, as `get` does. */
async function checkAddition(sources: readonly string[], options: AddRequest['options']): Promise<void> {
  sources.forEach(checkSourceAddress);
  const { checkChecksum, checkDownload } = await import('../../app/check-download.js');
  const { header, checksum } = options;
  if (typeof checksum === 'string') checkChecksum(checksum, '--checksum');
  const urls = sources.filter((source) => !isManifestOperand(source));
  if (urls.length > 0) checkDownload({ sources: urls, http: typeof header === 'object' ? { headers: header } : {} });
}

/** A signature on this disk is handed over as it is; one elsewhere by its address. @param file The document it is beside of. */
function signatureOption(demand: SignatureDemand | undefined, file: string | undefined): { signature?: string } {
  if (demand === undefined) return {};
  const beside = file === undefined || file === '-' ? undefined : `${file}.minisig`;
  const from = demand.signature ?? beside;
  if (from === undefined) return {};
  return { signature: isUrl(from) ? from : readText(from, 'signature-missing') };
}

function readText(path: string, code: 'manifest-unreadable' | 'signature-missing' = 'manifest-unreadable'): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    throw new ManygetError(code, `cannot read "${printable(path, 200)}": ${whyUnreadable(cause)}`, { cause });
  }
}

async function changeAll(
  client: DaemonClient,
  { kind, gids, all }: Extract<DaemonCommand, { kind: 'pause' | 'resume' | 'rm' }>,
  io: CliIo,
): Promise<number> {
  // A slip in one of several is told before anything is done with the others, and what is named twice is done once.
  const items: QueueItem[] = [];
  if (all) items.push(...(await client.list()).filter((item) => isMeant(kind, item)));
  else for (const gid of gids) items.push((await client.detail(gid)).item);
  const wanted = [...new Set(items.map((item) => item.gid))];
  for (const gid of wanted) {
    if (kind === 'rm') await client.remove(gid);
    else await client[kind](gid);
  }
  const done = { pause: 'paused', resume: 'resumed', rm: 'removed' }[kind];
  printLines(io, [`${wanted.length} ${done}`]);
  return 0;
}

function isMeant(kind: 'pause' | 'resume' | 'rm', { state }: QueueItem): boolean {
  if (kind === 'pause') return state === 'active' || state === 'waiting';
  return kind === 'resume' ? state === 'paused' : true;
}

async function showServers(
  client: DaemonClient,
  { gid, json }: Extract<DaemonCommand, { kind: 'servers' }>,
  io: CliIo,
): Promise<number> {
  if (gid === undefined) {
    const servers = await client.servers();
    printLines(io, json ? [JSON.stringify(servers)] : serverLines(servers));
    return 0;
  }
  const detail = await client.detail(gid);
  printLines(io, json ? [JSON.stringify(detail.sources)] : sourceLines(detail));
  return 0;
}

async function showLog(
  client: DaemonClient,
  { gid, json }: Extract<DaemonCommand, { kind: 'log' }>,
  io: CliIo,
): Promise<number> {
  const [events, { sources }] = await Promise.all([client.log(gid, 0), client.detail(gid)]);
  const names = sourceNames(sources, true);
  printLines(
    io,
    json
      ? [JSON.stringify(events)]
      : events.map(({ event }) => `${formatDuration(event.atMs).padStart(8)}  ${eventSentence(event, names)}`),
  );
  return 0;
}

function openPage(client: DaemonClient, open: boolean, io: CliIo): number {
  printLines(io, [client.pageUrl]);
  if (open) openWith(process.platform === 'darwin' ? 'open' : 'xdg-open', client.pageUrl, io);
  return 0;
}

async function play(
  client: DaemonClient,
  { sources, player }: Extract<DaemonCommand, { kind: 'play' }>,
  io: CliIo,
): Promise<number> {
  const [first = ''] = sources;
  const played = { sources, options: {}, demand: undefined, isFirst: true, json: false };
  const isAdded = sources.length === 1 && isGid(first);
  const item = isAdded ? (await client.detail(first)).item : (await client.addAll(await additionsOf(played), 0))[0];
  if (item === undefined) throw new ManygetError('usage', 'nothing was named to play');
  const url = `${client.url}${item.playPath}${encodeURIComponent(item.name)}`;
  printLines(io, [url]);
  if (player !== undefined) openWith(player, url, io);
  return 0;
}

/** Starts `command` with one argument, without a shell, and does not wait for it. */
function openWith(command: string, argument: string, io: CliIo): void {
  const child = spawn(command, [argument], { detached: true, stdio: 'ignore' });
  child.once('error', (error) =>
    io.stderr.write(`manyget: cannot start ${printable(command, 60)}: ${error.message}\n`),
  );
  child.unref();
}

function shown(item: QueueItem): string {
  return printable(item.name, 200);
}
