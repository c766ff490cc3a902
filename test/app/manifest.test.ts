import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { documentFetcher } from '../../src/app/fetch-bytes.js';
import { makeManifest } from '../../src/app/make-manifest.js';
import { manifestOf, readManifest } from '../../src/app/manifest.js';
import { planDownloads, type DownloadPlan, type DownloadWishes } from '../../src/app/plan-downloads.js';
import { readDocument, type DocumentPlaces } from '../../src/app/read-document.js';
import { isManifestOperand, type Manifest } from '../../src/base/manifest.js';
import { writeMetalink } from '../../src/wire/metalink-writer.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { smallWeb } from '../support/small-web.js';
import { tempFolder } from '../support/temp-folder.js';

const md5 = 'ab'.repeat(16);
const sha256 = 'cd'.repeat(32);
function places(stdin = ''): DocumentPlaces {
  return { stdin: Readable.from([Buffer.from(stdin)]), fetchBytes: documentFetcher() };
}

function manifest(name: string, urls: readonly string[], more: Partial<Manifest> = {}): Manifest {
  const sources = urls.map((url, i) => ({ url, priority: i + 1, location: undefined }));
  return { name, sizeBytes: 5, hashes: { md5, sha256 }, pieces: undefined, sources, ...more };
}

function fileWith(text: string, name = 'list'): string {
  const file = path.join(tempFolder(), name);
  writeFileSync(file, text);
  return file;
}

async function plan(wishes: Partial<DownloadWishes>, stdin?: string): Promise<DownloadPlan> {
  return planDownloads({ operands: [], ...wishes }, places(stdin));
}

describe('a manifest', () => {
  test('is told from a file to fetch by its name', () => {
    for (const name of ['-', 'a.meta4', 'b/a.METALINK', 'http://h/a.meta4?x=1'])
      expect(isManifestOperand(name)).toBe(true);
    for (const name of ['a.iso', 'http://h/a?b=.meta4', 'mgp://h/meta4']) expect(isManifestOperand(name)).toBe(false);
  });

  test('is read from a file, from standard input and over HTTP', async () => {
    const text = writeMetalink(manifest('f', ['http://h/f']));
    const url = await smallWeb({ '/ok.meta4': text });
    const documents = [
      await readManifest(fileWith(text), places()),
      await readManifest('-', places(text)),
      await readManifest(`${url}ok.meta4`, places()),
    ];
    for (const document of documents) expect(document.files.map((file) => file.name)).toEqual(['f']);
  });

  test('that cannot be read is told in one sentence', async () => {
    const url = await smallWeb({ '/ok.meta4': 'x' });
    const gone = path.join(tempFolder(), 'gone.meta4');
    const unreadable = [
      [gone, 'there is no such file'],
      [tempFolder(), 'it is a folder'],
      ['ftp://h/a.meta4', 'scheme'],
      [`${url}other.meta4`, '404'],
    ] as const;
    for (const [from, words] of unreadable) {
      await expect(readManifest(from, places())).rejects.toMatchObject({
        code: 'manifest-unreadable',
        message: expect.stringContaining(words) as string,
      });
    }
    await expect(readManifest(`${url}ok.meta4`, places())).rejects.toMatchObject({ code: 'manifest-malformed' });
  });

  test('that is too long is refused, over HTTP as from a file', async () => {
    const there = places();
    const url = await smallWeb({ '/long': 'x'.repeat(2000) });
    for (const from of [`${url}long`, fileWith('x'.repeat(2000))]) {
      await expect(readDocument(from, 'list', 1999, there)).rejects.toMatchObject({
        code: 'manifest-refused',
        message: expect.stringContaining('more than 1999 bytes') as string,
      });
      expect(await readDocument(from, 'list', 2000, there)).toHaveLength(2000);
    }
  });

  test('with several files is asked for the one of that name', () => {
    const [a, b] = [manifest('x/a', []), manifest('b', [])];
    const document = { files: [a, b], notices: [] };
    expect(manifestOf(document, 'somewhere/a', 'm')).toBe(a);
    expect(manifestOf({ files: [b], notices: [] }, 'renamed', 'm')).toBe(b);
    expect(() => manifestOf(document, 'c', 'm')).toThrow('metalink "m" does not know "c"; it names "x/a", "b"');
  });
});

describe('making a manifest', () => {
  test('gives what a reader needs, the same for the same file', async () => {
    const folder = tempFolder();
    const file = path.join(folder, 'a b.bin');
    writeFileSync(file, randomBytesOf(250_000, 3));
    const urls = ['https://h/x/', 'mgp://h:9001/'];
    const text = await makeManifest({ files: [file], urls, pieceBytes: 100_000 });
    const [made] = (await readManifest('-', places(text))).files;
    expect(made).toMatchObject({ name: 'a b.bin', sizeBytes: 250_000, pieces: { pieceBytes: 100_000 } });
    expect(made?.pieces?.digests).toHaveLength(96);
    expect(made?.sources).toEqual([
      { url: 'https://h/x/a%20b.bin', priority: 1, location: undefined },
      { url: 'mgp://h:9001/a%20b.bin', priority: 2, location: undefined },
    ]);
    expect(await makeManifest({ files: [file], urls, pieceBytes: 100_000 })).toBe(text);
  });

  test('of an empty file is possible, of what is no file is not', async () => {
    const empty = fileWith('');
    const [made] = (await readManifest('-', places(await makeManifest({ files: [empty], urls: [] })))).files;
    expect(made).toMatchObject({ sizeBytes: 0, pieces: undefined });
    for (const [files, urls, code, words] of [
      [[path.join(tempFolder(), 'gone')], [], 'io-failed', 'there is no such file'],
      [[tempFolder()], [], 'io-failed', 'it is a folder'],
      [['.'], [], 'io-failed', '".": it is a folder'],
      [['/dev/null'], [], 'io-failed', 'it is not a regular file'],
      [[empty, empty], [], 'usage', 'two files are called "list"'],
      [[empty], ['nowhere'], 'usage', '--url "nowhere" is no address'],
      [[empty, fileWith('', 'other')], ['http://h/x'], 'usage', 'names one file, but there are 2'],
    ] as const) {
      await expect(makeManifest({ files, urls })).rejects.toMatchObject({
        code,
        message: expect.stringContaining(words) as string,
      });
    }
  });
});

describe('a plan', () => {
  test('of a manifest has its files with the strongest hash, below the output folder', async () => {
    const text = writeMetalink([
      manifest('a/.b', ['http://h/1', 'mgp://h/2', 'mgps://h/2', 'ftp://h/3']),
      manifest('c', ['http://h/4']),
    ]);
    const { downloads, notices } = await plan({ operands: ['-'] }, text);
    expect(downloads).toEqual([
      {
        name: 'a/.b',
        sources: ['http://h/1', 'mgp://h/2', 'mgps://h/2'],
        relativePath: 'a/_b',
        folder: undefined,
        isDescribed: true,
        manifest: { sizeBytes: 5, hashes: { sha256 }, pieces: undefined },
      },
      expect.objectContaining({ name: 'c', relativePath: 'c' }),
    ]);
    expect(notices).toEqual(['"a/.b": 1 addresses of other protocols are left out']);
  });

  test('of a manifest with many mirrors uses the best of them', async () => {
    const urls = Array.from({ length: 20 }, (_, i) => `http://h${i}/f`);
    const { downloads, notices } = await plan({ operands: ['-'] }, writeMetalink(manifest('f', urls)));
    expect(downloads[0]?.sources).toEqual(urls.slice(0, 16));
    expect(notices).toEqual(['"f": the best 16 of 20 sources are used']);
  });

  test('of addresses has one download, with the checksums that are given and listed', async () => {
    const checksumFile = fileWith(`${sha256}  f.iso\n`, 'SHA256SUMS');
    const operands = ['http://a/x/f.iso', 'http://b/f.iso'];
    const { downloads } = await plan({ operands, checksums: [`md5=${md5}`], checksumFile });
    expect(downloads).toEqual([
      {
        name: 'f.iso',
        sources: operands,
        relativePath: undefined,
        folder: undefined,
        manifest: { hashes: { md5, sha256 } },
      },
    ]);
  });

  test('of an input file is called as its address alone would call it, where that ends in a slash, too', async () => {
    const { downloads } = await plan({ inputFile: fileWith('http://h/folder/') });
    expect(downloads.map(({ name, relativePath }) => [name, relativePath])).toEqual([['folder', 'folder']]);
  });

  test('of an input file has a download a line, in its folder and under its name', async () => {
    const folder = tempFolder();
    mkdirSync(path.join(folder, 'in'));
    const meta4 = fileWith(writeMetalink(manifest('m', ['http://h/m'])), 'm.meta4');
    const list = [
      `http://a/f%20g\tmgp://b/f`,
      `http://a/h\n  out=x/y\n  dir=in\n  checksum=md5=${md5}`,
      `${meta4}\n dir=in`,
    ];
    const { downloads } = await plan({ inputFile: fileWith(list.join('\n')) });
    expect(downloads.map(({ name, sources, relativePath, folder: dir }) => [name, sources, relativePath, dir])).toEqual(
      [
        ['f g', ['http://a/f%20g', 'mgp://b/f'], 'f g', undefined],
        ['x/y', ['http://a/h'], 'x/y', 'in'],
        ['m', ['http://h/m'], 'm', 'in'],
      ],
    );
    expect(downloads[1]?.manifest).toEqual({ hashes: { md5 } });
  });

  test.each([
    [
      'no-source',
      'has only addresses of ftp for "f"',
      { operands: ['-'] },
      writeMetalink(manifest('f', ['ftp://h/f'])),
    ],
    ['no-source', 'has no address for "f"', { operands: ['-'] }, writeMetalink(manifest('f', []))],
    [
      'manifest-refused',
      'two files would be written to "x"',
      { inputFile: '-' },
      'http://a/b\n out=x\nhttp://a/c\n out=x\n',
    ],
    ['manifest-refused', 'would both be written to "B"', { inputFile: '-' }, 'http://a/b\nhttp://a/B\n'],
    ['manifest-refused', 'line 1 of the input file has "ftp://a/b"', { inputFile: '-' }, 'ftp://a/b'],
    ['manifest-refused', 'names a manifest, which stands alone', { inputFile: '-' }, 'a.meta4\thttp://a/b'],
    [
      'manifest-refused',
      'which was given as',
      { operands: ['http://a/b'], checksums: [`md5=${md5}`, 'md5=' + '0'.repeat(32)] },
      '',
    ],
    ['manifest-refused', 'does not list "b"', { operands: ['http://a/b'], checksumFile: '-' }, `${md5}  c`],
    [
      'usage',
      '--checksum is for one file, not for 2',
      { inputFile: '-', checksums: [`md5=${md5}`] },
      'http://a/b\nhttp://a/c',
    ],
  ])('ends with %s: %s', async (code, words, wishes, stdin) => {
    await expect(plan(wishes, stdin)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
  });
});
