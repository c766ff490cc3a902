import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { checksumsOf, parseChecksumFile, type ChecksumFile } from '../../src/wire/checksum-file.js';

const parse = (text: string): ChecksumFile => parseChecksumFile(new TextEncoder().encode(text), 'SHA256SUMS');
const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const md5 = '098f6bcd4621d373cade4e832627b4f6';
const refusal = (code: string, words: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(words) as string });

describe('a checksum file', () => {
  test.each([
    [`${sha256}  a.iso`, 'sha256', 'a.iso'],
    [`${sha256.toUpperCase()} *a.iso`, 'sha256', 'a.iso'],
    [`${md5}  two words.txt\r`, 'md5', 'two words.txt'],
    [`\\${sha256}  a\\nb\\\\n`, 'sha256', 'a\nb\\n'],
    [`${sha256} a.iso`, 'sha256', 'a.iso'],
    [`  ${sha256}\ttwo words`, 'sha256', 'two words'],
    [`${sha256}  *a.iso`, 'sha256', '*a.iso'],
    [`SHA256 (a (1).iso) = ${sha256}`, 'sha256', 'a (1).iso'],
    [`\\SHA256 (a\\nb) = ${sha256}`, 'sha256', 'a\nb'],
    [`SHA2-256(a.iso)= ${sha256}`, 'sha256', 'a.iso'],
    [`MD5 (a) = ${md5}`, 'md5', 'a'],
    [sha256, 'sha256', undefined],
    [`\t${sha256}  `, 'sha256', undefined],
  ])('with the line %j has the file and its digest', (line, algorithm, name) => {
    const { lines } = parse(`# comment\n\n${line}\n`);
    expect(lines).toEqual([{ algorithm, name, hex: algorithm === 'md5' ? md5 : sha256 }]);
  });

  test('counts the lines that say nothing known', () => {
    const broken = [
      `${sha256}a  x`,
      'hello',
      `\\${sha256}  bad\\t`,
      `SHA999 (a) = ${sha256}`,
      `SHA512 (a) = ${sha256}`,
    ];
    expect(parse([...broken, `${sha256}  a`].join('\n'))).toMatchObject({ ignoredLines: 5, lines: [{ name: 'a' }] });
  });

  test('may be wrapped in an OpenPGP signature, which is passed over', () => {
    const text = [
      '-----BEGIN PGP SIGNED MESSAGE-----',
      'Hash: SHA256',
      '',
      `${sha256}  a`,
      `- ${md5}  -b`,
      '-----BEGIN PGP SIGNATURE-----',
      'iQIzBAEBCAAdFiEE',
      '-----END PGP SIGNATURE-----',
    ].join('\n');
    expect(parse(text).lines.map((line) => line.name)).toEqual(['a', '-b']);
    expect(parse(text).ignoredLines).toBe(0);
  });

  test.each([
    ['', 'manifest-malformed', 'holds no line like'],
    ['<html>', 'manifest-malformed', 'holds no line like'],
  ])('with %j is malformed', (text, code, words) => {
    expect(() => parse(text)).toThrow(refusal(code, words));
  });

  test('that is not text, or is too long, is refused', () => {
    expect(() => parseChecksumFile(Uint8Array.of(0xff), 'x')).toThrow(refusal('manifest-malformed', 'not UTF-8'));
    expect(() => parseChecksumFile(new Uint8Array(16 * 1024 * 1024 + 1), 'x')).toThrow(
      refusal('manifest-refused', 'more than 16777216 bytes'),
    );
  });

  test('throws nothing but a ManygetError, whatever is in it', () => {
    const line = fc.constantFrom(
      sha256,
      md5,
      '  ',
      ' *',
      '\\',
      '\n',
      '(',
      ') = ',
      'SHA256 ',
      'a',
      '-----BEGIN PGP SIGNED MESSAGE-----',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(line).map((parts) => parts.join('')),
          fc.string(),
        ),
        (text) => {
          try {
            for (const { name } of parse(text).lines) expect(name).not.toBe('');
          } catch (error) {
            if (!(error instanceof ManygetError)) throw error;
          }
        },
      ),
    );
  });
});

describe('the checksums of one file', () => {
  test('are found by the full name, else by its last part', () => {
    const other = sha256.replace('9', '8');
    const file = parse(`${sha256}  ./x/a.iso\n${other}  y/a.iso\n${md5}  b\n`);
    expect(checksumsOf(file, 'x/a.iso', 'S')).toEqual([{ algorithm: 'sha256', hex: sha256 }]);
    expect(checksumsOf(file, 'y/a.iso', 'S')).toEqual([{ algorithm: 'sha256', hex: other }]);
    expect(checksumsOf(file, 'deep/b', 'S')).toEqual([{ algorithm: 'md5', hex: md5 }]);
    expect(() => checksumsOf(file, 'a.iso', 'S')).toThrow(refusal('manifest-refused', 'with different digests'));
  });

  test('of several types count together', () => {
    const file = parse(`MD5 (a) = ${md5}\nSHA256 (a) = ${sha256}\n${sha256}  a`);
    expect(checksumsOf(file, 'a', 'S')).toEqual([
      { algorithm: 'md5', hex: md5 },
      { algorithm: 'sha256', hex: sha256 },
    ]);
  });

  test('are those of a lone digest, whatever the file is called', () => {
    expect(checksumsOf(parse(sha256), 'a', 'S')).toEqual([{ algorithm: 'sha256', hex: sha256 }]);
  });

  test('are missed in one sentence', () => {
    expect(() => checksumsOf(parse(`${sha256}  a`), 'b', 'S')).toThrow(
      refusal('manifest-refused', 'checksum file "S" does not list "b"'),
    );
  });
});
