import { expect, test } from 'vitest';
import { mib, until } from '../../support/download-lab.js';
import { startDaemonAndServers } from '../../support/test-daemon.js';

test('a player that asks before it shows that the name is taken gets the film that is fetched under another name', async () => {
  const { lab, fleet, one, bytes } = await startDaemonAndServers(4 * mib, [mib / 2, mib / 2]);
  await using _ = lab;
  const [first] = await one.client.add({ sources: fleet.urls(), options: {} });
  const holder = one.daemon.queue.lists.get(first?.gid ?? '');
  await until(() => (holder.notice()?.doneBytes ?? 0) > 0);
  // While no server answers nobody knows what the second one is to be called.
  await Promise.all([0, 1].map((n) => fleet.handle.close(n + 1)));
  const [second] = await one.client.add({ sources: fleet.urls(), options: {} });
  const played = fetch(`${one.url}${second?.playPath ?? ''}film.bin`, { headers: { range: 'bytes=1000-1999' } });
  const waiting = one.daemon.queue.lists.get(second?.gid ?? '');
  await until(() => waiting.handle?.snapshot()?.sources.some(({ state }) => state === 'backing-off') === true);
  await Promise.all([0, 1].map((n) => fleet.handle.open(n + 1)));
  const answer = await played;
  expect(answer.status).toBe(206);
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(1000, 2000))).toBe(true);
  expect(waiting.notice()?.outputPath).not.toBe(holder.progress.outputPath);
});
