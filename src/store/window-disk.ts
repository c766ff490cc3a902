import { constants } from 'node:fs';
import type { Disk, FileFacts } from './disk.js';

/** What the one file on it is called; every other name is a file that forgets what is written to it. */
export const windowPath = '-';

/** Writes past the page cache; 0 where the system has no such thing. */
const directFlag = (constants as Partial<typeof constants>).O_DIRECT ?? 0;
const windowFd = 1;
const forgetfulFd = 2;

/**
 * A disk in memory that keeps a window of one file: bytes from the first that is still wanted up to `windowBytes` further.
 * What is written elsewhere (a journal) is forgotten. So a file that goes through a pipe takes the same way as one that
 * goes to the disk.
 *
 * Invariant: the file's byte at `offset` is at `offset % windowBytes`, for offsets in [base, base + windowBytes).
 */
export class WindowDisk implements Disk {
  #ring: Uint8Array<ArrayBuffer> | undefined;
  #windowBytes: number;
  #base = 0;
  #sizeBytes = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Begins anew, with a window of that size. */
  reset(windowBytes: number): void {
    this.#windowBytes = windowBytes;
    this.#ring = undefined;
    this.#base = 0;
  }

  /** Bytes before `offset` are wanted no more. */
  release(offset: number): void {
    this.#base = Math.max(this.#base, offset);
  }

  /** Bytes may be written up to here. */
  get end(): number {
    return this.#base + this.#windowBytes;
  }

  open(path: string, flags: number): number {
    // There is no page cache to go past.
    if ((flags & directFlag) !== 0) throw Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
    return path === windowPath ? windowFd : forgetfulFd;
  }

  close(): void {
    // There is nothing to give back.
  }

  read(fd: number, target: Uint8Array, from: number, bytes: number, offset: number): number {
    if (fd !== windowFd) return 0;
    const count = Math.min(bytes, this.#sizeBytes - offset);
    if (count <= 0) return 0;
    if (offset < this.#base) throw new Error(`bytes from ${offset} on are gone: the window begins at ${this.#base}`);
    const ring = this.#memory();
    const at = offset % this.#windowBytes;
    const first = Math.min(count, this.#windowBytes - at);
    target.set(ring.subarray(at, at + first), from);
    if (first < count) target.set(ring.subarray(0, count - first), from + first);
    return count;
  }

  write(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): number {
    if (fd !== windowFd) return bytes;
    if (offset < this.#base || offset + bytes > this.end) {
      throw new Error(`bytes ${offset} to ${offset + bytes} are not in the window from ${this.#base} to ${this.end}`);
    }
    const ring = this.#memory();
    const at = offset % this.#windowBytes;
    const first = Math.min(bytes, this.#windowBytes - at);
    ring.set(source.subarray(from, from + first), at);
    if (first < bytes) ring.set(source.subarray(from + first, from + bytes), 0);
    this.#sizeBytes = Math.max(this.#sizeBytes, offset + bytes);
    return bytes;
  }

  truncate(fd: number, sizeBytes: number): void {
    if (fd === windowFd) this.#sizeBytes = sizeBytes;
  }

  stat(fd: number): FileFacts {
    return {
      kind: 'file',
      sizeBytes: fd === windowFd ? this.#sizeBytes : 0,
      allocatedBytes: 0,
      modifiedMs: 0,
      identity: '',
    };
  }

  look(): FileFacts | undefined {
    return undefined;
  }

  checkFolderWritable(): void {
    // There are no folders.
  }

  rename(): void {
    // Names mean nothing here.
  }

  link(): void {
    // Names mean nothing here.
  }

  unlink(): void {
    // Names mean nothing here.
  }

  list(): string[] {
    return [];
  }

  writeSoon(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): Promise<number> {
    return Promise.resolve(this.write(fd, source, from, bytes, offset));
  }

  dataSync(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  syncFolder(): Promise<void> {
    return Promise.resolve();
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(this.#windowBytes);
  }

  #memory(): Uint8Array<ArrayBuffer> {
    // The system gives pages when they are first written to: a small file takes little of a large window.
    this.#ring ??= new Uint8Array(new ArrayBuffer(this.#windowBytes));
    return this.#ring;
  }
}
