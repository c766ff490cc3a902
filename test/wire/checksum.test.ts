import { expect, test } from 'vitest';
import { hashAlgorithms, strongestFirst } from '../../src/base/hash-algorithm.js';
import { joinHashes, parseChecksum } from '../../src/wire/checksum.js';

const hex = '9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08';

test.each(['sha-256', 'sha256', 'SHA256', 'SHA-256', 'sha2-256'])('a checksum of type %s is read', (type) => {
  expect(parseChecksum(`${type}=${hex}`, '--checksum')).toEqual({ algorithm: 'sha256', hex: hex.toLowerCase() });
  expect(parseChecksum(` ${type}:${hex} `, '--checksum')).toEqual({ algorithm: 'sha256', hex: hex.toLowerCase() });
});

test('every algorithm is known under the name that IANA gives it', () => {
  for (const algorithm of strongestFirst) {
    const digest = 'a0'.repeat(hashAlgorithms[algorithm].bytes);
    const text = `${hashAlgorithms[algorithm].ianaName}=${digest}`;
    expect(parseChecksum(text, 'x')).toEqual({ algorithm, hex: digest });
  }
});

test.each([
  ['', 'takes TYPE=HEX'],
  [hex, 'takes TYPE=HEX'],
  ['sha-256=', 'takes TYPE=HEX'],
  [`sha-3=${hex}`, 'takes one of sha-512, sha-384, sha-256, sha-224, sha-1, md5, not "sha-3"'],
  [`sha-1=${hex}`, 'expected 40 hexadecimal digits'],
  ['md5=zz', 'expected 32 hexadecimal digits'],
])('%j is no checksum', (text, words) => {
  expect(() => parseChecksum(text, '--checksum')).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(words) as string }),
  );
});

test('hashes of one file join, and must not contradict each other', () => {
  const checksum = parseChecksum(`sha-256=${hex}`, 'x');
  expect(joinHashes({ md5: 'ab' }, [checksum], 'x')).toEqual({ md5: 'ab', sha256: hex.toLowerCase() });
  expect(() => joinHashes({ sha256: 'ab' }, [checksum], '--checksum')).toThrow(
    expect.objectContaining({ code: 'manifest-refused' }),
  );
});
