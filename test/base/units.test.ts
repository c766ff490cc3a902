import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, formatDuration, formatSpeed, parseBytes } from '../../src/base/units.js';

describe('a size that somebody typed', () => {
  test.each([
    ['0', 0],
    ['512', 512],
    ['64K', 64 * 1024],
    ['64k', 64 * 1024],
    ['1.5M', 1.5 * 1024 ** 2],
    ['2MB', 2 * 1024 ** 2],
    ['2GiB', 2 * 1024 ** 3],
    ['3 G', 3 * 1024 ** 3],
    [' 1T ', 1024 ** 4],
    ['10B', 10],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%j is %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(['', 'M', '-1', '+1', '1e3', '0x10', '1.M', '.5M', '1,5M', '1P', '2 MM', '9007199254740992', '9999999T'])(
    '%j is none',
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );
});

describe('a number for people', () => {
  test.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.50 KiB'],
    [10 * 1024, '10.0 KiB'],
    [22_718_509, '21.7 MiB'],
    [1024 ** 2, '1.00 MiB'],
    [931 * 1024 ** 3, '931 GiB'],
    [5 * 1024 ** 3, '5.00 GiB'],
    [Number.MAX_SAFE_INTEGER, '8.00 PiB'],
  ])('%d bytes are %j', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
    expect(formatSpeed(bytes)).toBe(`${text}/s`);
  });

  test('of bytes is never wider than nine characters, and never shows 1024 of a unit', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        const text = formatBytes(bytes);
        expect(text.length).toBeLessThanOrEqual(9);
        expect(Number.parseFloat(text)).toBeLessThan(1000);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [0, '0.0s'],
    [849, '0.8s'],
    [9949, '9.9s'],
    [9950, '10s'],
    [59_499, '59s'],
    [59_500, '1m00s'],
    [185_000, '3m05s'],
    [3_599_499, '59m59s'],
    [3_599_500, '1h00m'],
    [7_620_000, '2h07m'],
    [86_400_000, '1d00h'],
    [442_800_000, '5d03h'],
  ])('%d ms are %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
