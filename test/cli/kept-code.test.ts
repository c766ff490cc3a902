import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeptCode } from '../../src/cli/kept-code.js';
import { tempFolder } from '../support/temp-folder.js';

interface Exports {
  readonly sum: (a: number, b: number) => number;
  readonly beside: unknown;
  readonly file: string;
}

const text = `'use strict';
exports.sum = (a, b) => a + b;
exports.beside = require('./beside.js').value;
exports.file = __filename;
`;

interface Place {
  readonly path: string;
  readonly folder: string;
}

/** A file to be loaded, and a folder for its code, which is not there yet. */
function place(): Place {
  const root = tempFolder();
  writeFileSync(join(root, 'package.json'), '{ "type": "commonjs" }');
  writeFileSync(join(root, 'main.js'), text);
  writeFileSync(join(root, 'beside.js'), 'exports.value = "é";');
  return { path: join(root, 'main.js'), folder: join(root, 'cache', 'code') };
}

/** As a process of its own would. */
function load({ path, folder }: Place): { readonly code: KeptCode; readonly exports: Exports } {
  // What Node has loaded it would not read again.
  const { cache } = createRequire(path);
  Reflect.deleteProperty(cache, path);
  const code = new KeptCode(path, folder);
  return { code, exports: code.load() as Exports };
}

/** A place with code that a first run has kept; the code's file. */
function kept(): Place & { readonly file: string } {
  const where = place();
  load(where).code.keep();
  const [name = ''] = readdirSync(where.folder);
  return { ...where, file: join(where.folder, name) };
}

test('code is kept once, and the next run is what the first was', () => {
  const where = place();
  const first = load(where);
  expect(first.code.isWanted).toBe(true);
  first.code.keep();
  const second = load(where);
  expect(second.code.isWanted).toBe(false);
  for (const { exports } of [first, second]) {
    expect(exports.sum(1, 2)).toBe(3);
    expect(exports.beside).toBe('é');
    expect(exports.file).toBe(where.path);
  }
  expect(readdirSync(where.folder)).toHaveLength(1);
});

describe('code that was built', () => {
  test('is used, and none is kept', () => {
    const where = place();
    KeptCode.build(where.path);
    const { code, exports } = load(where);
    expect(exports.sum(1, 2)).toBe(3);
    expect(code.isWanted).toBe(false);
  });

  test('that this V8 does not take is not asked for again and again: what a run kept is used', () => {
    // Whole, and of the right name, but made of another text, which V8 sees by its length.
    const [first, second, same, other] = [place(), place(), place(), place()];
    writeFileSync(other.path, `${text}// longer`);
    const [name = '', otherCode = ''] = [same, other].map(({ path }) => {
      KeptCode.build(path);
      return readdirSync(join(dirname(path), 'code'))[0];
    });
    for (const { path } of [first, second]) {
      mkdirSync(join(dirname(path), 'code'));
      copyFileSync(join(dirname(other.path), 'code', otherCode), join(dirname(path), 'code', name));
    }
    const { code } = load(first);
    expect(code.isWanted).toBe(true);
    code.keep();
    // From another path: within one process V8 would find what it compiled for the first.
    const again = load({ path: second.path, folder: first.folder });
    expect(again.code.isWanted).toBe(false);
    expect(again.exports.sum(1, 2)).toBe(3);
  });

  test('is not used for another text', () => {
    const where = place();
    KeptCode.build(where.path);
    writeFileSync(where.path, text.replace('a + b', 'a * b'));
    const { code, exports } = load(where);
    expect(exports.sum(3, 4)).toBe(12);
    expect(code.isWanted).toBe(true);
  });

  test.skipIf(process.platform === 'win32')('is not used where others could have written it', () => {
    const where = place();
    KeptCode.build(where.path);
    const folder = join(dirname(where.path), 'code');
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o666);
    expect(load(where).code.isWanted).toBe(true);
  });
});

test('whoever requires a file whose code was kept gets the one that runs', () => {
  const where = kept();
  const { exports } = load(where);
  expect(createRequire(where.path)(where.path)).toBe(exports);
});

test('code of another text is not used, be it of the same length', () => {
  const where = kept();
  writeFileSync(where.path, text.replace('a + b', 'a * b'));
  const { code, exports } = load(where);
  expect(exports.sum(3, 4)).toBe(12);
  expect(code.isWanted).toBe(true);
  code.keep();
  expect(load(where).exports.sum(3, 4)).toBe(12);
});

test('code is not kept of a text that was replaced while it ran', () => {
  const where = place();
  const { code } = load(where);
  writeFileSync(where.path, text.replace('a + b', 'a * b'));
  code.keep();
  expect(() => readdirSync(where.folder)).toThrow('ENOENT');
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -100)],
  ['empty', () => Buffer.alloc(0)],
  ['changed in a byte', (bytes: Buffer) => bytes.fill((bytes[200] ?? 0) ^ 1, 200, 201)],
])('code that is %s is not used', (_, damage) => {
  const where = kept();
  writeFileSync(where.file, damage(readFileSync(where.file)));
  const { code, exports } = load(where);
  expect(exports.sum(1, 2)).toBe(3);
  expect(code.isWanted).toBe(true);
  code.keep();
  expect(load(where).code.isWanted).toBe(false);
});

test.skipIf(process.platform === 'win32')('code that others could have written is not used', () => {
  const where = kept();
  chmodSync(where.file, 0o666);
  expect(load(where).code.isWanted).toBe(true);
});

test.skipIf(process.platform === 'win32')('code behind a link is not used', () => {
  const where = kept();
  renameSync(where.file, `${where.file}.moved`);
  symlinkSync(`${where.file}.moved`, where.file);
  expect(load(where).code.isWanted).toBe(true);
});

test('without a folder, or with one that cannot be made, the file runs and nothing is kept', () => {
  const { path } = place();
  const nowhere = new KeptCode(path, undefined);
  expect((nowhere.load() as Exports).sum(1, 2)).toBe(3);
  expect(nowhere.isWanted).toBe(false);
  const behindFile = load({ path, folder: join(path, 'code') });
  expect(behindFile.exports.sum(1, 2)).toBe(3);
  expect(behindFile.code.isWanted).toBe(false);
  behindFile.code.keep();
});

test('no more than a few files stay, and the newest is among them', () => {
  const where = place();
  mkdirSync(where.folder, { recursive: true });
  for (let i = 0; i < 9; i += 1) writeFileSync(join(where.folder, `v18.0.${i}-x64-0`), '');
  load(where).code.keep();
  expect(readdirSync(where.folder)).toHaveLength(4);
  expect(load(where).code.isWanted).toBe(false);
});
