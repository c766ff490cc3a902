import { chmodSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../src/store/make-folder.js';
import { tempFolder } from '../support/temp-folder.js';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a folder and those on the way to it are made, with their mode, and are there when they are made again', () => {
  const above = join(tempFolder(), 'a');
  for (const _ of [1, 2]) makeFolder(join(above, 'b', 'c'), 0o700);
  expect([above, join(above, 'b'), join(above, 'b', 'c')].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
  chmodSync(above, 0o750);
  makeFolder(join(above, 'd'), 0o700);
  expect(modeOf(above)).toBe(0o750);
});

test('a folder behind a link is made where the link leads', () => {
  const folder = tempFolder();
  makeFolder(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  makeFolder(join(folder, 'link', 'a', 'b'));
  makeFolder(join(folder, 'link'));
  expect(statSync(join(folder, 'real', 'a', 'b')).isDirectory()).toBe(true);
});

test('what cannot be made is said, where a file or a link to nothing is in the way', () => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(folder, 'file', 'a', 'b'))).toThrow('ENOTDIR');
  expect(() => makeFolder(join(folder, 'link', 'a'))).toThrow('EEXIST');
});

test('where the system makes no folder in one that is there, as in procfs, that is said, and it ends', () => {
  expect(() => makeFolder('/proc/self/nothing/inner')).toThrow();
});
