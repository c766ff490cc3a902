import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test, vi } from 'vitest';
import { QueueStore, type StoredDownload } from '../../../src/daemon/queue/queue-store.js';
import { tempFolder } from '../../support/temp-folder.js';

function download(gid: string): StoredDownload {
  return { gid, state: 'waiting', place: 1, spec: '{}', progress: '{}', addedAtMs: 0, endedAtMs: undefined };
}

/** A store that takes no download `bad`: `how` is what SQLite does of it (`ROLLBACK` on a full disk, else `ABORT`). */
function pickyStore(how: 'ROLLBACK' | 'ABORT'): QueueStore {
  const path = join(tempFolder(), 'queue.db');
  new QueueStore(path)[Symbol.dispose]();
  const db = new Database(path);
  const raise = `SELECT RAISE(${how}, 'database or disk is full')`;
  db.exec(`CREATE TRIGGER picky BEFORE INSERT ON downloads WHEN NEW.gid = 'bad' BEGIN ${raise}; END`);
  db.close();
  return new QueueStore(path);
}

test.each(['ROLLBACK', 'ABORT'] as const)(
  'what the store cannot take leaves nothing in it, and is said (%s)',
  (how) => {
    using store = pickyStore(how);
    expect(() => store.save([download('good'), download('bad')])).toThrow('database or disk is full');
    expect(store.downloads()).toEqual([]);
    store.save([download('good')]);
    expect(store.downloads().map(({ gid }) => gid)).toEqual(['good']);
  },
);

test('a store ends on a full disk, too, and what it has taken is there for the next one', () => {
  const path = join(tempFolder(), 'queue.db');
  const store = new QueueStore(path);
  store.save([download('good')]);
  const pragma = vi.spyOn(Database.prototype, 'pragma').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  store[Symbol.dispose]();
  pragma.mockRestore();
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${path}.copy${end}`);
  using next = new QueueStore(`${path}.copy`);
  expect(next.downloads().map(({ gid }) => gid)).toEqual(['good']);
});
