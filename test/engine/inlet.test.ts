import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { Inlet } from '../../src/engine/inlet.js';
import { Sink } from '../../src/engine/sink.js';
import type { Verifier } from '../../src/engine/verifier.js';
import { BlockPool } from '../../src/store/block-pool.js';
import { Journal, readJournal } from '../../src/store/journal.js';
import { PartFile } from '../../src/store/part-file.js';
import { PieceHasher } from '../../src/store/piece-hasher.js';
import { seededBytes } from '../support/download-lab.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const mib = 1024 * 1024;
const size = 3 * mib;
const bytes = seededBytes(size, 1);
const alice = 0 as SourceId;
const bob = 1 as SourceId;

/** A sink onto a real file; pieces are noted instead of hashed. */
function world(options: { poolBytes?: number } = {}) {
  const folder = tempFolder();
  const disk = new FaultyDisk();
  const partPath = path.join(folder, 'out.part');
  const journalPath = `${partPath}.journal`;
  const part = PartFile.open(disk, partPath, size, { fresh: true });
  const journal = Journal.create(disk, journalPath, {
    sizeBytes: size,
    pieceBytes: mib,
    name: 'out',
    id: '0'.repeat(32),
    createdMs: 0,
  });
  const ledger = new Ledger(size, mib);
  const pool = new BlockPool({ bytesMax: options.poolBytes ?? 8 * mib });
  const checked: string[] = [];
  const blocked: string[] = [];
  const dropped: string[] = [];
  let rooms = 0;
  const twice = new Map<SourceId, number>();
  const verifier = {
    hashesNow: true,
    recordsPieces: true,
    algorithm: 'sha256',
    checkDigest: (piece: number, digest: Uint8Array) =>
      checked.push(`${piece} as ${Buffer.from(digest).toString('hex')}`),
    checkOnDisk: (piece: number) => checked.push(`${piece} on disk`),
    checkBlock: (piece: number, block: never, _bytes: number, done: (block: never) => void) => {
      checked.push(`${piece} in memory`);
      done(block);
    },
  };
  const sink = new Sink({
    pool,
    openBlocksBytesMax: 24 * mib,
    part,
    journal,
    ledger,
    hasher: new PieceHasher({ threads: 0 }),
    isReadBack: () => false,
    verifier: verifier as unknown as Verifier,
    onBlocked: (error) => blocked.push(error.code),
    onRoom: () => (rooms += 1),
    journalIndex: (source) => journal.sourceIndex(`mgp://h:${source}/f`),
    onWritten: () => undefined,
    onDuplicates: (bytes, source) => void twice.set(source, (twice.get(source) ?? 0) + bytes),
    onLanded: () => undefined,
    onDropped: (range, source) => dropped.push(`${range.start}-${range.end} ${source}`),
    onFault: (error) => {
      throw error;
    },
  });
  const extents = (): string[] => {
    journal.flush();
    const replay = readJournal(disk, journalPath);
    if ('damaged' in replay) throw new Error(replay.damaged);
    return replay.extents.map((e) => `${e.start}-${e.end} ${e.source}`);
  };
  const sums = (): string[] => {
    journal.flush();
    const replay = readJournal(disk, journalPath);
    if ('damaged' in replay) throw new Error(replay.damaged);
    return [...replay.extents, ...replay.extentsInPieces].map((e) => `${e.start}-${e.end} ${e.crc32}`);
  };
  const onDisk = (start: number, end: number): boolean =>
    readFileSync(partPath).subarray(start, end).equals(bytes.subarray(start, end));
  return {
    disk,
    part,
    ledger,
    pool,
    sink,
    verifier,
    checked,
    blocked,
    dropped,
    extents,
    sums,
    onDisk,
    rooms: () => rooms,
    /** What each source brought that was there already. */
    twice,
  };
}

/** Has bytes [start, end) arrive, as a socket would bring them: `stepBytes` at a time. Returns where it stopped. */
function arrive(inlet: Inlet, start: number, end: number, stepBytes = 10_000): number {
  inlet.start(start, end - start);
  for (let at = start; at < end;) {
    const target = inlet.target(end - at);
    if (target === undefined) return at;
    const n = Math.min(target.length, stepBytes, end - at);
    target.set(bytes.subarray(at, at + n));
    inlet.filled(n);
    at += n;
  }
  return end;
}

describe('bytes that arrive', () => {
  it('after their memory was given up are no delivery: the position stays, and the connection ends', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    inlet.start(0, mib);
    inlet.target(mib);
    inlet.finishBlock();
    expect(() => inlet.filled(1000)).toThrow('1000 bytes came for 0, and their memory was given up');
    expect(inlet.offset).toBe(0);
    expect(w.ledger.isMissing(0, mib)).toBe(true);
  });

  it('as a whole piece in one block are hashed from memory, and need no record of their own', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    arrive(inlet, 0, mib);
    expect(w.checked).toEqual(['0 in memory']);
    expect(w.onDisk(0, mib)).toBe(true);
    expect(w.extents()).toEqual([]);
    expect(w.pool.takenBytes).toBe(0);
  });

  it('in parts are written and recorded at each flush, and hashed from memory once the block is whole', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    arrive(inlet, 0, 300_000);
    expect(w.ledger.receivedBytes).toBe(0);
    expect(inlet.flush()).toBe(true);
    expect(w.ledger.receivedBytes).toBe(300_000);
    expect(w.extents()).toEqual(['0-300000 0']);
    arrive(inlet, 300_000, mib);
    expect(w.checked).toEqual(['0 in memory']);
    expect(w.onDisk(0, mib)).toBe(true);
  });

  it('from the middle of a piece on fill blocks that line up with the pieces', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    arrive(inlet, mib / 2, 2 * mib);
    expect(w.checked).toEqual(['1 in memory']);
    expect(w.extents()).toEqual([`${mib / 2}-${mib} 0`]);
    expect(w.onDisk(mib / 2, 2 * mib)).toBe(true);
  });

  it('of one piece from two connections are read back to be hashed', () => {
    const w = world();
    const [a, b] = [new Inlet(w.sink, alice), new Inlet(w.sink, bob)];
    arrive(a, 0, mib / 2);
    arrive(b, mib / 2, mib);
    expect(a.flush()).toBe(true);
    expect(w.checked).toEqual(['0 on disk']);
    expect(w.onDisk(0, mib)).toBe(true);
    expect(w.ledger.runs(0, mib).map((run) => run.source)).toEqual([alice, bob]);
  });

  it('that are there already are not written again, and counted', () => {
    const w = world();
    arrive(new Inlet(w.sink, alice), 0, mib);
    const writes = w.disk.count('write');
    arrive(new Inlet(w.sink, bob), 0, mib);
    expect(w.disk.count('write')).toBe(writes);
    expect(w.ledger.duplicateBytes).toBe(mib);
    expect([...w.twice]).toEqual([[bob, mib]]);
    expect(w.ledger.runs(0, mib)).toMatchObject([{ source: alice }]);
    expect(w.pool.takenBytes).toBe(0);
  });

  it('of which a part is there already are written where they are missing', () => {
    const w = world();
    const a = new Inlet(w.sink, alice);
    arrive(a, 400_000, 600_000);
    a.finishBlock();
    const b = new Inlet(w.sink, bob);
    arrive(b, 0, mib);
    b.finishBlock();
    expect(w.ledger.receivedBytes).toBe(mib);
    expect(w.ledger.duplicateBytes).toBe(200_000);
    expect(w.onDisk(0, mib)).toBe(true);
    expect(w.checked).toEqual(['0 on disk']);
    expect(w.ledger.runs(0, mib).map((run) => run.source)).toEqual([bob, alice, bob]);
  });

  it('and were brought by somebody else before they were written count once', () => {
    const w = world();
    const [a, b] = [new Inlet(w.sink, alice), new Inlet(w.sink, bob)];
    arrive(a, 0, 500_000);
    arrive(b, 0, 500_000);
    a.flush();
    b.flush();
    expect(w.ledger.receivedBytes).toBe(500_000);
    expect(w.ledger.duplicateBytes).toBe(500_000);
    expect([...w.twice]).toEqual([[bob, 500_000]]);
  });
});

describe('a pool without memory', () => {
  it('stops a connection, and tells when there is room', () => {
    const w = world({ poolBytes: mib });
    const [a, b] = [new Inlet(w.sink, alice), new Inlet(w.sink, bob)];
    arrive(a, 0, 1000);
    expect(arrive(b, mib, 2 * mib)).toBe(mib);
    const before = w.rooms();
    a.finishBlock();
    expect(w.rooms()).toBeGreaterThan(before);
    expect(arrive(b, mib, 2 * mib)).toBe(2 * mib);
  });
});

describe('a disk that is full', () => {
  it('keeps what is in memory, says so once, and takes it when there is space', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    arrive(inlet, 0, 500_000);
    w.disk.spaceBytes = 100_000;
    expect(inlet.flush()).toBe(false);
    expect(inlet.flush()).toBe(false);
    expect(w.blocked).toEqual(['disk-full']);
    expect(w.ledger.receivedBytes).toBe(0);
    expect(new Inlet(w.sink, bob).target(10)).toBeUndefined();
    expect(w.sink.retry(() => inlet.flush())).toBe(false);
    expect(w.blocked).toEqual(['disk-full']);
    w.disk.heal();
    expect(w.sink.retry(() => inlet.flush())).toBe(true);
    expect(w.sink.blocked).toBeUndefined();
    arrive(inlet, 500_000, mib);
    expect(w.onDisk(0, mib)).toBe(true);
    expect(w.checked).toEqual(['0 in memory']);
  });

  it('at the end of a block keeps the block until it is written', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    w.disk.spaceBytes = 0;
    arrive(inlet, 0, mib);
    expect(w.blocked).toEqual(['disk-full']);
    expect(w.ledger.receivedBytes).toBe(0);
    w.disk.heal();
    expect(w.sink.retry(() => inlet.finishBlock())).toBe(true);
    expect(w.onDisk(0, mib)).toBe(true);
    expect(w.pool.takenBytes).toBe(0);
  });

  it('past the page cache are booked once they are on the disk; who brings them meanwhile brings duplicates', async () => {
    const w = world();
    expect(w.part.openDirect()).toBe(true);
    const [a, b] = [new Inlet(w.sink, alice), new Inlet(w.sink, bob)];
    arrive(a, 0, mib);
    expect(w.sink.isWriting).toBe(true);
    expect(w.ledger.receivedBytes).toBe(0);
    expect(w.sink.isMissing(0, 10)).toBe(false);
    arrive(b, 0, 2 * mib);
    await w.sink.drained();
    const sha256 = (piece: number) => createHash('sha256').update(bytes.subarray(piece * mib, (piece + 1) * mib));
    expect(w.checked.sort()).toEqual([0, 1].map((piece) => `${piece} as ${sha256(piece).digest('hex')}`));
    expect(w.ledger.duplicateBytes).toBe(mib);
    expect(w.ledger.deliveredBy(alice)).toEqual([{ start: 0, end: mib, source: alice }]);
    expect(w.onDisk(0, 2 * mib)).toBe(true);
    expect(w.extents()).toEqual([]);
    expect(w.pool.takenBytes).toBe(0);
  });

  it('past the page cache without hashes to judge them are booked with their CRC-32', async () => {
    const w = world();
    w.verifier.hashesNow = false;
    w.part.openDirect();
    arrive(new Inlet(w.sink, alice), 0, 2 * mib);
    await w.sink.drained();
    const sums = [0, mib].map((start) => `${start}-${start + mib} ${crc32(bytes.subarray(start, start + mib))}`);
    expect(w.sums().sort()).toEqual(sums);
    expect(w.checked.sort()).toEqual(['0 on disk', '1 on disk']);
    expect(w.pool.takenBytes).toBe(0);
  });

  it('past the page cache are booked with their CRC-32 where hashes ceased to count meanwhile', async () => {
    const w = world();
    w.part.openDirect();
    arrive(new Inlet(w.sink, alice), 0, mib);
    w.verifier.hashesNow = false;
    await w.sink.drained();
    expect(w.sums()).toEqual([`0-${mib} ${crc32(bytes.subarray(0, mib))}`]);
    expect(w.checked).toEqual(['0 on disk']);
  });

  it('past the page cache while another one fills the same block count once', async () => {
    const w = world();
    w.part.openDirect();
    const [a, b] = [new Inlet(w.sink, alice), new Inlet(w.sink, bob)];
    arrive(b, 0, mib / 2);
    arrive(a, 0, mib);
    expect(b.finishBlock()).toBe(true);
    await w.sink.drained();
    expect(w.ledger.receivedBytes).toBe(mib);
    expect(w.ledger.duplicateBytes).toBe(mib / 2);
    expect(w.ledger.deliveredBy(bob)).toEqual([]);
    expect(w.pool.takenBytes).toBe(0);
  });

  it('are written on the second look only, so that a block that fills fast stays whole', () => {
    const w = world();
    const inlet = new Inlet(w.sink, alice);
    arrive(inlet, 0, 300_000);
    expect(inlet.flushOld()).toBe(true);
    expect(w.ledger.receivedBytes).toBe(0);
    arrive(inlet, 300_000, 400_000);
    expect(inlet.flushOld()).toBe(true);
    expect(w.ledger.receivedBytes).toBe(400_000);
  });
});
