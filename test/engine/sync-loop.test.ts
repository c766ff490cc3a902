import { describe, expect, it } from 'vitest';
import { SyncLoop } from '../../src/engine/sync-loop.js';

function loopWithCount(): { loop: SyncLoop; begun: () => number; end: () => void } {
  let begun = 0;
  let end: () => void = () => undefined;
  const loop = new SyncLoop(() => {
    begun += 1;
    return new Promise((resolve) => (end = resolve));
  });
  return { loop, begun: () => begun, end: () => end() };
}

describe('the loop that has the disk write out what it was given', () => {
  it('does so every five seconds', async () => {
    const { loop, begun, end } = loopWithCount();
    loop.tick(4999, Infinity);
    expect(begun()).toBe(0);
    loop.tick(5000, Infinity);
    expect(begun()).toBe(1);
    end();
    await loop.idle;
    loop.tick(9999, Infinity);
    expect(begun()).toBe(1);
    loop.tick(10_000, Infinity);
    expect(begun()).toBe(2);
  });

  it('does so once more shortly before the end, so that the last sync is short', async () => {
    const { loop, begun, end } = loopWithCount();
    loop.tick(3000, 700);
    expect(begun()).toBe(0);
    loop.tick(3100, 590);
    end();
    await loop.idle;
    loop.tick(3200, 500);
    expect(begun()).toBe(1);
  });

  it('leaves a download of a moment to the sync at its end', () => {
    const { loop, begun } = loopWithCount();
    loop.tick(1400, 100);
    expect(begun()).toBe(0);
  });

  it('never runs two at once, and says when none is under way', async () => {
    const { loop, begun, end } = loopWithCount();
    loop.soon();
    loop.soon();
    expect(begun()).toBe(1);
    let isIdle = false;
    const idle = loop.idle.then(() => (isIdle = true));
    await Promise.resolve();
    expect(isIdle).toBe(false);
    end();
    await idle;
    loop.soon();
    expect(begun()).toBe(2);
  });
});
