import { realDisk, type Disk, type FileFacts } from '../../src/store/disk.js';

/**
 * A disk that fails as it is told to, on top of another one. Faults are given by operation: skip so many calls, then
 * fail so many. Beside them: writes that take fewer bytes than asked, and a disk that is full after so many bytes.
 */
type DiskOperation = keyof Disk;

interface Fault {
  readonly operation: DiskOperation;
  readonly code: string;
  skip: number;
  times: number;
}

export class FaultyDisk implements Disk {
  /** Every operation in order, with the path or descriptor that it was about. */
  readonly calls: string[] = [];
  /** Most bytes that one write takes. */
  writeBytesMax = Infinity;
  /** Bytes that still fit; a write that does not fit writes what does, and the next one fails with ENOSPC. */
  spaceBytes = Infinity;
  /** Called before each operation: what else happens just then. */
  before: ((operation: DiskOperation) => void) | undefined;
  /** Awaited before what `writeSoon` was given reaches the disk: decides in which order writes land. */
  landing: ((offset: number, bytes: number) => Promise<void> | undefined) | undefined;
  readonly #inner: Disk;
  readonly #faults: Fault[] = [];

  constructor(inner: Disk = realDisk) {
    this.#inner = inner;
  }

  /** The next calls of `operation`, after `skip` that work, fail with `code`, `times` of them. */
  fail(
    operation: DiskOperation,
    code: string,
    options: { readonly skip?: number; readonly times?: number } = {},
  ): void {
    this.#faults.push({ operation, code, skip: options.skip ?? 0, times: options.times ?? 1 });
  }

  /** Takes all faults back. */
  heal(): void {
    this.#faults.length = 0;
    this.spaceBytes = Infinity;
    this.writeBytesMax = Infinity;
  }

  count(operation: DiskOperation): number {
    return this.calls.filter((call) => call.startsWith(`${operation} `)).length;
  }

  open(path: string, flags: number): number {
    this.#step('open', path);
    return this.#inner.open(path, flags);
  }

  close(fd: number): void {
    this.#step('close', fd);
    this.#inner.close(fd);
  }

  read(fd: number, target: Uint8Array, from: number, bytes: number, offset: number): number {
    this.#step('read', fd);
    return this.#inner.read(fd, target, from, bytes, offset);
  }

  write(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): number {
    this.#step('write', fd);
    return this.#inner.write(fd, source, from, this.#fitting(bytes), offset);
  }

  truncate(fd: number, sizeBytes: number): void {
    this.#step('truncate', fd);
    this.#inner.truncate(fd, sizeBytes);
  }

  stat(fd: number): FileFacts {
    this.#step('stat', fd);
    return this.#inner.stat(fd);
  }

  look(path: string, options?: { readonly follow?: boolean }): FileFacts | undefined {
    this.#step('look', path);
    return this.#inner.look(path, options);
  }

  checkFolderWritable(path: string): void {
    this.#step('checkFolderWritable', path);
    this.#inner.checkFolderWritable(path);
  }

  rename(from: string, to: string): void {
    this.#step('rename', from);
    this.#inner.rename(from, to);
  }

  link(from: string, to: string): void {
    this.#step('link', from);
    this.#inner.link(from, to);
  }

  unlink(path: string): void {
    this.#step('unlink', path);
    this.#inner.unlink(path);
  }

  list(path: string): string[] {
    this.#step('list', path);
    return this.#inner.list(path);
  }

  async writeSoon(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): Promise<number> {
    this.#step('writeSoon', fd);
    await this.landing?.(offset, bytes);
    return this.#inner.writeSoon(fd, source, from, this.#fitting(bytes), offset);
  }

  async dataSync(fd: number): Promise<void> {
    this.#step('dataSync', fd);
    await this.#inner.dataSync(fd);
  }

  async sync(fd: number): Promise<void> {
    this.#step('sync', fd);
    await this.#inner.sync(fd);
  }

  async syncFolder(path: string): Promise<void> {
    this.#step('syncFolder', path);
    await this.#inner.syncFolder(path);
  }

  async freeBytes(path: string): Promise<number> {
    this.#step('freeBytes', path);
    return this.#inner.freeBytes(path);
  }

  #step(operation: DiskOperation, about: string | number): void {
    this.calls.push(`${operation} ${about}`);
    this.before?.(operation);
    for (const fault of this.#faults) {
      if (fault.operation !== operation || fault.times === 0) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.times -= 1;
      throw systemError(fault.code, operation);
    }
  }

  #fitting(bytes: number): number {
    if (bytes > 0 && this.spaceBytes === 0) throw systemError('ENOSPC', 'write');
    const fitting = Math.min(bytes, this.writeBytesMax, this.spaceBytes);
    this.spaceBytes -= fitting;
    return fitting;
  }
}

/** An error as node:fs throws it. */
export function systemError(code: string, operation: string): Error {
  return Object.assign(new Error(`${code}: made by a test, ${operation}`), { code, syscall: operation });
}
