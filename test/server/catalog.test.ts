import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/server/catalog.js';
import { listPage } from '../../src/server/catalog-list.js';
import { OpenFiles } from '../../src/server/open-files.js';
import { compareNames } from '../../src/server/served-names.js';
import { resolveRoots } from '../../src/server/served-roots.js';
import { TempFolder } from '../support/test-fleet.js';

let temp: TempFolder;
const never = (): boolean => false;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

async function put(path: string, text = path): Promise<void> {
  await mkdir(dirname(temp.join(path)), { recursive: true });
  await writeFile(temp.join(path), text);
}

async function catalogOf(...paths: string[]): Promise<Catalog> {
  return new Catalog(await resolveRoots(paths.map((path) => temp.join(path))));
}

describe('resolveRoots', () => {
  it('refuses what is not there, is special, or has the name of another', async () => {
    await put('a/x.bin');
    await put('b/x.bin');
    execFileSync('mkfifo', [temp.join('pipe')]);
    await expect(catalogOf('missing')).rejects.toMatchObject({ code: 'nothing-to-serve' });
    await expect(catalogOf('missing')).rejects.toThrow(/: it is not there$/);
    await expect(catalogOf('a/x.bin/y')).rejects.toThrow(/: a part of its path is no folder$/);
    await expect(catalogOf('pipe')).rejects.toMatchObject({ code: 'nothing-to-serve' });
    await expect(resolveRoots([])).rejects.toMatchObject({ code: 'nothing-to-serve' });
    await expect(resolveRoots(['/'])).rejects.toMatchObject({ code: 'usage' });
    const twice = catalogOf('a/x.bin', 'b/x.bin');
    await expect(twice).rejects.toMatchObject({ code: 'usage' });
    await expect(twice).rejects.toThrow(/a\/x\.bin.*b\/x\.bin/);
  });

  it('serves a link that the operator gave, under the name of the link', async () => {
    await put('v1.bin', 'one');
    await symlink(temp.join('v1.bin'), temp.join('current.bin'));
    const catalog = await catalogOf('current.bin');
    expect(await catalog.find('current.bin')).toMatchObject({ size: 3, path: temp.join('v1.bin') });
    expect(await catalog.find('v1.bin')).toBeUndefined();
  });
});

describe('Catalog.find', () => {
  it('finds files by name, also those that came later', async () => {
    await put('films/a.mp4', 'abc');
    await put('single.bin', '');
    const catalog = await catalogOf('films', 'single.bin');
    expect(await catalog.find('films/a.mp4')).toMatchObject({ name: 'films/a.mp4', size: 3 });
    expect(await catalog.find('single.bin')).toMatchObject({ size: 0 });
    expect(await catalog.find('films/new/b.mp4')).toBeUndefined();
    await put('films/new/b.mp4');
    expect(await catalog.find('films/new/b.mp4')).toBeDefined();
  });

  it('finds nothing outside of what is served, by no name and through no link', async () => {
    await put('secret.txt');
    await put('films-private/x');
    await put('films/a.mp4');
    await put('single.bin');
    await symlink(temp.join('secret.txt'), temp.join('films/link.txt'));
    await symlink('../secret.txt', temp.join('films/relative.txt'));
    await symlink(temp.path, temp.join('films/up'));
    await symlink('loop', temp.join('films/loop'));
    const catalog = await catalogOf('films', 'single.bin');
    const names = ['secret.txt', 'films/../secret.txt', '../secret.txt', temp.join('secret.txt'), 'films/link.txt'];
    names.push(
      'films/relative.txt',
      'films/up/secret.txt',
      'films/up/films-private/x',
      'films/loop',
      'films',
      'films/',
    );
    names.push(
      'single.bin/x',
      'films/a.mp4/x',
      'films/\0',
      `films/${'x'.repeat(300)}`,
      'films//a.mp4',
      './films/a.mp4',
    );
    for (const name of names) expect(await catalog.find(name), name).toBeUndefined();
  });

  it('follows a link that stays within the served folder', async () => {
    await put('films/real/a.mp4');
    await symlink('real/a.mp4', temp.join('films/alias.mp4'));
    const catalog = await catalogOf('films');
    expect(await catalog.find('films/alias.mp4')).toMatchObject({ path: temp.join('films/real/a.mp4') });
  });

  it('finds no folders, FIFOs or sockets', async () => {
    await mkdir(temp.join('films/inner'), { recursive: true });
    execFileSync('mkfifo', [temp.join('films/pipe')]);
    const catalog = await catalogOf('films');
    expect(await catalog.find('films/inner')).toBeUndefined();
    expect(await catalog.find('films/pipe')).toBeUndefined();
  });

  it('finds a served file no longer once a link stands in its place', async () => {
    await put('secret.txt');
    await put('a.bin');
    const catalog = await catalogOf('a.bin');
    await rm(temp.join('a.bin'));
    await symlink('secret.txt', temp.join('a.bin'));
    expect(await catalog.find('a.bin')).toBeUndefined();
  });

  it('gives a file another version when it is written to, cut or replaced', async () => {
    await put('a.bin', 'abc');
    const catalog = await catalogOf('a.bin');
    const versions = [(await catalog.find('a.bin'))?.version];
    await put('a.bin', 'abcd');
    versions.push((await catalog.find('a.bin'))?.version);
    await truncate(temp.join('a.bin'), 2);
    versions.push((await catalog.find('a.bin'))?.version);
    await put('b.bin', 'ab');
    await rename(temp.join('b.bin'), temp.join('a.bin'));
    versions.push((await catalog.find('a.bin'))?.version);
    expect(new Set(versions).size).toBe(4);
    expect((await catalog.find('a.bin'))?.version).toBe(versions[3]);
  });
});

it('sees that a file was overwritten although its size and its modification time were put back', async () => {
  await put('a.bin', 'abc');
  await utimes(temp.join('a.bin'), 1000, 1000);
  const catalog = await catalogOf('a.bin');
  const before = await catalog.find('a.bin');
  let after = before;
  // Again until the clock of the file system has moved on.
  while (after?.version === before?.version) {
    await put('a.bin', 'xyz');
    await utimes(temp.join('a.bin'), 1000, 1000);
    after = await catalog.find('a.bin');
  }
  expect(after).toMatchObject({ size: before?.size, mtimeMs: before?.mtimeMs });
});

describe('OpenFiles', () => {
  it('opens each version once and closes it with its last user', async () => {
    await put('a.bin');
    const catalog = await catalogOf('a.bin');
    const files = new OpenFiles(catalog);
    const found = await catalog.find('a.bin');
    if (found === undefined) throw new Error('not found');
    const [one, two] = await Promise.all([files.acquire(found), files.acquire(found)]);
    if (one === undefined || two === undefined) throw new Error('not opened');
    expect(one).toBe(two);
    files.release(one);
    expect(files.size).toBe(1);
    files.release(two);
    expect(files.size).toBe(0);
  });

  it('opens no file that was replaced, or led elsewhere, since it was found', async () => {
    await put('secret/a.bin', 'same');
    await put('films/inner/a.bin', 'same');
    const catalog = await catalogOf('films');
    const files = new OpenFiles(catalog);
    const found = await catalog.find('films/inner/a.bin');
    if (found === undefined) throw new Error('not found');
    await rename(temp.join('films/inner'), temp.join('moved'));
    await symlink(temp.join('moved'), temp.join('films/inner'));
    expect(await files.acquire(found)).toBeUndefined();
    await rm(temp.join('films/inner'));
    await symlink(temp.join('secret'), temp.join('films/inner'));
    expect(await files.acquire(found)).toBeUndefined();
    expect(files.size).toBe(0);
  });
});

describe('listPage', () => {
  async function names(catalog: Catalog, pageEntries: number): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const page = await listPage(catalog, all.at(-1), never, pageEntries);
      all.push(...page.files.map((f) => f.name));
      expect(page.files.length).toBeLessThanOrEqual(pageEntries);
      if (!page.more) return all;
    }
  }

  it.each([1, 2, 3, 1000])('lists all files once, in the order of their names, in pages of %d', async (entries) => {
    const inside = ['a', 'a.txt', 'a/b', 'a/b/c', 'a/c.txt', 'a0', 'b/x', 'b/y/z', '\u{1f600}', '\u{ffee}', 'zz'];
    const files = inside.filter((name) => !inside.some((other) => other.startsWith(`${name}/`)));
    for (const name of files) await put(join('films', name));
    await put('films.txt');
    await mkdir(temp.join('films/empty'));
    const catalog = await catalogOf('films.txt', 'films');
    const expected = ['films.txt', ...files.map((name) => `films/${name}`)].sort(compareNames);
    expect(await names(catalog, entries)).toEqual(expected);
  });

  it('says the size of each file, lists links by what they lead to, and hides those that lead out', async () => {
    await put('secret.txt');
    await put('films/a.bin', 'abc');
    await symlink('a.bin', temp.join('films/b.bin'));
    await symlink('../secret.txt', temp.join('films/c.bin'));
    execFileSync('mkfifo', [temp.join('films/pipe')]);
    const { files } = await listPage(await catalogOf('films'), undefined, never);
    expect(files.map(({ name, size }) => ({ name, size }))).toEqual([
      { name: 'films/a.bin', size: 3 },
      { name: 'films/b.bin', size: 3 },
    ]);
  });

  it('pages through a folder with more files than it ever holds in memory', async () => {
    await mkdir(temp.join('films/deep'), { recursive: true });
    const expected = Array.from({ length: 4500 }, (_, i) => `films/deep/${String(i).padStart(5, '0')}`);
    for (const name of expected) await writeFile(temp.join(name), '');
    expect(await names(await catalogOf('films'), 700)).toEqual(expected);
  });

  it('goes on behind a name that is no longer there', async () => {
    await put('films/a');
    await put('films/c');
    const page = await listPage(await catalogOf('films'), 'films/b/gone', never);
    expect(page.files.map((f) => f.name)).toEqual(['films/c']);
  });
});
