import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { realDisk, type Disk } from '../../src/store/disk.js';
import { Journal, readJournal, type JournalReplay } from '../../src/store/journal.js';
import { PartFile } from '../../src/store/part-file.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const pieceBytes = 1024 * 1024;
const header = { sizeBytes: 40 * pieceBytes + 7, pieceBytes, name: 'a.bin', id: '0a'.repeat(16), createdMs: 1234 };

function place(): string {
  return path.join(tempFolder(), 'a.bin.part.journal');
}

function sha(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

function opened(disk: Disk, at: string): { journal: Journal; replay: JournalReplay } {
  const opening = Journal.open(disk, at);
  if (opening.damaged !== undefined) throw new Error(`not usable: ${opening.damaged}`);
  return opening;
}

/** A journal with three pieces, each flushed by itself; the file's size after each. */
function threePieces(at: string): number[] {
  const journal = Journal.create(realDisk, at, header);
  const sizes = [journal.bytes];
  for (let index = 0; index < 3; index += 1) {
    journal.append({ type: 'piece', index, sha256: sha(index), source: 0 });
    journal.flush();
    sizes.push(journal.bytes);
  }
  journal.close();
  return sizes;
}

describe('a journal', () => {
  it('gives back after a reopening what was flushed, and not what was not', () => {
    const at = place();
    const journal = Journal.create(realDisk, at, header);
    expect(journal.sourceIndex('mgp://user:secret@127.0.0.1:9001/a.bin')).toBe(0);
    expect(journal.sourceIndex('mgp://127.0.0.1:9002/a.bin')).toBe(1);
    expect(journal.sourceIndex('mgp://127.0.0.1:9001/a.bin')).toBe(0);
    journal.append({ type: 'content', contentId: 'cd'.repeat(32) });
    journal.append({ type: 'extent', start: 0, end: 10, crc32: 1, source: 1 });
    journal.append({ type: 'piece', index: 3, sha256: sha(3), source: 0 });
    journal.append({ type: 'speed', source: 1, bytesPerSec: 5e6, firstByteMs: 12 });
    journal.append({ type: 'segment', connection: 4, source: 1, start: 100, end: 200 });
    journal.flush();
    journal.append({ type: 'piece', index: 4, sha256: sha(4), source: 0 });
    journal.close();
    expect(readFileSync(at, 'latin1')).not.toContain('secret');

    const { journal: again, replay } = opened(realDisk, at);
    expect(replay.header).toEqual({ type: 'header', ...header });
    expect([...replay.sources.values()]).toEqual(['mgp://127.0.0.1:9001/a.bin', 'mgp://127.0.0.1:9002/a.bin']);
    expect(replay.contentId).toBe('cd'.repeat(32));
    expect(replay.extents).toEqual([{ start: 0, end: 10, crc32: 1, source: 1 }]);
    expect([...replay.pieces]).toEqual([[3, { sha256: sha(3), source: 0 }]]);
    expect([...replay.speeds]).toEqual([[1, 5e6]]);
    expect([...replay.firstByteMs]).toEqual([[1, 12]]);
    expect(replay.segments).toEqual([{ connection: 4, source: 1, start: 100, end: 200 }]);
    expect([replay.endedCleanly, replay.damagedAtByte]).toEqual([false, undefined]);
    expect(again.sourceIndex('mgp://127.0.0.1:9002/a.bin')).toBe(1);
    again.append({ type: 'end-of-run' });
    again.flush();
    again.close();
    expect(opened(realDisk, at).replay.endedCleanly).toBe(true);
  });

  it('is cut at the first damaged record and goes on from there', () => {
    const at = place();
    const [, , afterFirst = 0, afterSecond = 0, end] = [0, ...threePieces(at)];
    for (const size of [afterSecond + 1, afterSecond + 20, afterSecond + 47]) {
      threePieces(at);
      truncateSync(at, size);
      const { journal, replay } = opened(realDisk, at);
      expect([...replay.pieces.keys()]).toEqual([0, 1]);
      expect(replay.damagedAtByte).toBe(afterSecond);
      expect(statSync(at).size).toBe(afterSecond);
      journal.append({ type: 'piece', index: 9, sha256: sha(9), source: 0 });
      journal.flush();
      journal.close();
      expect([...opened(realDisk, at).replay.pieces.keys()]).toEqual([0, 1, 9]);
    }
    threePieces(at);
    const bytes = readFileSync(at);
    expect(bytes.length).toBe(end);
    bytes[afterFirst + 12] = (bytes[afterFirst + 12] ?? 0) ^ 4;
    writeFileSync(at, bytes);
    const read = readJournal(realDisk, at);
    expect(read).toMatchObject({ damagedAtByte: afterFirst });
    expect(statSync(at).size).toBe(end);
    expect([...opened(realDisk, at).replay.pieces.keys()]).toEqual([0]);
  });

  it('leaves out a tail of zeros, as a power loss makes it', () => {
    const at = place();
    const end = threePieces(at).at(-1);
    appendFileSync(at, new Uint8Array(5000));
    expect(opened(realDisk, at).replay).toMatchObject({ damagedAtByte: end });
    expect(statSync(at).size).toBe(end);
  });

  it('without a usable header is damaged, whatever is in its place', () => {
    const at = place();
    expect(Journal.open(realDisk, at).damaged).toBe('it does not exist');
    const headerBytes = threePieces(at)[0] ?? 0;
    const whole = readFileSync(at);
    for (const size of [0, 1, 8, 30, headerBytes - 1]) {
      writeFileSync(at, whole.subarray(0, size));
      expect(Journal.open(realDisk, at).damaged).toBe(`it ends within its header, at byte ${size}`);
    }
    writeFileSync(at, 'x'.repeat(1000));
    expect(Journal.open(realDisk, at).damaged).toBe('its header is damaged');
    writeFileSync(at, new Uint8Array(1_000_000));
    expect(Journal.open(realDisk, at).damaged).toBe('its header is damaged');
  });

  it('of another version is refused by name and left alone', () => {
    const at = place();
    threePieces(at);
    const bytes = readFileSync(at);
    bytes[6] = 2;
    bytes[7] = 0xfd;
    writeFileSync(at, bytes);
    expect(() => Journal.open(realDisk, at)).toThrow(
      expect.objectContaining({
        code: 'journal-version',
        message: expect.stringContaining('version 2, expected version 1') as string,
      }),
    );
    expect(readFileSync(at)).toEqual(bytes);
  });

  it('keeps what a full disk did not take, and writes exactly that once there is space', () => {
    const at = place();
    const disk = new FaultyDisk();
    const journal = Journal.create(disk, at, header);
    const before = journal.bytes;
    journal.append({ type: 'piece', index: 0, sha256: sha(0), source: 0 });
    journal.append({ type: 'piece', index: 1, sha256: sha(1), source: 0 });
    disk.spaceBytes = 60;
    expect(() => journal.flush()).toThrow(expect.objectContaining({ code: 'disk-full' }));
    expect(statSync(at).size).toBe(before + 60);
    expect(readJournal(realDisk, at)).toMatchObject({ pieces: new Map([[0, { sha256: sha(0), source: 0 }]]) });
    journal.append({ type: 'piece', index: 2, sha256: sha(2), source: 0 });
    expect(() => journal.flush()).toThrow(/no space is left on the disk \(ENOSPC\)/);
    disk.heal();
    journal.flush();
    expect(journal.pendingBytes).toBe(0);
    journal.append({ type: 'piece', index: 3, sha256: sha(3), source: 0 });
    journal.flush();
    journal.close();
    const { replay } = opened(realDisk, at);
    expect([...replay.pieces.keys()]).toEqual([0, 1, 2, 3]);
    expect(replay.damagedAtByte).toBe(undefined);
  });

  it('writes all of its records through a disk that takes three bytes at a time', async () => {
    const at = place();
    const disk = new FaultyDisk();
    disk.writeBytesMax = 3;
    const journal = Journal.create(disk, at, header);
    journal.append({ type: 'piece', index: 0, sha256: sha(0), source: 0 });
    await journal.sync();
    await journal.compact();
    journal.close();
    expect([...opened(realDisk, at).replay.pieces.keys()]).toEqual([0]);
  });

  it('is on the disk with its name after the first sync', async () => {
    const disk = new FaultyDisk();
    const at = place();
    const journal = Journal.create(disk, at, header);
    await journal.sync();
    await journal.sync();
    expect([disk.count('dataSync'), disk.count('syncFolder')]).toEqual([2, 1]);
    disk.fail('dataSync', 'EIO');
    await expect(journal.sync()).rejects.toMatchObject({ code: 'io-failed' });
    journal.close();
  });

  it('forgets what was claimed since the last sync when the part file cannot be synced', async () => {
    const at = place();
    const disk = new FaultyDisk();
    const journal = Journal.create(disk, at, header);
    const part = PartFile.open(disk, at.replace('.journal', ''), header.sizeBytes, { fresh: true });
    journal.append({ type: 'piece', index: 0, sha256: sha(0), source: 0 });
    journal.append({ type: 'extent', start: 5 * pieceBytes, end: 5 * pieceBytes + 10, crc32: 1, source: 0 });
    await journal.sync(part);
    journal.append({ type: 'piece', index: 1, sha256: sha(1), source: 0 });
    journal.append({ type: 'extent', start: 6 * pieceBytes, end: 6 * pieceBytes + 10, crc32: 1, source: 0 });
    journal.flush();
    disk.fail('dataSync', 'EIO');
    await expect(journal.sync(part)).rejects.toMatchObject({ code: 'io-failed' });
    journal.close();
    part.close();
    const read = opened(realDisk, at).replay;
    expect([...read.pieces.keys()]).toEqual([0]);
    expect(read.extents.map(({ start }) => start)).toEqual([5 * pieceBytes]);
  });

  it('removes itself and what a rewrite that was cut off left', () => {
    const at = place();
    const journal = Journal.create(realDisk, at, header);
    writeFileSync(`${at}.new`, 'half');
    journal.remove();
    expect(readdirSync(path.dirname(at))).toEqual([]);
  });

  it('takes only what can be true of its file', () => {
    const journal = Journal.create(realDisk, place(), header);
    expect(() => journal.append({ type: 'piece', index: 41, sha256: sha(0), source: 0 })).toThrow(RangeError);
    journal.close();
    expect(() => journal.append({ type: 'end-of-run' })).toThrow('closed journal');
  });
});

describe('a rewrite of the journal', () => {
  /** A journal with `count` records over the same few bytes. */
  function grown(disk: Disk, at: string, count: number): Journal {
    const journal = Journal.create(disk, at, header);
    journal.sourceIndex('mgp://127.0.0.1:9001/a.bin');
    for (let i = 0; i < count; i += 1) {
      const start = (i * 4096) % (8 * pieceBytes);
      journal.append({ type: 'extent', start, end: start + 4096, crc32: i % 1000, source: 0 });
    }
    journal.append({ type: 'piece', index: 20, sha256: sha(20), source: -1 });
    journal.flush();
    return journal;
  }

  it('says the same in less, and in still less once the part file was synced', async () => {
    const at = place();
    const journal = grown(realDisk, at, 5000);
    const before = readJournal(realDisk, at);
    const grownBytes = journal.bytes;
    await journal.compact();
    expect(readJournal(realDisk, at)).toEqual(before);
    expect(journal.bytes).toBe(statSync(at).size);
    expect(journal.bytes * 2).toBeLessThan(grownBytes);
    const part = PartFile.open(realDisk, at.replace('.journal', ''), header.sizeBytes, { fresh: true });
    await journal.sync(part);
    part.close();
    await journal.compact();
    expect(journal.bytes * 50).toBeLessThan(grownBytes);
    expect(readJournal(realDisk, at)).toMatchObject({ extents: { length: 8 } });
    journal.append({ type: 'piece', index: 21, sha256: sha(21), source: 0 });
    journal.flush();
    journal.close();
    expect([...opened(realDisk, at).replay.pieces.keys()]).toEqual([20, 21]);
    expect(existsSync(`${at}.new`)).toBe(false);
  });

  it('keeps what is appended and flushed while it goes on', async () => {
    const at = place();
    const journal = grown(realDisk, at, 3000);
    const done = journal.compact();
    await Promise.resolve();
    journal.append({ type: 'piece', index: 30, sha256: sha(30), source: 0 });
    journal.flush();
    journal.append({ type: 'forget', start: 20 * pieceBytes, end: 21 * pieceBytes });
    await done;
    journal.append({ type: 'piece', index: 31, sha256: sha(31), source: 0 });
    journal.flush();
    journal.close();
    const { replay } = opened(realDisk, at);
    expect([...replay.pieces.keys()]).toEqual([30, 31]);
    expect(replay.damagedAtByte).toBe(undefined);
  });

  it('comes by itself with a sync once the journal has grown past its bound', async () => {
    const at = place();
    const journal = grown(realDisk, at, 140_000);
    expect(journal.bytes).toBeGreaterThan(4 * 1024 * 1024);
    await journal.sync();
    expect(journal.bytes).toBeLessThan(1024 * 1024);
    expect(journal.compactionFault).toBe(undefined);
    journal.close();
  });

  for (const operation of ['open', 'writeSoon', 'sync', 'write', 'rename'] as const) {
    it(`that fails in ${operation} leaves the journal as it was, and is no reason to stop`, async () => {
      const at = place();
      const disk = new FaultyDisk();
      const journal = grown(disk, at, 140_000);
      const before = readJournal(realDisk, at);
      disk.fail(operation, 'ENOSPC');
      if (operation === 'write') {
        // There has to be something to write behind the rewritten records.
        disk.before = (now) => {
          if (now === 'sync') journal.append({ type: 'speed', source: 0, bytesPerSec: 1, firstByteMs: 1 });
        };
      }
      await journal.sync();
      expect(journal.compactionFault).toMatchObject({ code: 'disk-full' });
      expect(readJournal(realDisk, at)).toEqual(before);
      journal.append({ type: 'piece', index: 5, sha256: sha(5), source: 0 });
      await journal.sync();
      expect(existsSync(`${at}.new`)).toBe(false);
      journal.close();
      expect([...opened(realDisk, at).replay.pieces.keys()]).toEqual([5, 20]);
    });
  }

  it('never brings a removed journal back', async () => {
    const at = place();
    const journal = grown(realDisk, at, 3000);
    const done = journal.compact();
    await Promise.resolve();
    journal.remove();
    await expect(done).rejects.toThrow('was closed');
    expect(readdirSync(path.dirname(at))).toEqual([]);
  });

  it('reports a fault of the disk as a ManygetError', async () => {
    const disk = new FaultyDisk();
    const journal = grown(disk, place(), 10);
    disk.fail('rename', 'EIO');
    await expect(journal.compact()).rejects.toBeInstanceOf(ManygetError);
    journal.close();
  });
});
