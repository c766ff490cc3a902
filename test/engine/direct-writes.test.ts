import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import type { ManygetError } from '../../src/base/errors.js';
import { DirectWrites, type DirectWrite } from '../../src/engine/direct-writes.js';
import { BlockPool } from '../../src/store/block-pool.js';
import { PartFile } from '../../src/store/part-file.js';
import { PieceHasher } from '../../src/store/piece-hasher.js';
import { seededBytes } from '../support/download-lab.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const mib = 1024 * 1024;
const bytes = seededBytes(4 * mib, 7);
const alice = 0 as SourceId;
const bob = 1 as SourceId;

function world(hashBlock?: PieceHasher['hashBlock']) {
  const disk = new FaultyDisk();
  const at = path.join(tempFolder(), 'out.part');
  const part = PartFile.open(disk, at, 4 * mib, { fresh: true });
  expect(part.openDirect()).toBe(true);
  const pool = new BlockPool({ bytesMax: 4 * mib });
  const written: DirectWrite[] = [];
  const dropped: DirectWrite[] = [];
  const hasher = hashBlock === undefined ? new PieceHasher({ threads: 0 }) : { hashBlock };
  const errors: ManygetError[] = [];
  const writes = new DirectWrites({
    part,
    hasher,
    onWritten: (write) => written.push(write),
    onVoid: (write) => {
      dropped.push(write);
      pool.release(write.block);
    },
    onFailed: (error) => errors.push(error),
  });
  const start = (from: number, to: number, source = alice): void => {
    const block = pool.take(mib);
    if (block === undefined) throw new Error('expected a block');
    block.bytes.set(bytes.subarray(from, to));
    writes.start(block, from, to, source, 'crc32');
  };
  const onDisk = (from: number, to: number): boolean =>
    readFileSync(at).subarray(from, to).equals(bytes.subarray(from, to));
  return { disk, part, writes, written, dropped, errors, start, onDisk };
}

describe('writes past the page cache', () => {
  it('are told once their bytes are in the file', async () => {
    const w = world();
    w.start(mib, 2 * mib);
    w.start(0, mib, bob);
    expect(w.writes.bytes).toBe(2 * mib);
    expect(w.written).toEqual([]);
    await w.writes.drained();
    expect(w.written.map((write) => [write.start, write.end, write.source]).sort()).toEqual([
      [0, mib, bob],
      [mib, 2 * mib, alice],
    ]);
    expect(w.onDisk(0, 2 * mib)).toBe(true);
    expect(w.writes.isEmpty).toBe(true);
    w.part.close();
  });

  it('are told, and given back, only when their digests are there too', async () => {
    const later: (() => void)[] = [];
    const w = world((block, _bytes, done) => later.push(() => done(new Uint8Array(4), block)));
    w.start(0, mib);
    w.start(mib, 2 * mib);
    w.writes.void(alice);
    w.start(2 * mib, 3 * mib, bob);
    while (!w.onDisk(0, 3 * mib)) await new Promise(setImmediate);
    const drained = w.writes.drained();
    for (const answer of later.slice(0, 1)) answer();
    while (w.dropped.length === 0) await new Promise(setImmediate);
    expect(w.dropped).toHaveLength(1);
    expect(w.written).toEqual([]);
    for (const answer of later.slice(1)) answer();
    await drained;
    expect(w.dropped).toHaveLength(2);
    expect(w.written.map((write) => write.start)).toEqual([2 * mib]);
    w.part.close();
  });

  it('are for places and lengths of whole pages only', () => {
    const w = world();
    expect(w.writes.takes(mib, mib)).toBe(true);
    expect(w.writes.takes(4096, 8192)).toBe(true);
    expect(w.writes.takes(100, mib)).toBe(false);
    expect(w.writes.takes(mib, 1000)).toBe(false);
    w.part.closeDirect();
    expect(w.writes.takes(mib, mib)).toBe(false);
    w.part.close();
  });

  it('say which bytes are on their way', async () => {
    const w = world();
    w.start(mib, 2 * mib);
    expect(w.writes.sameUntil(0, 4 * mib)).toEqual({ held: false, until: mib });
    expect(w.writes.sameUntil(mib + 5, 4 * mib)).toEqual({ held: true, until: 2 * mib });
    expect(w.writes.sameUntil(mib + 5, mib + 10)).toEqual({ held: true, until: mib + 10 });
    expect(w.writes.sameUntil(2 * mib, 4 * mib)).toEqual({ held: false, until: 4 * mib });
    expect(w.writes.without([{ start: mib / 2, end: 3 * mib }])).toEqual([
      { start: mib / 2, end: mib },
      { start: 2 * mib, end: 3 * mib },
    ]);
    await w.writes.drained();
    expect(w.writes.without([{ start: mib, end: 2 * mib }])).toEqual([{ start: mib, end: 2 * mib }]);
    w.part.close();
  });

  it('of a source that is not trusted any more only give their blocks back', async () => {
    const w = world();
    w.start(0, mib, alice);
    w.start(mib, 2 * mib, bob);
    w.writes.void(alice);
    await w.writes.drained();
    expect(w.written.map((write) => write.source)).toEqual([bob]);
    expect(w.dropped.map(({ start, end, source }) => [start, end, source])).toEqual([[0, mib, alice]]);
    w.part.close();
  });

  it('that are not wanted any more keep their place until they have landed', async () => {
    const w = world();
    let land = (): void => undefined;
    const gate = new Promise<void>((resolve) => (land = resolve));
    w.disk.landing = (offset) => (offset === 0 ? gate : undefined);
    w.start(0, mib, alice);
    w.start(mib, 2 * mib, alice);
    w.writes.void(alice);
    await expect.poll(() => w.dropped.length).toBe(1);
    expect(w.dropped[0]?.start).toBe(mib);
    expect(w.writes.sameUntil(0, 4 * mib)).toEqual({ held: true, until: mib });
    expect(w.writes.without([{ start: 0, end: 3 * mib }])).toEqual([{ start: mib, end: 3 * mib }]);
    land();
    await w.writes.drained();
    expect(w.onDisk(0, mib)).toBe(true);
    expect(w.dropped.map((write) => write.start)).toEqual([mib, 0]);
    expect(w.writes.sameUntil(0, mib)).toEqual({ held: false, until: mib });
    expect(w.written).toEqual([]);
    w.part.close();
  });

  it('that a full disk refuses wait, and go through once there is space', async () => {
    const w = world();
    w.disk.fail('writeSoon', 'ENOSPC');
    w.start(0, mib);
    await expect.poll(() => w.errors.length).toBe(1);
    expect(w.errors[0]?.code).toBe('disk-full');
    expect(w.writes.isEmpty).toBe(false);
    w.disk.fail('write', 'ENOSPC');
    expect(() => w.writes.retry()).toThrow('no space is left');
    expect(w.written).toEqual([]);
    w.writes.retry();
    expect(w.written.length).toBe(1);
    expect(w.onDisk(0, mib)).toBe(true);
    w.part.close();
  });

  it('that a full disk refused are given up at the end', async () => {
    const w = world();
    w.disk.fail('writeSoon', 'ENOSPC');
    w.start(0, mib);
    await expect.poll(() => w.errors.length).toBe(1);
    await w.writes.drained();
    expect(w.written).toEqual([]);
    expect(w.dropped.length).toBe(1);
    w.part.close();
  });
});
