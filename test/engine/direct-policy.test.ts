import { describe, expect, it } from 'vitest';
import { DirectPolicy } from '../../src/engine/direct-policy.js';

const mib = 1024 * 1024;

describe('the choice of the way to the disk', () => {
  it('is the page cache for usual speeds, and past it for those that its copies would hold up', () => {
    const policy = new DirectPolicy();
    expect(policy.isDirect(false, 120e6, false)).toBe(false);
    expect(policy.isDirect(false, 900e6, false)).toBe(true);
    expect(policy.isDirect(true, 120e6, false)).toBe(true);
  });

  it('goes back for good where the disk turns out to be slower than the servers', () => {
    const policy = new DirectPolicy();
    const held = Array.from({ length: 10 }, () => policy.isDirect(true, 100e6, true));
    expect(held).toEqual([...new Array<boolean>(9).fill(true), false]);
    expect(policy.isDirect(false, 900e6, false)).toBe(false);
  });

  it('is past the page cache as soon as bytes come fast enough, before a tick', () => {
    const policy = new DirectPolicy();
    const calls = Array.from({ length: 10 }, (_, i) => policy.isBurst(i === 0 ? 0 : mib, i * 2));
    expect(calls.indexOf(true)).toBe(8);
    const slow = new DirectPolicy();
    for (let i = 0; i < 100; i += 1) expect(slow.isBurst(mib, i * 5)).toBe(false);
    const once = new DirectPolicy();
    for (let i = 0; i < 100; i += 1) expect(once.isBurst(i % 5 === 0 ? 4 * mib : 0, i * 10)).toBe(false);
  });

  it('is not past the page cache at a burst where the file system knows no such way', () => {
    const policy = new DirectPolicy();
    policy.refused();
    policy.isBurst(0, 0);
    expect(policy.isBurst(20 * mib, 5)).toBe(false);
  });

  it('stays where a fast disk is the limit, or is slow for a moment', () => {
    const policy = new DirectPolicy();
    for (let i = 0; i < 100; i += 1) expect(policy.isDirect(true, 800e6, true)).toBe(true);
    for (let i = 0; i < 100; i += 1) expect(policy.isDirect(true, 100e6, i % 3 === 0)).toBe(true);
  });

  it('is the page cache for good where the file system knows nothing else', () => {
    const policy = new DirectPolicy();
    policy.refused();
    expect(policy.isDirect(false, 900e6, false)).toBe(false);
  });
});
