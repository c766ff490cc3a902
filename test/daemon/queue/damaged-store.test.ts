import { open } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { stateFolder } from '../../../src/daemon/state-folder.js';
import { DownloadLab } from '../../support/download-lab.js';
import { startTestDaemon } from '../../support/test-daemon.js';

const nowhere = ['http://127.0.0.1:1/film.bin'];

/** The store of a daemon that has ended, with two paused downloads and a fleet. */
async function endedStore(lab: DownloadLab): Promise<{ path: string; gids: readonly string[] }> {
  const { path: file } = lab.file('served.bin', 1000);
  await using one = await startTestDaemon(lab.folder);
  const options = { pause: 'true' };
  const first = await one.client.add({ sources: nowhere, options });
  const second = await one.client.add({ sources: nowhere, options });
  const fleet = await one.ask('/api/fleets', {
    method: 'POST',
    headers: { authorization: `Bearer ${one.daemon.token}` },
    body: JSON.stringify({ paths: [file], ports: [0] }),
  });
  expect(fleet.status).toBe(201);
  const gids = [...first, ...second].map(({ gid }) => gid);
  return { path: stateFolder({ MANYGET_STATE: join(lab.folder, 'state') }).storePath, gids };
}

function change(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

test('a download or a fleet whose record makes no sense is left out, and keeps no other from going on', async () => {
  await using lab = await DownloadLab.create();
  const { path, gids } = await endedStore(lab);
  change(path, `UPDATE downloads SET spec = '{' WHERE gid = '${gids[0] ?? ''}'; UPDATE fleets SET spec = '{}'`);
  const notices: string[] = [];
  {
    await using one = await startTestDaemon(lab.folder, { onNotice: (sentence) => void notices.push(sentence) });
    expect((await one.client.list()).map(({ gid }) => gid)).toEqual([gids[1]]);
  }
  expect(notices).toEqual([
    expect.stringMatching(`^the download ${gids[0] ?? ''} is left out, .*: .*JSON`),
    expect.stringMatching('^fleet 1 is left out, .*: .*paths'),
  ]);
  // A program that understands it finds it there.
  change(path, `UPDATE downloads SET spec = (SELECT spec FROM downloads WHERE gid = '${gids[1] ?? ''}')`);
  await using again = await startTestDaemon(lab.folder);
  expect((await again.client.list()).map(({ gid }) => gid)).toEqual(gids);
});

test('a store with a damaged page is named, and keeps the daemon from beginning', async () => {
  await using lab = await DownloadLab.create();
  const { path } = await endedStore(lab);
  const db = new Database(path);
  const [row] = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'downloads'").all() as {
    rootpage: number;
  }[];
  const [size] = db.pragma('page_size') as { page_size: number }[];
  db.close();
  const file = await open(path, 'r+');
  const pageBytes = size?.page_size ?? 0;
  await file.write(Buffer.alloc(pageBytes), 0, pageBytes, ((row?.rootpage ?? 0) - 1) * pageBytes);
  await file.close();
  await expect(startTestDaemon(lab.folder)).rejects.toMatchObject({
    code: 'io-failed',
    message: expect.stringMatching(/^cannot read the store ".*queue\.db": .*malformed/) as string,
  });
});
