import { expect, test } from 'vitest';
import type { GrowthView } from '../../src/core/growth-view.js';
import { rampConnections } from '../../src/core/connection-ramp.js';

const mib = 1024 * 1024;

/** So many sources, and somebody reads along or not. */
function among(sources: number, isOn = false): Pick<GrowthView, 'sources' | 'reading'> {
  return { sources, reading: { isOn, windowMs: Infinity } };
}

test('a source near by begins with one connection', () => {
  expect(rampConnections(29, 1000 * mib, among(1))).toBe(1);
});

test('one for each 10 ms of the way, and at most sixteen, or eight where somebody reads along', () => {
  expect(rampConnections(40, 1000 * mib, among(1))).toBe(4);
  expect(rampConnections(250, 1000 * mib, among(1))).toBe(16);
  expect(rampConnections(250, 1000 * mib, among(1, true))).toBe(8);
});

test('all sources together have 64, or 32 where somebody reads along, or one each', () => {
  expect(rampConnections(250, 1000 * mib, among(10))).toBe(7);
  expect(rampConnections(250, 1000 * mib, among(10, true))).toBe(4);
  expect(rampConnections(250, 1000 * mib, among(100))).toBe(1);
});

test('what they could hold back is at most a twentieth of what the source has to bring', () => {
  expect(rampConnections(250, 4 * mib, among(1))).toBe(3);
  expect(rampConnections(250, mib / 2, among(1))).toBe(1);
});
