import { lstatSync, writeFileSync, type BigIntStats } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileFacts } from '../../src/server/file-version.js';
import { folderPage } from '../../src/server/folder-page.js';
import { TempFolder } from '../support/test-fleet.js';

let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

it.each([9_000_000_000_000_000n, -9_000_000_000_000_000n])(
  'a file whose time no date can be is shown all the same: %s',
  (mtimeMs) => {
    const path = temp.join('a.bin');
    writeFileSync(path, 'abc');
    const stats = lstatSync(path, { bigint: true });
    const facts = fileFacts(
      path,
      Object.assign(Object.create(Object.getPrototypeOf(stats) as object) as BigIntStats, stats, { mtimeMs }),
    );
    if (facts === undefined) throw new Error('not a file');
    const { size, mtimeMs: shownMs } = facts;
    const entries = [{ name: 'a.bin', kind: 'file' as const, size, mtimeMs: shownMs }];
    expect(folderPage('films', { entries, more: false }, { after: '', agent: 'test/1' })).toContain('a.bin');
  },
);
