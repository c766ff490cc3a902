import { createHash } from 'node:crypto';
import { openSync, writeSync, closeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { realDisk, type Disk } from '../../src/store/disk.js';
import { Journal } from '../../src/store/journal.js';
import { PartFile } from '../../src/store/part-file.js';
import { verifyExtents } from '../../src/store/resume-check.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const pieceBytes = 64 * 1024;
const sizeBytes = 10 * pieceBytes + 100;
const content = Uint8Array.from({ length: sizeBytes }, (_, i) => Math.imul(i, 2654435761) >>> 24);

function sha256(index: number): Uint8Array {
  const start = index * pieceBytes;
  return createHash('sha256')
    .update(content.subarray(start, start + pieceBytes))
    .digest();
}

/** A part file that holds all of the file, and a journal of what is claimed of it. */
function earlierRun(disk: Disk = realDisk): { part: PartFile; journal: Journal; journalPath: string } {
  const at = path.join(tempFolder(), 'a.bin.part');
  const part = PartFile.open(disk, at, sizeBytes, { fresh: true });
  part.write(content, 0, sizeBytes, 0);
  const journalPath = `${at}.journal`;
  const header = { sizeBytes, pieceBytes, name: 'a.bin', id: '00'.repeat(16), createdMs: 0 };
  return { part, journal: Journal.create(disk, journalPath, header), journalPath };
}

function claimPiece(journal: Journal, index: number, source = 0): void {
  journal.append({ type: 'piece', index, sha256: sha256(index), source });
}

function claimExtent(journal: Journal, start: number, end: number, source = 0): void {
  journal.append({ type: 'extent', start, end, crc32: crc32(content.subarray(start, end)), source });
}

function replayOf(journal: Journal) {
  journal.flush();
  journal.close();
  const opening = Journal.open(realDisk, journal.path);
  if (opening.damaged !== undefined) throw new Error(opening.damaged);
  opening.journal.close();
  return opening.replay;
}

function damage(part: PartFile, at: number): void {
  const fd = openSync(part.path, 'r+');
  writeSync(fd, Uint8Array.of((content[at] ?? 0) ^ 1), 0, 1, at);
  closeSync(fd);
}

describe('the check before a resume', () => {
  it('believes whole pieces and single extents that are as recorded', async () => {
    const { part, journal } = earlierRun();
    claimPiece(journal, 0);
    claimPiece(journal, 10, 2);
    claimExtent(journal, pieceBytes, pieceBytes + 500, 1);
    claimExtent(journal, 3 * pieceBytes - 100, 3 * pieceBytes + 100, 3);
    const progress: number[] = [];
    const check = await verifyExtents(part, replayOf(journal), {
      onProgress: (checked, total) => progress.push(checked, total),
    });
    part.close();
    expect(check).toEqual({
      verifiedPieces: [
        { index: 0, sha256: new Uint8Array(sha256(0)), source: 0 },
        { index: 10, sha256: new Uint8Array(sha256(10)), source: 2 },
      ],
      verifiedExtents: [
        { start: pieceBytes, end: pieceBytes + 500, source: 1 },
        { start: 3 * pieceBytes - 100, end: 3 * pieceBytes + 100, source: 3 },
      ],
      rejected: [],
    });
    const total = pieceBytes + 100 + 500 + 200;
    expect(progress.slice(-2)).toEqual([total, total]);
  });

  it('rejects a damaged piece and a damaged extent, and nothing beside them', async () => {
    const { part, journal } = earlierRun();
    for (const index of [0, 1, 2]) claimPiece(journal, index);
    claimExtent(journal, 5 * pieceBytes, 5 * pieceBytes + 300);
    claimExtent(journal, 6 * pieceBytes, 6 * pieceBytes + 300, 1);
    damage(part, pieceBytes + 77);
    damage(part, 6 * pieceBytes + 299);
    const check = await verifyExtents(part, replayOf(journal));
    part.close();
    expect(check.verifiedPieces.map((piece) => piece.index)).toEqual([0, 2]);
    expect(check.verifiedExtents).toEqual([{ start: 5 * pieceBytes, end: 5 * pieceBytes + 300, source: 0 }]);
    expect(check.rejected).toEqual([
      { start: pieceBytes, end: 2 * pieceBytes, reason: expect.stringContaining('SHA-256') as string },
      { start: 6 * pieceBytes, end: 6 * pieceBytes + 300, reason: expect.stringContaining('CRC-32') as string },
    ]);
  });

  it('saves of a damaged piece what its extents still prove', async () => {
    const { part, journal } = earlierRun();
    claimExtent(journal, pieceBytes, pieceBytes + 400, 1);
    claimExtent(journal, pieceBytes + 400, 2 * pieceBytes, 2);
    claimExtent(journal, 5 * pieceBytes, 5 * pieceBytes + 10);
    claimPiece(journal, 1);
    claimPiece(journal, 5);
    damage(part, 2 * pieceBytes - 1);
    const progress: number[] = [];
    const check = await verifyExtents(part, replayOf(journal), {
      onProgress: (checked, total) => progress.push(checked, total),
    });
    part.close();
    expect(check.verifiedPieces.map((piece) => piece.index)).toEqual([5]);
    expect(check.verifiedExtents).toEqual([{ start: pieceBytes, end: pieceBytes + 400, source: 1 }]);
    expect(check.rejected.map(({ start, end }) => [start, end])).toEqual([[pieceBytes + 400, 2 * pieceBytes]]);
    expect(progress.slice(-2)).toEqual([3 * pieceBytes, 3 * pieceBytes]);
  });

  it('rejects what a part file that was lost and made anew does not hold', async () => {
    const { part, journal } = earlierRun();
    claimPiece(journal, 0);
    claimExtent(journal, 2 * pieceBytes, 2 * pieceBytes + 10);
    part.close();
    const empty = PartFile.open(realDisk, part.path, sizeBytes, { fresh: true });
    const check = await verifyExtents(empty, replayOf(journal));
    empty.close();
    expect(check.verifiedPieces).toEqual([]);
    expect(check.verifiedExtents).toEqual([]);
    expect(check.rejected.map(({ start, end }) => [start, end])).toEqual([
      [0, pieceBytes],
      [2 * pieceBytes, 2 * pieceBytes + 10],
    ]);
  });

  it('gives extents without overlaps, and rejects only what nothing else proves', async () => {
    const { part, journal } = earlierRun();
    claimExtent(journal, 0, 1000, 0);
    claimExtent(journal, 600, 1500, 1);
    claimExtent(journal, pieceBytes - 50, pieceBytes + 50, 2);
    claimPiece(journal, 1);
    claimExtent(journal, 3000, 4000, 0);
    claimExtent(journal, 3500, 5000, 1);
    damage(part, 4500);
    const check = await verifyExtents(part, replayOf(journal));
    part.close();
    expect(check.verifiedExtents).toEqual([
      { start: 0, end: 1000, source: 0 },
      { start: 1000, end: 1500, source: 1 },
      { start: 3000, end: 4000, source: 0 },
      { start: pieceBytes - 50, end: pieceBytes, source: 2 },
    ]);
    expect(check.rejected.map(({ start, end }) => [start, end])).toEqual([[4000, 5000]]);
  });

  it('rejects what the disk cannot read, and only that', async () => {
    const disk = new FaultyDisk();
    const { part, journal } = earlierRun(disk);
    for (const index of [0, 1, 2]) claimPiece(journal, index);
    const replay = replayOf(journal);
    // The batch fails at its second piece; then each is read by itself, and the second fails again.
    disk.fail('read', 'EIO', { skip: 1 });
    disk.fail('read', 'EIO', { skip: 2 });
    const check = await verifyExtents(part, replay);
    part.close();
    expect(check.verifiedPieces.map((piece) => piece.index)).toEqual([0, 2]);
    expect(check.rejected).toEqual([
      { start: pieceBytes, end: 2 * pieceBytes, reason: expect.stringContaining('EIO') as string },
    ]);
  });

  it('ends with `aborted` when it is told to', async () => {
    const { part, journal } = earlierRun();
    claimPiece(journal, 0);
    const check = verifyExtents(part, replayOf(journal), { signal: AbortSignal.abort() });
    await expect(check).rejects.toMatchObject({ code: 'aborted' });
    part.close();
  });

  it('has nothing to read where nothing is claimed', async () => {
    const { part, journal } = earlierRun();
    expect(await verifyExtents(part, replayOf(journal))).toEqual({
      verifiedPieces: [],
      verifiedExtents: [],
      rejected: [],
    });
    part.close();
  });

  it('checks with two threads what is large', async () => {
    const at = path.join(tempFolder(), 'large.part');
    const large = {
      sizeBytes: 300 * 1024 * 1024,
      pieceBytes: 1024 * 1024,
      name: 'l',
      id: '00'.repeat(16),
      createdMs: 0,
    };
    const part = PartFile.open(realDisk, at, large.sizeBytes, { fresh: true });
    const journal = Journal.create(realDisk, `${at}.journal`, large);
    const zeros = createHash('sha256').update(new Uint8Array(large.pieceBytes)).digest();
    for (let index = 0; index < 300; index += 1) journal.append({ type: 'piece', index, sha256: zeros, source: 0 });
    damage(part, 250 * large.pieceBytes + 1);
    const check = await verifyExtents(part, replayOf(journal));
    part.close();
    expect(check.verifiedPieces.length).toBe(299);
    expect(check.rejected.map(({ start }) => start)).toEqual([250 * large.pieceBytes]);
  });
});
