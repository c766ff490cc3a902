import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { parseInputFile, type InputFile } from '../../src/wire/input-file.js';

const parse = (text: string): InputFile => parseInputFile(new TextEncoder().encode(text), 'list.txt');
const refusal = (code: string, words: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(words) as string });

describe('an input file', () => {
  test('names files by line, mirrors by TAB, options by indentation', () => {
    const text = [
      '# a comment',
      'http://a/f\thttp://b/f\t\thttp://a/f',
      '  out=sub/f.bin',
      '\tdir=/data/in',
      '  # another',
      `  checksum=md5=${'0a'.repeat(16)}`,
      '',
      'mgp://c:9001/g\r',
      '  split=5',
      '  header=X: y',
    ].join('\n');
    expect(parse(text)).toEqual({
      entries: [
        {
          line: 2,
          urls: ['http://a/f', 'http://b/f'],
          out: 'sub/f.bin',
          dir: '/data/in',
          checksums: [{ algorithm: 'md5', hex: '0a'.repeat(16) }],
        },
        { line: 8, urls: ['mgp://c:9001/g'], out: undefined, dir: undefined, checksums: [] },
      ],
      notices: ['input file "list.txt": these options are not known and left out: header, split'],
    });
  });

  test.each([
    ['', 'manifest-malformed', 'names no file'],
    ['# only this', 'manifest-malformed', 'names no file'],
    ['  out=a', 'manifest-malformed', 'line 1 of input file "list.txt", "out=a", stands before any address'],
    ['http://a\n  out', 'manifest-malformed', 'line 2 of input file "list.txt", "out", is no option'],
    ['http://a\n  out=', 'manifest-malformed', 'is no option'],
    ['http://a\n  out=../b', 'manifest-refused', 'line 2 of input file "list.txt" names the file "../b"'],
    ['http://a\n  out=C:\\b', 'manifest-refused', 'a backslash'],
    ['http://a\n  checksum=md5=1', 'usage', 'checksum= in line 2 of input file'],
    [
      Array.from({ length: 1001 }, (_, i) => `http://a/${i}`).join('\t'),
      'manifest-refused',
      'more than 1000 addresses',
    ],
  ])('that ends with $1: $2', (text, code, words) => {
    expect(() => parse(text)).toThrow(refusal(code, words));
  });

  test('that is not text, or is too long, is refused', () => {
    expect(() => parseInputFile(Uint8Array.of(0xff), 'x')).toThrow(refusal('manifest-malformed', 'not UTF-8'));
    expect(() => parseInputFile(new Uint8Array(64 * 1024 * 1024 + 1), 'x')).toThrow(
      refusal('manifest-refused', 'more than 67108864 bytes'),
    );
  });

  test('throws nothing but a ManygetError, whatever is in it', () => {
    const scrap = fc.constantFrom(
      'http://a/',
      '\t',
      '\n',
      ' ',
      'out=',
      'dir=',
      'checksum=',
      'md5=',
      '..',
      '=',
      '#',
      '\r',
      'x',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(scrap).map((parts) => parts.join('')),
          fc.string(),
        ),
        (text) => {
          try {
            for (const entry of parse(text).entries) expect(entry.urls.length).toBeGreaterThan(0);
          } catch (error) {
            if (!(error instanceof ManygetError)) throw error;
          }
        },
      ),
    );
  });
});
