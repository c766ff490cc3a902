import { expect, it } from 'vitest';
import type { FileFacts } from '../../src/server/file-version.js';
import { HashTable } from '../../src/server/hash-table.js';
import { WorkerHashes, type HashFollower } from '../../src/server/worker-hashes.js';

const file: FileFacts = { path: '/a', version: 'v1', size: 10, mtimeMs: 0 };

class Listener implements HashFollower {
  readonly heard: string[] = [];

  hashesKnown(table: HashTable): void {
    this.heard.push(`known ${table.data.file.version}`);
  }

  hashesFailed(_file: FileFacts, problem: string): void {
    this.heard.push(problem);
  }
}

it('asks once for each version of a file, and again after it failed or was forgotten', () => {
  const asked: string[] = [];
  const hashes = new WorkerHashes((name, f) => asked.push(`${name} ${f.version}`));
  const table = HashTable.create(file, 65_536);
  hashes.want('a', file);
  hashes.want('a', file);
  hashes.want('a', { ...file, version: 'v2' });
  expect(asked).toEqual(['a v1', 'a v2']);
  hashes.news({ type: 'hash-table', table: table.data });
  expect(hashes.want('a', file)?.data).toBe(table.data);
  hashes.news({ type: 'hash-forget', file });
  expect(hashes.want('a', file)).toBeUndefined();
  hashes.news({ type: 'hash-failed', file, problem: 'busy', reason: 'full' });
  hashes.want('a', file);
  expect(asked).toEqual(['a v1', 'a v2', 'a v1', 'a v1']);
});

it('tells each follower once, and none that has left', () => {
  const hashes = new WorkerHashes(() => undefined);
  const [stays, leaves, other] = [new Listener(), new Listener(), new Listener()];
  const table = HashTable.create(file, 65_536);
  hashes.want('a', file);
  hashes.follow(file, stays);
  hashes.follow(file, leaves);
  hashes.follow({ ...file, version: 'v2' }, other);
  hashes.unfollow(file, leaves);
  hashes.news({ type: 'hash-table', table: table.data });
  expect(stays.heard).toEqual([]);
  table.addPiece(new Uint8Array(32));
  table.finish(new Uint8Array(32));
  hashes.news({ type: 'hashed', file });
  hashes.news({ type: 'hashed', file });
  hashes.news({ type: 'hash-failed', file: { ...file, version: 'v2' }, problem: 'changed', reason: '' });
  expect([stays.heard, leaves.heard, other.heard]).toEqual([['known v1'], [], ['changed']]);
});
