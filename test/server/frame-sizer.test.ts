import { describe, expect, it } from 'vitest';
import { FrameSizer } from '../../src/server/frame-sizer.js';

const KiB = 1024;

/** Sends for `ms` over a link of `bytesPerMs` that first takes `bufferBytes` at once, as a kernel does. */
function send(sizer: FrameSizer, bytesPerMs: number, ms: number, bufferBytes = 0): void {
  let nowMs = 0;
  let total = 0;
  sizer.begin(nowMs);
  while (nowMs < ms) {
    const bytes = sizer.frameBytes;
    total += bytes;
    nowMs = Math.max(nowMs + 0.05, (total - bufferBytes) / bytesPerMs);
    sizer.sent(bytes, nowMs);
  }
}

describe('FrameSizer', () => {
  it('starts with 64 KiB and is at 512 KiB after one frame on a fast link', () => {
    const sizer = new FrameSizer();
    expect(sizer.frameBytes).toBe(64 * KiB);
    sizer.begin(0);
    sizer.sent(64 * KiB, 0.1);
    expect(sizer.frameBytes).toBe(512 * KiB);
  });

  it('carries about 50 ms of a steady speed', () => {
    const sizer = new FrameSizer();
    send(sizer, 2000, 3000);
    expect(sizer.frameBytes).toBeGreaterThan(90_000);
    expect(sizer.frameBytes).toBeLessThan(110_000);
  });

  it('goes down to 16 KiB and no further', () => {
    const sizer = new FrameSizer();
    send(sizer, 10, 60_000);
    expect(sizer.frameBytes).toBe(16 * KiB);
  });

  it('finds the speed of the link behind a large buffer of the kernel', () => {
    const sizer = new FrameSizer();
    send(sizer, 1000, 10_000, 4 * 1024 * KiB);
    expect(sizer.frameBytes).toBeGreaterThan(40_000);
    expect(sizer.frameBytes).toBeLessThan(60_000);
  });

  it('does not take one pause for a speed', () => {
    const sizer = new FrameSizer();
    sizer.begin(0);
    sizer.sent(64 * KiB, 0.1);
    sizer.sent(512 * KiB, 2000);
    expect(sizer.frameBytes).toBe(256 * KiB);
  });
});
