import { describe, expect, it } from 'vitest';
import { FrameSizer } from '../../src/server/frame-sizer.js';

const KiB = 1024;

/** Sends for `ms` over a link of `bytesPerMs` that first takes `bufferBytes` at once, as a kernel does. */
function send(
  sizer: FrameSizer,
  bytesPerMs: number,
  ms: number,
  bufferBytes = 0,
  see: (frameBytes: number) => void = () => undefined,
): void {
  let nowMs = 0;
  let total = 0;
  sizer.begin(nowMs);
  while (nowMs < ms) {
    const bytes = sizer.frameBytes;
    see(bytes);
    total += bytes;
    nowMs = Math.max(nowMs + 0.001, (total - bufferBytes) / bytesPerMs);
    sizer.sent(bytes, nowMs);
  }
}

describe('FrameSizer', () => {
  it('starts with 16 KiB and is at 512 KiB after 4 MiB on a fast link', () => {
    const sizer = new FrameSizer();
    expect(sizer.frameBytes).toBe(16 * KiB);
    send(sizer, 1e6, 4.2);
    expect(sizer.frameBytes).toBe(512 * KiB);
  });

  it('does not take what the kernel takes at once for the speed of a slow link, at the start and after a pause', () => {
    const sizer = new FrameSizer();
    let largest = 0;
    for (let time = 0; time < 3; time += 1) {
      send(sizer, 100, 20_000, 400 * KiB, (bytes) => (largest = Math.max(largest, bytes)));
      expect(sizer.frameBytes).toBe(16 * KiB);
    }
    expect(largest).toBeLessThanOrEqual(64 * KiB);
  });

  it('takes no burst of a kernel that has room again for the speed of a slow link', () => {
    const sizer = new FrameSizer();
    sizer.begin(0);
    // 100 KB a second, of which the kernel takes 130 KB at a time.
    for (let nowMs = 0; nowMs < 20_000; nowMs += 1300) {
      for (let left = 130_000; left > 0; left -= sizer.frameBytes) sizer.sent(Math.min(left, sizer.frameBytes), nowMs);
    }
    expect(sizer.frameBytes).toBeLessThanOrEqual(32 * KiB);
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

  it('is as small as a link that has become slow wants it after one frame', () => {
    const sizer = new FrameSizer();
    send(sizer, 20_000, 2000);
    expect(sizer.frameBytes).toBe(512 * KiB);
    sizer.sent(512 * KiB, 8000);
    expect(sizer.frameBytes).toBeLessThan(24 * KiB);
  });
});
