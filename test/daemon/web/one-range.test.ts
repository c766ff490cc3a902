import { expect, test } from 'vitest';
import { askedRange } from '../../../src/daemon/web/one-range.js';

test.each([
  [undefined, { kind: 'whole' }],
  ['bytes=0-', { kind: 'part', start: 0, end: 100 }],
  ['bytes=10-19', { kind: 'part', start: 10, end: 20 }],
  ['bytes=0-0', { kind: 'part', start: 0, end: 1 }],
  ['bytes=90-500', { kind: 'part', start: 90, end: 100 }],
  ['bytes=-10', { kind: 'part', start: 90, end: 100 }],
  ['bytes=-500', { kind: 'part', start: 0, end: 100 }],
  ['bytes=100-', { kind: 'outside' }],
  ['bytes=-0', { kind: 'outside' }],
  ['bytes=9999999999999999-', { kind: 'outside' }],
  ['bytes=20-10', { kind: 'whole' }],
  ['bytes=-', { kind: 'whole' }],
  ['bytes=0-1,5-6', { kind: 'whole' }],
  ['items=0-1', { kind: 'whole' }],
])('of 100 bytes, "%s" asks for %j', (header, range) => {
  expect(askedRange(header, 100)).toEqual(range);
});
