import type { RpcClient } from './rpc-peers.js';
import type { StoryFiles } from './rpc-story.js';

/** More chapters of the story that client libraries tell to daemons: each asks, and books what was answered. */
interface Teller {
  readonly client: RpcClient;
  readonly files: StoryFiles;
  readonly ask: (method: string, ...params: unknown[]) => Promise<unknown>;
  /** Adds addresses; the GID goes by `name` from then on. */
  readonly named: (name: string, ...params: unknown[]) => Promise<string>;
  readonly call: (gid: string, name: string) => void;
  readonly book: (what: string, answer: unknown) => void;
  readonly until: (gid: string, isRight: (status: Record<string, string>) => boolean) => Promise<void>;
}

const pick = (answer: unknown, keys: readonly string[]): unknown =>
  Object.fromEntries(keys.map((key) => [key, (answer as Record<string, unknown>)[key]]));

/** A Metalink of two files: each becomes a download of its own. */
export async function metalinkChapter({ client, files, ask, call, book, until }: Teller): Promise<void> {
  const gids = (await client.call('aria2.addMetalink', files.metalink)) as string[];
  gids.forEach((gid, n) => call(gid, `LINKED${n + 1}`));
  book('aria2.addMetalink', gids);
  for (const gid of gids) await until(gid, ({ status }) => status === 'complete');
  for (const gid of gids) {
    await ask('aria2.tellStatus', gid, [
      'gid',
      'status',
      'totalLength',
      'completedLength',
      'errorCode',
      'dir',
      'files',
    ]);
    await ask('aria2.getFiles', gid);
  }
  const paused = (await client.call('aria2.addMetalink', files.metalink, { pause: 'true' }, 0)) as string[];
  paused.forEach((gid, n) => call(gid, `KEPT${n + 1}`));
  book('aria2.addMetalink, paused', paused);
  await ask('aria2.tellWaiting', 0, 10, ['gid', 'status']);
  for (const gid of paused) await ask('aria2.remove', gid);
}

/** A running download, and everything at once. */
export async function allChapter({ client, files, ask, named, book, until }: Teller): Promise<void> {
  const gid = await named('MANY', [files.large], { out: 'many.bin', 'max-download-limit': '300K' });
  const isRunning = (status: Record<string, string>): boolean =>
    status['status'] === 'active' && Number(status['completedLength']) > 0;
  const isPaused = ({ status, connections }: Record<string, string>): boolean =>
    status === 'paused' && connections === '0';
  await until(gid, isRunning);
  await ask('aria2.getPeers', gid);
  await ask('aria2.removeDownloadResult', gid);
  await ask('aria2.changePosition', gid, 0, 'POS_SET');
  book('aria2.getOption', pick(await client.call('aria2.getOption', gid), ['max-download-limit', 'out']));
  await ask('aria2.changeOption', gid, { 'max-download-limit': '200K' });
  book('aria2.getOption', pick(await client.call('aria2.getOption', gid), ['max-download-limit']));
  for (const method of ['pauseAll', 'forcePauseAll']) {
    await ask(`aria2.${method}`);
    await until(gid, isPaused);
    await ask('aria2.unpauseAll');
    await until(gid, isRunning);
  }
  await ask('aria2.forcePause', gid);
  await until(gid, isPaused);
  await ask('aria2.getPeers', gid);
  await ask('aria2.unpause', gid);
  await until(gid, isRunning);
  await ask('aria2.forceRemove', gid);
  await until(gid, ({ status }) => status === 'removed');
  await ask('aria2.getPeers', gid);
  await ask('aria2.getUris', gid);
}

/** What is about the daemon itself, and several calls as one. */
export async function daemonChapter({ client, files, ask, named, book }: Teller): Promise<void> {
  const methods = (await client.call('system.listMethods')) as string[];
  // docs/rpc.md: no BitTorrent.
  book('system.listMethods', [...methods].filter((name) => name !== 'aria2.addTorrent').sort());
  book('aria2.getVersion', Object.keys((await client.call('aria2.getVersion')) as object).sort());
  const session = (await client.call('aria2.getSessionInfo')) as { sessionId: string };
  book('aria2.getSessionInfo', session.sessionId.replace(/^[0-9a-f]{40}$/, '40 digits'));
  await ask('aria2.changeGlobalOption', { 'max-overall-download-limit': '1M', 'max-download-result': '50' });
  const options = await client.call('aria2.getGlobalOption');
  book('aria2.getGlobalOption', pick(options, ['max-overall-download-limit', 'max-download-result', 'dir']));
  await ask('aria2.changeGlobalOption', { 'max-overall-download-limit': '0' });
  // Of one download alone.
  const own = { out: 'all.bin', gid: '00000000000000bb', checksum: 'sha-1=00', 'select-file': '1' };
  await ask('aria2.changeGlobalOption', own);
  book('aria2.getGlobalOption', pick(await client.call('aria2.getGlobalOption'), Object.keys(own)));
  const gid = await named('CHOSEN', [files.large], { gid: '00000000000000aa', pause: 'true', out: 'chosen.bin' });
  await ask('aria2.addUri', [files.large], { gid: '00000000000000aa', pause: 'true' });
  await ask('aria2.addUri', [files.large], { gid: 'no gid' });
  const many = [
    ['aria2.tellStatus', gid, ['status']],
    ['aria2.getPeers', gid],
    ['aria2.tellStatus', 'no gid'],
    ['aria2.nothing'],
  ];
  await ask('system.multicall', ...many);
  await ask('aria2.remove', gid);
}
