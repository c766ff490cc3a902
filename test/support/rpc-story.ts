import { setTimeout as delay } from 'node:timers/promises';
import { allChapter, daemonChapter, metalinkChapter } from './rpc-chapters.js';
import type { RpcClient } from './rpc-peers.js';

/**
 * A story that a client library tells to a daemon, method by method, and what the daemon answered. What cannot be equal
 * (GIDs, speeds, folders, moments) is replaced by what it is; the rest has to be equal word for word.
 */
export interface Story {
  readonly answers: readonly (readonly [call: string, answer: unknown])[];
  readonly notifications: readonly string[];
}

export interface StoryFiles {
  /** A small file at a full speed, and a large one that takes its time. */
  readonly small: string;
  readonly large: string;
  readonly missing: string;
  /** A Metalink of the small file under two names, as base64. */
  readonly metalink: string;
  readonly folder: string;
}

const unknownGid = 'ffffffffffffffff';
const waitMsMax = 15_000;

export async function tellStory(client: RpcClient, files: StoryFiles): Promise<Story> {
  const answers: [string, unknown][] = [];
  const gids = new Map<string, string>();
  const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const answer = await client.call(method, ...params);
    answers.push([`${method} ${JSON.stringify(plain(params, gids, files))}`, plain(answer, gids, files)]);
    return answer;
  };
  const named = async (name: string, ...params: unknown[]): Promise<string> => {
    const gid = await client.call('aria2.addUri', ...params);
    gids.set(String(gid), name);
    answers.push([`aria2.addUri ${JSON.stringify(plain(params, gids, files))}`, plain(gid, gids, files)]);
    return String(gid);
  };
  const until = async (gid: string, isRight: (status: Record<string, string>) => boolean): Promise<void> => {
    for (const limit = performance.now() + waitMsMax; performance.now() < limit; await delay(25)) {
      if (isRight((await client.call('aria2.tellStatus', gid)) as Record<string, string>)) return;
    }
    throw new Error(`${gids.get(gid) ?? gid} did not come to what the story waits for`);
  };
  const running = (status: Record<string, string>): boolean =>
    status['status'] === 'active' && Number(status['completedLength']) > 0 && status['connections'] !== '0';

  await begin(ask);
  const small = await named('SMALL', [files.small]);
  await until(small, ({ status }) => status === 'complete');
  await lookAt(ask, small);
  const large = await named('LARGE', [files.large], { out: 'large.bin' });
  await until(large, running);
  await lookAt(ask, large);
  await ask('aria2.tellActive', ['gid', 'status', 'totalLength']);
  await queueOrder(ask, named, files);
  await ask('aria2.pause', large);
  await until(large, ({ status, connections }) => status === 'paused' && connections === '0');
  await ask('aria2.tellStatus', large, ['gid', 'status', 'totalLength', 'numPieces', 'connections']);
  await ask('aria2.pause', large);
  await ask('aria2.unpause', large);
  await until(large, running);
  await ask('aria2.unpause', large);
  await ask('aria2.remove', large);
  await until(large, ({ status }) => status === 'removed');
  await ask('aria2.tellStatus', large, ['gid', 'status', 'errorCode']);
  const missing = await named('MISSING', [files.missing]);
  await until(missing, ({ status }) => status === 'error');
  await ask('aria2.tellStatus', missing, ['gid', 'status', 'errorCode', 'totalLength', 'completedLength']);
  await ask('aria2.getServers', missing);
  await stopped(ask, client, small, missing);
  const teller = {
    client,
    files,
    ask,
    named,
    until,
    call: (gid: string, name: string) => void gids.set(gid, name),
    book: (what: string, answer: unknown) => void answers.push([what, plain(answer, gids, files)]),
  };
  await metalinkChapter(teller);
  await allChapter(teller);
  await daemonChapter(teller);
  await mistakes(ask, files);
  const told = client.notifications.map(([event, gid]) => ({ event, name: gids.get(gid) ?? '?' }));
  return { answers, notifications: inOrder(told).map(({ event, name }) => `${event} ${name}`) };
}

type Ask = (method: string, ...params: unknown[]) => Promise<unknown>;
type Named = (name: string, ...params: unknown[]) => Promise<string>;

async function begin(ask: Ask): Promise<void> {
  await ask('system.listNotifications');
  await ask('aria2.getGlobalStat');
  for (const method of ['tellActive', 'pauseAll', 'unpauseAll', 'purgeDownloadResult']) await ask(`aria2.${method}`);
  await ask('aria2.tellWaiting', 0, 10);
  await ask('aria2.tellStopped', 0, 10);
}

async function lookAt(ask: Ask, gid: string): Promise<void> {
  await ask('aria2.tellStatus', gid);
  await ask('aria2.tellStatus', gid, ['gid', 'status', 'no such key']);
  await ask('aria2.tellStatus', gid.slice(0, 14), ['gid']);
  for (const method of ['getFiles', 'getUris', 'getServers']) await ask(`aria2.${method}`, gid);
}

async function queueOrder(ask: Ask, named: Named, files: StoryFiles): Promise<void> {
  const first = await named('FIRST', [files.large], { pause: 'true', out: 'first.bin' });
  const second = await named('SECOND', [files.large, files.small], { pause: 'true', out: 'second.bin' });
  const third = await named('THIRD', [files.large], { pause: 'true', out: 'third.bin' }, 0);
  await ask('aria2.tellWaiting', 0, 10, ['gid', 'status']);
  await ask('aria2.tellWaiting', 1, 1, ['gid']);
  await ask('aria2.tellWaiting', -1, 2, ['gid']);
  await ask('aria2.changePosition', first, 0, 'POS_SET');
  await ask('aria2.changePosition', first, 1, 'POS_CUR');
  await ask('aria2.changePosition', third, -1, 'POS_END');
  await ask('aria2.changePosition', third, 99, 'POS_SET');
  await ask('aria2.changePosition', third, 0, 'POS_X');
  await ask('aria2.tellWaiting', 0, 10, ['gid']);
  await ask('aria2.tellStatus', second);
  await ask('aria2.getUris', second);
  await ask('aria2.getServers', second);
  await ask('aria2.changeUri', second, 1, [files.small], [`${files.small}?2`]);
  await ask('aria2.changeUri', second, 2, [], []);
  await ask('aria2.changeUri', second, 0, [], []);
  await ask('aria2.getUris', second);
  await ask('aria2.changeOption', second, { 'max-download-limit': '100K', 'no-such-option': 'x' });
  await ask('aria2.changeOption', second, { 'max-download-limit': 'much' });
  await ask('aria2.getGlobalStat');
  for (const gid of [first, second, third]) await ask('aria2.forceRemove', gid);
  await ask('aria2.tellStopped', 0, 10, ['gid', 'status']);
}

async function stopped(ask: Ask, client: RpcClient, small: string, missing: string): Promise<void> {
  await ask('aria2.tellStopped', 0, 2, ['gid', 'status']);
  await ask('aria2.tellStopped', -1, 2, ['gid', 'status']);
  await ask('aria2.pause', small);
  await ask('aria2.removeDownloadResult', missing);
  await ask('aria2.removeDownloadResult', missing);
  await ask('aria2.tellStatus', missing);
  await ask('aria2.purgeDownloadResult');
  await ask('aria2.tellStopped', 0, 10, ['gid']);
  await ask('aria2.saveSession');
  await ask('aria2.changeGlobalOption', { 'max-concurrent-downloads': '3' });
  await ask('aria2.changeGlobalOption', { 'max-concurrent-downloads': 'many' });
  const options = (await client.call('aria2.getGlobalOption')) as Record<string, string>;
  if (options['max-concurrent-downloads'] !== '3') throw new Error('the option was not set');
}

async function mistakes(ask: Ask, files: StoryFiles): Promise<void> {
  await ask('aria2.tellStatus', unknownGid);
  await ask('aria2.tellStatus', 'not a gid');
  await ask('aria2.tellStatus', 5);
  await ask('aria2.tellActive', 'gid');
  await ask('aria2.tellWaiting', 0, -1);
  await ask('aria2.tellWaiting', 0, 1, 'gid');
  await ask('aria2.tellStopped', 0, 1, { gid: true });
  await ask('aria2.addUri', []);
  await ask('aria2.addUri', ['nonsense']);
  await ask('aria2.addUri', [files.small], {}, -1);
  await ask('aria2.addMetalink', Buffer.from('no xml').toString('base64'));
}

interface Told {
  readonly event: string;
  readonly name: string;
}

/** Which of two that run at the same time is complete first is chance: equal events in a row go by name. */
function inOrder(told: readonly Told[]): Told[] {
  const ordered: Told[] = [];
  for (const one of told) {
    let at = ordered.length;
    while (ordered[at - 1]?.event === one.event && (ordered[at - 1]?.name ?? '') > one.name) at -= 1;
    ordered.splice(at, 0, one);
  }
  return ordered;
}

const volatileNumbers: ReadonlySet<string> = new Set(['downloadSpeed', 'connections', 'bitfield']);

/** aria2 names an address once more for each connection that it opened (docs/rpc.md). */
function onceEach(values: readonly unknown[]): unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    if (typeof value !== 'object' || value === null || !('uri' in value)) return true;
    const isNew = !seen.has(String(value.uri));
    seen.add(String(value.uri));
    return isNew;
  });
}

/** `value` without what differs between two runs of anything. */
function plain(value: unknown, gids: ReadonlyMap<string, string>, files: StoryFiles, key = ''): unknown {
  if (typeof value === 'string') {
    if (volatileNumbers.has(key)) return `a ${key}`;
    if (key === 'completedLength' && !['0', '3000000'].includes(value)) return 'some bytes';
    let text = value.replaceAll(files.folder, 'FOLDER');
    for (const [gid, name] of gids) text = text.replaceAll(gid, name).replaceAll(gid.slice(0, 14), name);
    return text;
  }
  if (Array.isArray(value)) return onceEach(value.map((each) => plain(each, gids, files)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, plain(each, gids, files, name)]),
  );
}
