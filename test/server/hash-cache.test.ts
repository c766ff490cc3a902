import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HashCache, hashCacheFolder } from '../../src/server/hash-cache.js';
import { HashTable } from '../../src/server/hash-table.js';
import { contentId } from '../../src/wire/content-id.js';
import { TempFolder } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

function tableOf(path: string, size = 3 * MiB, version = 'v1'): HashTable {
  return HashTable.create({ path, version, size, mtimeMs: 0 }, MiB);
}

function finished(path: string): HashTable {
  const table = tableOf(path);
  for (let i = 0; i < 3; i += 1) table.addPiece(randomBytes(32));
  table.finish(randomBytes(32));
  return table;
}

function onlyFile(): string {
  const [name] = readdirSync(temp.path);
  return temp.join(name ?? '');
}

describe('HashTable', () => {
  it('hands out pieces as they become known, and the rest once it is finished', () => {
    const table = tableOf('/a', 2 * MiB + 1);
    const hashes = [randomBytes(32), randomBytes(32), randomBytes(32)];
    expect([table.pieceCount, table.hashedBytes, table.contentId]).toEqual([3, 0, null]);
    hashes.slice(0, 2).forEach((hash) => table.addPiece(hash));
    const other = new HashTable(table.data);
    expect(other.hashedBytes).toBe(2 * MiB);
    expect(Buffer.from(other.pieces(1, 1) ?? [])).toEqual(hashes[1]);
    expect(other.pieces(1, 2)).toBeUndefined();
    table.addPiece(hashes[2] ?? Buffer.alloc(0));
    const sha256 = randomBytes(32);
    table.finish(sha256);
    expect(other.done).toBe(true);
    expect(other.hashedBytes).toBe(2 * MiB + 1);
    expect(other.sha256).toBe(sha256.toString('hex'));
    expect(other.contentId).toBe(contentId(2 * MiB + 1, MiB, Buffer.concat(hashes)));
  });
});

describe('HashCache', () => {
  it('gives back what it was given, for the same version of the file alone', () => {
    const cache = new HashCache(temp.path);
    const table = finished('/a');
    cache.write(table);
    const cached = cache.read(tableOf('/a'));
    expect(Buffer.from(cached?.pieces ?? [])).toEqual(Buffer.from(table.pieces(0, 3) ?? []));
    expect(Buffer.from(cached?.sha256 ?? []).toString('hex')).toBe(table.sha256);
    expect(cache.read(tableOf('/b'))).toBeUndefined();
    expect(cache.read(tableOf('/a', 3 * MiB, 'v2'))).toBeUndefined();
    expect(cache.read(tableOf('/a', 2 * MiB))).toBeUndefined();
  });

  it('ignores an entry with any byte wrong, cut at any length, or with more behind it', () => {
    const cache = new HashCache(temp.path);
    cache.write(finished('/a'));
    const good = readFileSync(onlyFile());
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(onlyFile(), bad);
      expect(cache.read(tableOf('/a'))).toBeUndefined();
      writeFileSync(onlyFile(), good.subarray(0, at));
      expect(cache.read(tableOf('/a'))).toBeUndefined();
    }
    writeFileSync(onlyFile(), Buffer.concat([good, Buffer.alloc(1)]));
    expect(cache.read(tableOf('/a'))).toBeUndefined();
    writeFileSync(onlyFile(), good);
    expect(cache.read(tableOf('/a'))).toBeDefined();
  });

  it('replaces the entry of an older version and leaves nothing half-written', () => {
    const cache = new HashCache(temp.path);
    cache.write(finished('/a'));
    cache.write(finished('/a'));
    expect(readdirSync(temp.path)).toHaveLength(1);
  });

  it('removes the oldest entries when there are too many, and what a crash left behind', () => {
    const cache = new HashCache(temp.path);
    ['/1', '/2', '/3'].forEach((path, i) => {
      const before = new Set(readdirSync(temp.path));
      cache.write(finished(path));
      const added = readdirSync(temp.path).find((name) => !before.has(name)) ?? '';
      utimesSync(temp.join(added), 1000 + i, 1000 + i);
    });
    writeFileSync(temp.join('x.hashes.y.tmp'), 'torn');
    utimesSync(temp.join('x.hashes.y.tmp'), 1000, 1000);
    cache.prune(2);
    expect(readdirSync(temp.path)).toHaveLength(2);
    expect(cache.read(tableOf('/1'))).toBeUndefined();
    expect(cache.read(tableOf('/3'))).toBeDefined();
  });

  it('goes on where something cannot be removed', () => {
    const cache = new HashCache(temp.path);
    cache.write(finished('/1'));
    mkdirSync(temp.join('x.hashes'));
    mkdirSync(temp.join('x.tmp'));
    for (const name of ['x.hashes', 'x.tmp']) utimesSync(temp.join(name), 1000, 1000);
    cache.prune(1);
    expect(cache.read(tableOf('/1'))).toBeDefined();
  });

  it('is in the folder that XDG says, or in ~/.cache', () => {
    expect(hashCacheFolder({ XDG_CACHE_HOME: '/var/x' })).toBe('/var/x/manyget/hashes');
    expect(hashCacheFolder({ XDG_CACHE_HOME: 'relative' })).toMatch(/\.cache\/manyget\/hashes$/);
    expect(hashCacheFolder({})).toMatch(/\.cache\/manyget\/hashes$/);
  });
});
