import { describe, expect, it } from 'vitest';
import { openFlags } from '../../src/store/disk.js';
import { WindowDisk, windowPath } from '../../src/store/window-disk.js';

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

describe('a window of a file', () => {
  it('gives back what was written, also where it wraps around', () => {
    const disk = new WindowDisk(8);
    const fd = disk.open(windowPath, openFlags.createEmpty);
    disk.truncate(fd, 20);
    disk.write(fd, bytes(1, 2, 3, 4, 5, 6), 0, 6, 0);
    disk.release(6);
    disk.write(fd, bytes(9, 7, 8, 9, 10, 9), 1, 4, 6);
    const target = new Uint8Array(4);
    expect(disk.read(fd, target, 0, 4, 6)).toBe(4);
    expect(target).toEqual(bytes(7, 8, 9, 10));
  });

  it('refuses bytes that are not in it, instead of writing over others', () => {
    const disk = new WindowDisk(8);
    const fd = disk.open(windowPath, openFlags.createEmpty);
    disk.truncate(fd, 100);
    expect(() => disk.write(fd, new Uint8Array(9), 0, 9, 0)).toThrow(/not in the window from 0 to 8/);
    disk.release(4);
    expect(() => disk.write(fd, new Uint8Array(1), 0, 1, 3)).toThrow(/not in the window from 4 to 12/);
    expect(() => disk.read(fd, new Uint8Array(1), 0, 1, 3)).toThrow(/gone/);
  });

  it('reads no further than the file goes', () => {
    const disk = new WindowDisk(8);
    const fd = disk.open(windowPath, openFlags.createEmpty);
    disk.truncate(fd, 3);
    expect(disk.read(fd, new Uint8Array(8), 0, 8, 0)).toBe(3);
    expect(disk.read(fd, new Uint8Array(8), 0, 8, 3)).toBe(0);
  });

  it('forgets every other file', () => {
    const disk = new WindowDisk(8);
    const fd = disk.open(`${windowPath}.journal`, openFlags.createEmpty);
    expect(disk.write(fd, new Uint8Array(100), 0, 100, 1000)).toBe(100);
    expect(disk.stat(fd).sizeBytes).toBe(0);
    expect(disk.read(fd, new Uint8Array(8), 0, 8, 0)).toBe(0);
  });
});
