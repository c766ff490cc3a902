import { describe, expect, it } from 'vitest';
import type { Download } from '../../src/engine/download.js';
import { realDisk } from '../../src/store/disk.js';
import { readJournal } from '../../src/store/journal.js';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until } from '../support/download-lab.js';
import { getOnto, outputOnto } from '../support/download-onto.js';
import { FaultyDisk } from '../support/faulty-disk.js';

const size = 8 * mib;
const bytes = seededBytes(size, 5);

/** A download whose files are on `disk`. */
function getOntoDisk(lab: DownloadLab, disk: FaultyDisk, sources: readonly string[], giveUpAfterMs?: number): Download {
  return getOnto(lab, outputOnto(lab, disk), sources, giveUpAfterMs);
}

/** Pieces of which the journal says that they are in the part file. */
function recordedPieces(lab: DownloadLab): number {
  const replay = readJournal(realDisk, `${lab.output}.part.journal`);
  return 'damaged' in replay ? 0 : replay.pieces.size;
}

describe.concurrent('a disk that is full in mid-download', () => {
  it('pauses it, says so, and lets it go on once there is space', async () => {
    await using lab = await DownloadLab.create();
    const servers = [await lab.script({ bytes }), await lab.script({ bytes })];
    const disk = new FaultyDisk();
    disk.spaceBytes = 3 * mib;
    const handle = getOntoDisk(
      lab,
      disk,
      servers.map((s) => s.url),
    );
    await until(() => handle.snapshot().phase === 'disk-full');
    expect(handle.snapshot().note).toMatch(/space|full/);
    // Its last speed says nothing about the end: an end that moves away by itself is worse than none.
    expect(handle.snapshot().etaMs).toBeUndefined();
    expect(handle.snapshot().doneBytes).toBeLessThanOrEqual(3 * mib);
    disk.spaceBytes = Infinity;
    const report = await handle.done;
    expect(report.fetchedBytes).toBe(size);
    expect(eventsOf(handle, 'phase').map((e) => e.phase)).toEqual(
      expect.arrayContaining(['downloading', 'disk-full', 'downloading', 'finishing', 'done']),
    );
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('and proves broken when it is tried again ends it at once, as broken', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const disk = new FaultyDisk();
    disk.spaceBytes = 3 * mib;
    const handle = getOntoDisk(lab, disk, [server.url], 3000);
    await until(() => handle.snapshot().phase === 'disk-full');
    disk.fail('write', 'EIO', { times: Infinity });
    const error = await failure(handle);
    expect(error.code).toBe('io-failed');
    expect(error.message).toContain('EIO');
  });

  it('again and again, a little space at a time', async () => {
    await using lab = await DownloadLab.create();
    const servers = [await lab.script({ bytes }), await lab.script({ bytes }), await lab.script({ bytes })];
    const disk = new FaultyDisk();
    disk.spaceBytes = 100_000;
    const handle = getOntoDisk(
      lab,
      disk,
      servers.map((s) => s.url),
    );
    for (let round = 0; round < 5; round += 1) {
      await until(() => handle.snapshot().phase === 'disk-full' && disk.spaceBytes === 0);
      disk.spaceBytes = 1_300_000;
      await until(() => disk.spaceBytes < 1_300_000);
    }
    disk.spaceBytes = Infinity;
    await handle.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('keeps nothing for it that a server brought who is left out meanwhile', async () => {
    await using lab = await DownloadLab.create();
    // A span for each of the three is whole blocks: none is full, and has to go, before the disk is.
    const [right, wrong] = [seededBytes(9 * mib, 5), seededBytes(9 * mib, 6)];
    const servers = [
      await lab.script({ bytes: wrong, hashed: false, allowedBytes: 300_000 }),
      await lab.script({ bytes: right, hashed: false, allowedBytes: 300_000 }),
      await lab.script({ bytes: right, hashed: false, allowedBytes: 300_000 }),
    ];
    const disk = new FaultyDisk();
    const handle = getOntoDisk(
      lab,
      disk,
      servers.map((s) => s.url),
    );
    await until(() => handle.snapshot().doneBytes === 900_000);
    disk.spaceBytes = 0;
    const assigned = (): number => handle.snapshot().sources[0]?.assignedBytes ?? 0;
    const before = assigned();
    for (const server of servers) server.allow(200_000);
    await until(() => handle.snapshot().phase === 'disk-full');
    // What has arrived and was not written: neither still to come nor received.
    await until(() => assigned() === before - 200_000);
    expect(handle.snapshot().sources[0]).toMatchObject({ receivedBytes: 300_000, duplicateBytes: 0 });
    for (const server of servers) server.finishHashing();
    await until(() => handle.snapshot().sources[0]?.state === 'quarantined');
    disk.spaceBytes = Infinity;
    for (const server of servers) server.allow(9 * mib);
    await handle.done;
    expect(eventsOf(handle, 'piece-corrupt')).toEqual([]);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('for too long ends it, and the next run goes on from there', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes, allowedBytes: 2 * mib });
    const disk = new FaultyDisk();
    const handle = getOntoDisk(lab, disk, [server.url], 400);
    await until(() => recordedPieces(lab) === 32);
    disk.spaceBytes = mib;
    server.allow(Infinity);
    const error = await failure(handle);
    expect(error.code).toBe('disk-full');
    expect(lab.leftovers()).toEqual(['.part', '.part.journal']);
    const report = await lab.get([server.url]).done;
    expect(report.resumedBytes).toBeGreaterThanOrEqual(2 * mib);
    expect(report.resumedBytes + report.fetchedBytes).toBe(size);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('from the beginning ends it before anything is fetched', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const disk = new FaultyDisk();
    disk.spaceBytes = 0;
    expect((await failure(getOntoDisk(lab, disk, [server.url]))).code).toBe('disk-full');
    expect(server.sentBytes).toBe(0);
  });
});

describe.concurrent('a disk that fails', () => {
  it('in a write ends the download, and the next run goes on from there', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const disk = new FaultyDisk();
    disk.fail('write', 'EIO', { skip: 6 });
    const error = await failure(getOntoDisk(lab, disk, [server.url]));
    expect(error.code).toBe('io-failed');
    expect(error.message).toContain('out.bin.part');
    await lab.get([server.url]).done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('in the last sync gives nothing the final name', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const disk = new FaultyDisk();
    disk.fail('sync', 'EIO', { times: 100 });
    expect((await failure(getOntoDisk(lab, disk, [server.url]))).code).toBe('io-failed');
    expect(lab.written()).toBeUndefined();
    await lab.get([server.url]).done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('takes short writes alone: nothing is lost', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const disk = new FaultyDisk();
    disk.writeBytesMax = 10_007;
    await getOntoDisk(lab, disk, [server.url]).done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });
});
