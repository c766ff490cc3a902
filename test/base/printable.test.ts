import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../src/base/printable.js';

test.each([
  ['plain text, ünïcode, 日本, 🎬', 'plain text, ünïcode, 日本, 🎬'],
  ['\u001b[2J', '\\u{1b}[2J'],
  ['\u009b31m', '\\u{9b}31m'],
  ['a\r\nb\tc\0', 'a\\u{d}\\u{a}b\\u{9}c\\u{0}'],
  ['gpj.\u202eexe', 'gpj.\\u{202e}exe'],
  ['a\u2028b\ufeff\u200b', 'a\\u{2028}b\\u{feff}\\u{200b}'],
  ['half \ud83c pair', 'half \\u{d83c} pair'],
  ['\u007f', '\\u{7f}'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('text over the limit is cut, and says so', () => {
  expect(printable('x'.repeat(10), 10)).toBe('x'.repeat(10));
  expect(printable('x'.repeat(11), 10)).toBe(`${'x'.repeat(9)}…`);
  expect(printable('\0'.repeat(1000))).toHaveLength(300);
});

test('whatever comes in, what goes out is one line that moves no cursor, within the limit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 80 }), (text, charsMax) => {
      const shown = printable(text, charsMax);
      // eslint-disable-next-line no-control-regex -- these are the very characters that must be gone
      expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
      expect(shown.length).toBeLessThanOrEqual(charsMax);
      expect(shown).not.toMatch(/\p{Surrogate}/u);
    }),
    { numRuns: 2000 },
  );
});
