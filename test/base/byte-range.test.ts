import { expect, test } from 'vitest';
import { rangeBytes } from '../../src/base/byte-range.js';

test('a range has its start and not its end', () => {
  expect(rangeBytes({ start: 3, end: 5 })).toBe(2);
  expect(rangeBytes({ start: 3, end: 3 })).toBe(0);
});
