import { once } from 'node:events';
import { rmSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
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

/** A complete download of `sizeBytes`: where its file is, and where players find it. */
async function whole(sizeBytes: number): Promise<{ lab: AsyncDisposable; path: string; url: string }> {
  const { lab, fleet, one } = await startDaemonAndServers(sizeBytes, [0]);
  const [item] = await one.client.add({ sources: fleet.urls(), options: {} });
  const entry = one.daemon.queue.lists.get(item?.gid ?? '');
  await until(() => entry.state === 'complete');
  return { lab, path: entry.progress.outputPath, url: `${one.url}${entry.playPath}film.bin` };
}

test('a player hears that the file of a complete download was deleted or cut since', async () => {
  const { lab, path, url } = await whole(mib);
  await using _ = lab;
  truncateSync(path, 1000);
  const cut = await fetch(url);
  expect([cut.status, await cut.text()]).toEqual([409, expect.stringMatching(/film\.bin.*no longer there/)]);
  rmSync(path);
  const missing = await fetch(url, { method: 'HEAD' });
  expect(missing.status).toBe(409);
});

test('a file that is cut while a player reads it ends the connection: no other answer is passed off as its rest', async () => {
  const { lab, path, url } = await whole(32 * mib);
  await using _ = lab;
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const line = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`;
  socket.write(`${line}\r\n${line}Connection: close\r\n\r\n`);
  await once(socket, 'readable');
  truncateSync(path, mib); // What is not read here holds up the daemon long before the end of the file.
  const answers = (await buffer(socket)).toString('latin1');
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
});
