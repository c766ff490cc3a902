import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { DownloadOptions } from '../../../src/base/download-handle.js';
import { ManygetError } from '../../../src/base/errors.js';
import { getCommandLine, type GetRequest } from '../../../src/cli/get/get-request.js';
import { runGet } from '../../../src/cli/get/run-get.js';
import { parseArguments } from '../../../src/cli/program.js';
import { memoryIo, type MemoryIo } from '../../support/cli-streams.js';
import { downloadReport, ScriptedDownload } from '../../support/scripted-download.js';
import { openKey } from '../../support/minisign-samples.js';
import { tempFolder } from '../../support/temp-folder.js';

const md5 = 'ab'.repeat(16);

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function requestOf(...args: string[]): GetRequest {
  const invocation = parseArguments(['get', ...args]);
  if (invocation.type !== 'get') throw new Error(invocation.type);
  return invocation.request;
}

function metalink(...files: readonly [name: string, url: string][]): string {
  const inner = files.map(
    ([name, url]) => `<file name="${name}"><hash type="md5">${md5}</hash><url>${url}</url></file>`,
  );
  return `<metalink xmlns="urn:ietf:params:xml:ns:metalink">${inner.join('')}</metalink>`;
}

interface Begun {
  readonly options: DownloadOptions;
  readonly handle: ScriptedDownload;
}

/** A `get` whose downloads end as `script` says, each as soon as it has begun. */
async function run(
  args: string[],
  script: (handle: ScriptedDownload, options: DownloadOptions) => void = (handle) => handle.finish(),
  io: MemoryIo = memoryIo(),
): Promise<{ status: number; begun: Begun[]; io: MemoryIo }> {
  const begun: Begun[] = [];
  const download = (options: DownloadOptions): ScriptedDownload => {
    const handle = new ScriptedDownload();
    handle.done.catch(() => undefined);
    begun.push({ options, handle });
    queueMicrotask(() => script(handle, options));
    return handle;
  };
  const status = await runGet(requestOf(...args), { download, listFiles: () => Promise.resolve([]) }, io);
  return { status, begun, io };
}

/** Where the downloads go, in the order of the names. */
function outputsOf(begun: readonly Begun[]): (string | undefined)[] {
  return begun.map(({ options }) => options.output).sort();
}

function written(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('a manifest of one file', () => {
  test('is a download like any other, with what is known of the file', async () => {
    const folder = tempFolder();
    const file = written(folder, 'm.meta4', metalink(['f.bin', 'mgp://a:1/f']));
    const { status, begun, io } = await run([file, '-d', folder, '--no-progress']);
    expect(status).toBe(0);
    expect(begun.map(({ options }) => options)).toEqual([
      { sources: ['mgp://a:1/f'], manifest: { hashes: { md5 } }, output: join(folder, 'f.bin') },
    ]);
    expect(io.stdout.text).toContain('saved as');
  });

  test('may come from standard input, and go to any name', async () => {
    const io = memoryIo();
    io.stdin.end(metalink(['f.bin', 'mgp://a:1/f']));
    const { begun } = await run(['-', '-o', join(tempFolder(), 'other'), '-q'], undefined, io);
    expect(begun[0]?.options.output).toMatch(/other$/);
  });

  test('that leaves something out says so', async () => {
    const file = written(
      tempFolder(),
      'm.meta4',
      metalink(['f', 'mgp://a:1/f']).replace('<hash', '<metaurl>x</metaurl><hash'),
    );
    const { io } = await run([file, '-d', tempFolder()]);
    expect(io.stderr.text).toContain('torrents are left out');
    expect((await run([file, '-d', tempFolder(), '-q'])).io.stderr.text).toBe('');
  });
});

describe('a checksum', () => {
  test('goes with addresses, and into the command line that goes on', async () => {
    const args = ['mgp://a:1/f', '--checksum', `md5=${md5}`, '--checksum', `sha-1=${'0'.repeat(40)}`, '-q'];
    const { begun } = await run(args);
    expect(begun[0]?.options).toEqual({
      sources: ['mgp://a:1/f'],
      manifest: { hashes: { md5, sha1: '0'.repeat(40) } },
    });
    expect(getCommandLine(requestOf(...args))).toBe(`manyget get ${args.join(' ')}`);
  });

  test('is looked up in a checksum file by the name of the file', async () => {
    const sums = written(tempFolder(), 'MD5SUMS', `${md5} *f g\n`);
    const { begun } = await run(['-p', '9001', 'f g', '--checksums', sums, '-q']);
    expect(begun[0]?.options.manifest).toEqual({ hashes: { md5 } });
    await expect(run(['mgp://a:1/h', '--checksums', sums, '-q'])).rejects.toMatchObject({ code: 'manifest-refused' });
  });
});

describe('several files', () => {
  test('of an earlier run are not fetched again where they are what is stated of them', async () => {
    const folder = tempFolder();
    const list = written(folder, 'm.meta4', metalink(['a', 'mgp://h:1/a'], ['b', 'mgp://h:1/b'], ['c', 'mgp://h:1/c']));
    const sums = written(folder, 'MD5SUMS', ['a', 'b', 'c'].map((name) => `${md5Of(name)} *${name}\n`).join(''));
    const plain = written(folder, 'list', 'mgp://h:1/a\n out=a\nmgp://h:1/b\n out=b\nmgp://h:1/c\n out=c\n');
    written(folder, 'a', 'a');
    written(folder, 'b', 'another');
    const args = ['--input-file', plain, '--checksums', sums, '-d', folder];
    const { status, begun, io } = await run(args);
    expect(status).toBe(0);
    expect(outputsOf(begun)).toEqual(['b', 'c'].map((name) => join(folder, name)));
    expect(io.stdout.text).toContain(`a  is there already, and is what is stated of it: ${join(folder, 'a')}\n`);
    expect(io.stdout.text).toContain('3 of 3 files are there');
    expect((await run([...args, '--json'])).io.stdout.text).toContain(
      `{"type":"present","file":"a","path":${JSON.stringify(join(folder, 'a'))}}\n`,
    );
    expect((await run([...args, '--overwrite'])).begun.length).toBe(3);
    expect((await run(['--input-file', plain, '-d', folder])).begun.length).toBe(3);
    // The Metalink states another hash of "a".
    expect((await run([list, '-d', folder])).begun.length).toBe(3);
  });

  const three = metalink(['a', 'mgp://h:1/a'], ['sub/b', 'mgp://h:1/b'], ['c', 'mgp://h:1/c']);

  test('are fetched one after the other or some at a time, into their folders', async () => {
    const folder = tempFolder();
    const file = written(folder, 'm.meta4', three);
    const waiting: ScriptedDownload[] = [];
    let total = 0;
    const { status, begun, io } = await run([file, '-d', folder, '-j', '2'], (handle) => {
      waiting.push(handle);
      total += 1;
      // Two are under way at once, then the third one alone.
      if (waiting.length < 2 && total < 3) return;
      for (const each of waiting.splice(0)) each.finish(downloadReport({ outputPath: 'there' }));
    });
    expect(status).toBe(0);
    expect(outputsOf(begun)).toEqual(['a', 'c', 'sub/b'].map((name) => join(folder, name)));
    expect(existsSync(join(folder, 'sub'))).toBe(true);
    expect(io.stdout.text).toContain('sub/b  saved as there');
    expect(io.stdout.text).toContain('3 of 3 files are there');
  });

  test('end with the status of the worst, and one does not keep the others', async () => {
    const file = written(tempFolder(), 'm.meta4', three);
    const { status, begun, io } = await run([file, '-d', tempFolder(), '-j', '1'], (handle, options) => {
      if (options.sources[0]?.endsWith('/a') === true)
        handle.fail(new ManygetError('verification-failed', 'a is wrong'));
      else if (options.sources[0]?.endsWith('/b') === true) handle.fail(new ManygetError('file-not-found', 'no b'));
      else handle.finish();
    });
    expect([status, begun.length]).toEqual([32, 3]);
    expect(io.stderr.text).toContain('manyget: a was not fetched: a is wrong');
    expect(io.stdout.text).toContain('1 of 3 files are there');
  });

  test('end together when the user wants it, and no other begins', async () => {
    const io = memoryIo();
    const file = written(tempFolder(), 'm.meta4', three);
    let asked = false;
    const ask = (): void => {
      if (!asked) io.signal('SIGINT');
      asked = true;
    };
    const { status, begun } = await run([file, '-d', tempFolder(), '-j', '2'], ask, io);
    expect([status, begun.length]).toEqual([130, 2]);
    expect(begun.map(({ handle }) => handle.cancelled)).toEqual(['stopped by you', 'stopped by you']);
  });

  test('as NDJSON name their file on each line', async () => {
    const file = written(tempFolder(), 'm.meta4', three);
    const { io } = await run([file, '-d', tempFolder(), '--json'], (handle) => {
      handle.emit({ type: 'notice', atMs: 1, reason: 'x' });
      handle.finish();
    });
    const lines = io.stdout.lines().map((line) => JSON.parse(line) as { type: string; file?: string });
    const filesOf = (type: string): unknown[] =>
      lines.flatMap((line) => (line.type === type ? [line.file] : [])).sort();
    expect(lines[0]).toMatchObject({ type: 'start', files: 3 });
    expect(lines.at(-1)).toEqual({ type: 'end', whole: 3, files: 3 });
    expect(filesOf('report')).toEqual(['a', 'c', 'sub/b']);
    expect(filesOf('event')).toEqual(['a', 'c', 'sub/b']);
  });

  test('of a list go where the list says', async () => {
    const folder = tempFolder();
    const list = written(folder, 'list', `mgp://h:1/a\n  dir=${join(folder, 'new')}\nmgp://h:1/b\n  out=x/y\n`);
    const { begun } = await run(['--input-file', list, '-d', folder, '-q']);
    expect(outputsOf(begun)).toEqual([join(folder, 'new/a'), join(folder, 'x/y')]);
  });

  test('need a folder, not one name', async () => {
    const folder = tempFolder();
    const file = written(folder, 'm.meta4', three);
    mkdirSync(join(folder, 'into'));
    const one = await run([file, '-o', join(folder, 'one')]);
    expect(one).toMatchObject({ status: 28, begun: [] });
    const { begun } = await run([file, '-o', join(folder, 'into'), '-q']);
    expect(outputsOf(begun)[0]).toBe(join(folder, 'into', 'a'));
  });
});

test.each([
  [['a.meta4', 'mgp://a:1/f'], 'a manifest names its own sources'],
  [['--input-file', 'x', 'mgp://a:1/f'], '--input-file names its own sources'],
  [['a.meta4', '-p', '9001'], '-a and -p do not go with a manifest'],
  [['-', '--input-file', '-'], 'can be read once only'],
  [['a.meta4', '-j', '0'], '-j takes a whole number'],
  [['--input-file', ''], '--input-file takes a path'],
])('%j makes no sense', (args, words) => {
  expect(() => requestOf(...args)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(words) as string }),
  );
});

test('a command line of lists is found again', () => {
  for (const line of ['manyget get a.meta4 -d x -j 2', 'manyget get --input-file list -q']) {
    expect(getCommandLine(requestOf(...line.split(' ').slice(2)))).toBe(line);
  }
});

describe('where a key is trusted', () => {
  const key = ['--trusted-key', openKey.publicKey];

  test('nothing begins without a signature, by whatever name the file is asked for', async () => {
    const folder = tempFolder();
    const file = written(folder, 'm.meta4', metalink(['f.bin', 'mgp://a:1/f']));
    const codes: string[] = [];
    for (const args of [
      [file],
      ['http://127.0.0.1:9/f.bin'],
      ['http://127.0.0.1:9/f.bin', '--checksum', `md5=${md5}`],
    ]) {
      await run([...args, '-d', folder, ...key]).catch((error: unknown) => codes.push((error as ManygetError).code));
    }
    expect(codes).toEqual(['signature-missing', 'usage', 'usage']);
    expect(readdirSync(folder)).toEqual(['m.meta4']);
  });

  test('the command that goes on demands the same', () => {
    const words = ['m.meta4', '--trusted-key', 'a.pub', '--trusted-key', openKey.publicKey, '--signature', 's'];
    expect(getCommandLine(requestOf(...words))).toBe(`manyget get ${words.join(' ')}`);
  });
});
