import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { choosePieceBytes } from '../../src/wire/content-id.js';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until, untilDone } from '../support/download-lab.js';
import { getOnto, outputOnto } from '../support/download-onto.js';
import { FaultyDisk } from '../support/faulty-disk.js';

const size = 2 * mib + 11;
const pieceBytes = choosePieceBytes(size);
const right = seededBytes(size, 1);
const outdated = seededBytes(size + 5, 3);

/** A server that takes connections and says nothing: until it has had its time, nothing is settled. */
async function silentUrl(lab: DownloadLab): Promise<string> {
  return `mgp://127.0.0.1:${await lab.listen(() => undefined)}/file.bin`;
}

it('lets nothing of what the first to answer still sends into the file that most of the others hold', async () => {
  await using lab = await DownloadLab.create();
  const old = await lab.script({ bytes: outdated, pieceBytes, allowedBytes: 300_000 });
  const others = [
    await lab.script({ bytes: right, pieceBytes, allowedBytes: 700_000 }),
    await lab.script({ bytes: right, pieceBytes, allowedBytes: 700_000 }),
  ];
  const handle = lab.get([old.url, await silentUrl(lab)]);
  await untilDone(handle, pieceBytes);
  for (const { url } of others) handle.addSource(url);
  await until(() => handle.snapshot().sizeBytes === size);
  await untilDone(handle, mib);
  old.allow(5 * mib);
  await until(() => eventsOf(handle, 'source-lost').some((event) => event.source === 0));
  for (const other of others) other.allow(5 * mib);
  const report = await handle.done;
  expect(report.piecesVerified).toBe(report.pieceCount);
  expect(lab.written()?.equals(right)).toBe(true);
});

it('keeps what an earlier run left when only another file is there any more', async () => {
  await using lab = await DownloadLab.create();
  const before = await lab.script({ bytes: right, pieceBytes, allowedBytes: mib });
  const cut = lab.get([before.url]);
  await untilDone(cut, mib);
  await cut.cancel();
  const part = readFileSync(`${lab.output}.part`);
  // It says that it has the file, and then that it has not.
  const gone = await lab.script({ bytes: right, pieceBytes, refusesWith: 'not-found' });
  const other = await lab.script({ bytes: outdated, pieceBytes });
  const handle = lab.get([gone.url, await silentUrl(lab)]);
  await until(() => handle.snapshot().sources[0]?.state === 'quarantined');
  handle.addSource(other.url);
  const error = await failure(handle);
  expect(error.code).toBe('journal-other-file');
  expect(error.message).toContain('--no-resume');
  expect(readFileSync(`${lab.output}.part`).equals(part)).toBe(true);
  const later = await lab.script({ bytes: right, pieceBytes });
  expect((await lab.get([later.url]).done).resumedBytes).toBeGreaterThanOrEqual(mib);
  expect(lab.written()?.equals(right)).toBe(true);
});

it('no longer counts the time for which the disk had no room for what was begun first', async () => {
  await using lab = await DownloadLab.create();
  const disk = new FaultyDisk();
  disk.spaceBytes = 100_000;
  const giveUpAfterMs = 1500;
  const old = await lab.script({ bytes: outdated, pieceBytes });
  const others = [1, 2].map(() => lab.script({ bytes: right, pieceBytes, allowedBytes: 0 }));
  const handle = getOnto(lab, outputOnto(lab, disk), [old.url, await silentUrl(lab)], giveUpAfterMs);
  await until(() => handle.snapshot().phase === 'disk-full');
  // What is thrown away makes room.
  disk.before = (operation) => {
    if (operation === 'unlink') disk.spaceBytes = Infinity;
  };
  for (const { url } of await Promise.all(others)) handle.addSource(url);
  await until(() => handle.snapshot().sizeBytes === size);
  const sinceMs = performance.now();
  await until(() => performance.now() - sinceMs > giveUpAfterMs * 1.5);
  for (const other of await Promise.all(others)) other.allow(5 * mib);
  await handle.done;
  expect(lab.written()?.equals(right)).toBe(true);
});
