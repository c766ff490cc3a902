import { lstatSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileFacts, type FileFacts } from '../../src/server/file-version.js';
import { HashBoard } from '../../src/server/hash-board.js';
import { TempFolder } from '../support/test-fleet.js';

let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

function factsOf(path: string): FileFacts {
  const facts = fileFacts(path, lstatSync(path, { bigint: true }));
  if (facts === undefined) throw new Error('not a file');
  return facts;
}

it('has one file that cannot be looked at fail, and all others hashed', async () => {
  const told = new Map<string, string>();
  const board = new HashBoard({
    cacheFolder: temp.join('cache'),
    broadcast: () => undefined,
    notice: (name, reason) => void told.set(name, reason),
  });
  writeFileSync(temp.join('a.bin'), 'abc');
  const good = factsOf(temp.join('a.bin'));
  board.want('bad', { ...good, path: temp.join('n'.repeat(300)) });
  board.want('good', good);
  await expect.poll(() => told.size).toBe(2);
  expect(told.get('bad')).toContain('ENAMETOOLONG');
  expect(told.get('bad')).not.toContain('the hashing thread');
  expect(told.get('good')).toBe('it is hashed');
  await board.stop();
});
