import { randomBytes } from 'node:crypto';
import { ManygetError } from '../../base/errors.js';
import { isSourceAddress } from '../../base/source-address.js';
import type { DownloadQueue } from '../queue/download-queue.js';
import { isGid, isGidPrefix } from '../queue/gid.js';
import { isGlobalOption, readOptions } from '../queue/option-table.js';
import type { QueueEntry } from '../queue/queue-entry.js';
import type { PositionRule } from '../queue/queue-lists.js';
import type { Additions } from '../additions.js';
import { aria2Files, aria2Servers, aria2Status, aria2Uris, type WantedPlace } from './aria2-shapes.js';
import type { RpcMethod } from './json-rpc.js';
import type { RpcArguments } from './rpc-arguments.js';
import { RpcError } from './rpc-error.js';

/** What the methods of aria2 mean for our queue. docs/rpc.md says where an answer differs from aria2's. */
interface Aria2Parts {
  readonly queue: DownloadQueue;
  readonly additions: Additions;
  readonly version: string;
  /** Ends the daemon, after the answer has been sent. */
  readonly shutdown: () => void;
}

export const notificationNames = [
  'aria2.onDownloadStart',
  'aria2.onDownloadPause',
  'aria2.onDownloadStop',
  'aria2.onDownloadComplete',
  'aria2.onDownloadError',
  'aria2.onBtDownloadComplete',
] as const;

const sessionId = randomBytes(20).toString('hex');
const positionRules: readonly string[] = ['POS_SET', 'POS_CUR', 'POS_END'] satisfies PositionRule[];

export function aria2Methods(parts: Aria2Parts): Map<string, RpcMethod> {
  const methods = new Map<string, RpcMethod>([
    ...addingMethods(parts),
    ...stateMethods(parts),
    ...orderMethods(parts),
    ...tellingMethods(parts),
    ...optionMethods(parts),
    ...daemonMethods(parts),
  ]);
  methods.set('system.listMethods', () => [...methods.keys(), 'system.multicall']);
  methods.set('system.listNotifications', () => notificationNames);
  return methods;
}

type Methods = [string, RpcMethod][];

function addingMethods({ queue, additions }: Aria2Parts): Methods {
  return [
    [
      'aria2.addUri',
      async (args) => {
        if (args.list(0).length === 0) throw new RpcError('URI is not provided.');
        const uris = args.texts(0).filter(isSourceAddress);
        const options = readTexts(args.optionalRecord(1));
        const position = args.optionalPosition(2);
        const { gid } = options;
        // As aria2 says it, whatever it is that keeps it from making a download.
        const isOdd = gid !== undefined && (!isGid(gid) || queue.lists.has(gid.toLowerCase()));
        if (uris.length === 0 || isOdd) throw new RpcError('No URI to download.');
        return (await additions.addAddresses(uris, options, position)).gid;
      },
    ],
    [
      'aria2.addMetalink',
      async (args) => {
        const document = Buffer.from(args.text(0), 'base64');
        const options = readTexts(args.optionalRecord(1));
        const position = args.optionalPosition(2);
        try {
          return (await additions.addMetalink(document, options, position)).map((entry) => entry.gid);
        } catch (error) {
          if (error instanceof ManygetError && error.code === 'manifest-malformed') {
            throw new RpcError('Could not parse Metalink XML document.');
          }
          throw error;
        }
      },
    ],
  ];
}

function stateMethods({ queue }: Aria2Parts): Methods {
  const pause = (args: RpcArguments): string => {
    const entry = entryOf(queue, args);
    if (entry.state !== 'active' && entry.state !== 'waiting') throw notNow(entry, 'paused');
    queue.pause(entry);
    return entry.gid;
  };
  const pauseAll = (): string => {
    for (const entry of [...queue.lists.queued, ...queue.lists.active]) {
      if (entry.state !== 'paused') queue.pause(entry);
    }
    return 'OK';
  };
  const remove = async (args: RpcArguments): Promise<string> => {
    const entry = entryOf(queue, args);
    if (entry.isStopped) throw new RpcError(`Active Download not found for GID#${entry.gid}`);
    const hadBegun = entry.state === 'active';
    await queue.remove(entry);
    // As aria2 has it: of one that only waited nothing is left.
    if (!hadBegun) queue.forget([entry]);
    return entry.gid;
  };
  return [
    ['aria2.remove', remove],
    ['aria2.forceRemove', remove],
    ['aria2.pause', pause],
    ['aria2.forcePause', pause],
    ['aria2.pauseAll', pauseAll],
    ['aria2.forcePauseAll', pauseAll],
    [
      'aria2.unpause',
      (args) => {
        const entry = entryOf(queue, args);
        if (entry.state !== 'paused') throw notNow(entry, 'unpaused');
        queue.unpause(entry);
        return entry.gid;
      },
    ],
    [
      'aria2.unpauseAll',
      () => {
        for (const entry of queue.lists.queued) if (entry.state === 'paused') queue.unpause(entry);
        return 'OK';
      },
    ],
  ];
}

function orderMethods({ queue }: Aria2Parts): Methods {
  return [
    [
      'aria2.changePosition',
      (args) => {
        const entry = entryOf(queue, args);
        const [position, rule] = [args.whole(1), args.text(2)];
        if (!positionRules.includes(rule)) throw new RpcError('Illegal argument.');
        if (queue.lists.positionOf(entry) < 0) throw new RpcError(`GID#${entry.gid} not found in the waiting queue.`);
        return queue.move(entry, position, rule as PositionRule);
      },
    ],
    ['aria2.changeUri', (args) => changeUri(queue, args)],
    [
      'aria2.purgeDownloadResult',
      () => {
        queue.forget(queue.lists.stopped);
        return 'OK';
      },
    ],
    [
      'aria2.removeDownloadResult',
      (args) => {
        const entry = entryOf(queue, args);
        if (!entry.isStopped) throw new RpcError(`Could not remove download result of GID#${entry.gid}`);
        queue.forget([entry]);
        return 'OK';
      },
    ],
  ];
}

async function changeUri(queue: DownloadQueue, args: RpcArguments): Promise<[number, number]> {
  const entry = entryOf(queue, args);
  const index = args.wholeFrom(1, 1);
  const [gone, added] = [args.texts(2), args.texts(3).filter(isSourceAddress)];
  if (index !== 1) throw new RpcError('fileIndex is out of range');
  if (entry.isStopped) throw new RpcError(`Cannot remove URIs from GID#${entry.gid}`);
  const removed = gone.filter((uri) => entry.spec.sources.includes(uri));
  const fresh = added.filter((uri) => !entry.spec.sources.includes(uri) || removed.includes(uri));
  // First what is new: a download never stands without any source in between.
  await queue.steering.add(
    entry,
    fresh.filter((uri) => !removed.includes(uri)),
  );
  await queue.steering.remove(
    entry,
    removed.filter((uri) => !fresh.includes(uri)),
  );
  return [removed.length, fresh.length];
}

function tellingMethods({ queue }: Aria2Parts): Methods {
  const tell = (entry: QueueEntry, keys: readonly string[] | undefined): Readonly<Record<string, unknown>> => {
    const all = aria2Status(entry, placeOf(queue, entry));
    if (keys === undefined || keys.length === 0) return all;
    return Object.fromEntries(keys.filter((key) => Object.hasOwn(all, key)).map((key) => [key, all[key]]));
  };
  const page = (list: readonly QueueEntry[], args: RpcArguments): unknown[] => {
    const [offset, count, keys] = [args.whole(0), args.wholeFrom(1, 0), args.optionalTexts(2)];
    return pageOf(list, offset, count).map((entry) => tell(entry, keys));
  };
  return [
    ['aria2.tellStatus', (args) => tell(entryOf(queue, args), args.optionalTexts(1))],
    [
      'aria2.tellActive',
      (args) => {
        const keys = args.optionalTexts(0);
        return queue.lists.active.map((entry) => tell(entry, keys));
      },
    ],
    ['aria2.tellWaiting', (args) => page(queue.lists.queued, args)],
    ['aria2.tellStopped', (args) => page(queue.lists.stopped, args)],
    ['aria2.getUris', (args) => aria2Uris(unfinished(entryOf(queue, args)))],
    [
      'aria2.getFiles',
      (args) => {
        const entry = entryOf(queue, args);
        entry.notice();
        return aria2Files(entry, placeOf(queue, entry));
      },
    ],
    [
      'aria2.getServers',
      (args) => {
        const entry = entryOf(queue, args);
        if (entry.state !== 'active') throw new RpcError(`No active download for GID#${entry.gid}`);
        return aria2Servers(entry);
      },
    ],
    [
      'aria2.getPeers',
      (args) => {
        const entry = entryOf(queue, args);
        if (entry.isStopped) throw new RpcError(`No peer data is available for GID#${entry.gid}`);
        return [];
      },
    ],
  ];
}

/** From `offset` on, or, where that is negative, from the end backwards (-1 is the last). */
function pageOf<T>(list: readonly T[], offset: number, count: number): T[] {
  if (offset >= 0) return list.slice(offset, offset + count);
  const last = list.length + offset;
  return last < 0 ? [] : list.slice(Math.max(0, last - count + 1), last + 1).reverse();
}

function optionMethods({ queue }: Aria2Parts): Methods {
  return [
    [
      'aria2.getOption',
      (args) => {
        const entry = entryOf(queue, args);
        return queue.optionsOf(entry);
      },
    ],
    [
      'aria2.changeOption',
      async (args) => {
        const entry = entryOf(queue, args);
        const options = readTexts(args.record(1));
        if (entry.isStopped) throw new RpcError(`Cannot change option for GID#${entry.gid}`);
        await queue.change(
          entry,
          Object.fromEntries(Object.entries(options).filter(([name]) => !isGlobalOption(name))),
        );
        return 'OK';
      },
    ],
    ['aria2.getGlobalOption', () => queue.options],
    [
      'aria2.changeGlobalOption',
      (args) => {
        queue.changeAll(readTexts(args.record(0)));
        return 'OK';
      },
    ],
  ];
}

function daemonMethods({ queue, version, shutdown }: Aria2Parts): Methods {
  const end = (): string => {
    shutdown();
    return 'OK';
  };
  return [
    [
      'aria2.getGlobalStat',
      () => {
        const { active, waiting, stopped, speedBytesPerSec } = queue.totals();
        return {
          downloadSpeed: String(speedBytesPerSec),
          numActive: String(active),
          numStopped: String(stopped),
          numStoppedTotal: String(stopped),
          numWaiting: String(waiting),
          uploadSpeed: '0',
        };
      },
    ],
    ['aria2.getVersion', () => ({ enabledFeatures: ['Async DNS', 'HTTPS', 'Message Digest', 'Metalink'], version })],
    ['aria2.getSessionInfo', () => ({ sessionId })],
    ['aria2.shutdown', end],
    ['aria2.forceShutdown', end],
    // Everything is in the store before a command returns: there is nothing left to save.
    ['aria2.saveSession', () => 'OK'],
  ];
}

function readTexts(given: Readonly<Record<string, unknown>>): Record<string, string> {
  try {
    return readOptions(given);
  } catch (error) {
    const name = /^the option (\S+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (name === undefined) throw error;
    throw new RpcError(`We encountered a problem while processing the option '--${name}'.`);
  }
}

function entryOf(queue: DownloadQueue, args: RpcArguments): QueueEntry {
  const gid = args.text(0);
  if (!isGidPrefix(gid)) throw new RpcError(`Invalid GID ${gid}`);
  const entry = queue.lists.find(gid);
  if (entry === undefined) throw new RpcError(`GID ${gid} is not found`);
  return entry;
}

function placeOf(queue: DownloadQueue, entry: QueueEntry): WantedPlace {
  return { dir: queue.optionOf(entry, 'dir') ?? '', out: queue.optionOf(entry, 'out') };
}

function unfinished(entry: QueueEntry): QueueEntry {
  if (entry.isStopped) throw new RpcError(`No URI data is available for GID#${entry.gid}`);
  entry.notice();
  return entry;
}

function notNow(entry: QueueEntry, what: string): RpcError {
  return new RpcError(`GID#${entry.gid} cannot be ${what} now`);
}
