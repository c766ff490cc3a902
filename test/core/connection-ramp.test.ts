import { expect, test } from 'vitest';
import { rampConnections } from '../../src/core/connection-ramp.js';

const mib = 1024 * 1024;

test('a source near by begins with one connection', () => {
  expect(rampConnections(29, 1000 * mib, 1)).toBe(1);
});

test('one for each 10 ms of the way, and at most eight', () => {
  expect(rampConnections(40, 1000 * mib, 1)).toBe(4);
  expect(rampConnections(250, 1000 * mib, 1)).toBe(8);
});

test('all sources together have 32, or one each', () => {
  expect(rampConnections(250, 1000 * mib, 10)).toBe(4);
  expect(rampConnections(250, 1000 * mib, 100)).toBe(1);
});

test('what they could hold back is at most a twentieth of what the source has to bring', () => {
  expect(rampConnections(250, 4 * mib, 1)).toBe(3);
  expect(rampConnections(250, mib / 2, 1)).toBe(1);
});
