import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, lstatSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileFacts, type FileFacts } from '../../src/server/file-version.js';
import { HashJob } from '../../src/server/hash-job.js';
import { HashTable } from '../../src/server/hash-table.js';
import { TempFolder } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
const buffer = Buffer.alloc(MiB);
let temp: TempFolder;
let path: string;

beforeEach(async () => {
  temp = await TempFolder.create();
  path = temp.join('a.bin');
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

function factsNow(): FileFacts {
  const facts = fileFacts(path, lstatSync(path, { bigint: true }));
  if (facts === undefined) throw new Error('not a file');
  return facts;
}

function jobNow(pieceBytes = MiB): HashJob {
  return new HashJob(HashTable.create(factsNow(), pieceBytes), buffer);
}

describe('HashJob', () => {
  it.each([MiB / 2, MiB, 4 * MiB])('hashes pieces of %d bytes and the whole in one pass, in turns', (pieceBytes) => {
    const bytes = randomBytes(20 * MiB + 77);
    writeFileSync(path, bytes);
    const job = jobNow(pieceBytes);
    const { table } = job;
    expect(job.turn()).toBe('more');
    expect(table.hashedBytes).toBe(16 * MiB);
    expect([job.leftBytes, table.done]).toEqual([4 * MiB + 77, false]);
    expect(job.turn()).toBe('done');
    job.close();
    expect(table.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const last = bytes.subarray((table.pieceCount - 1) * pieceBytes);
    const lastHash = createHash('sha256').update(last).digest();
    expect(Buffer.from(table.pieces(table.pieceCount - 1, 1) ?? []).equals(lastHash)).toBe(true);
  });

  it('tells no hash of a file that changed under it', () => {
    writeFileSync(path, randomBytes(20 * MiB));
    const job = jobNow();
    expect(job.turn()).toBe('more');
    appendFileSync(path, 'more');
    expect(job.turn()).toBe('changed');
    job.close();
    expect(job.table.hashedBytes).toBe(16 * MiB);
    expect(job.table.done).toBe(false);
  });

  it('tells no hash at all of a file that is another one by now', () => {
    writeFileSync(path, randomBytes(MiB));
    const job = jobNow();
    writeFileSync(path, randomBytes(100));
    expect(job.turn()).toBe('changed');
    job.close();
    expect(job.table.piecesKnown).toBe(0);
  });
});
