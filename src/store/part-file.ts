import { ManygetError } from '../base/errors.js';
import { diskError, quoted } from './disk-error.js';
import { codeOf, folderOf, isLinkUnsupported, openFlags, type Disk } from './disk.js';

/** What a write past the page cache needs: memory, offset and length are multiples of a page. */
export const directUnitBytes = 4096;

/**
 * Longer writes are cut: for them Linux takes large pages, which on virtual machines are those that the host has to give
 * first (512 MiB in writes of 1 MiB took 0.12 to 0.40 CPU s, in writes of 256 KiB 0.13 to 0.14).
 */
const sliceBytesMax = 256 * 1024;

/** What a file system says to a write past the page cache that it cannot do as it lies. */
const directRefused = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Owns `OUT.part`, the file while it is unfinished: positional writes, syncs, and the one move to the final name.
 * Never decides what is written where, and never gives the final name to anything that was not synced before.
 *
 * Invariant: a sync that failed once fails for good. The system may have thrown the unwritten pages away and say
 * "synced" to the next call, so that no later sync of this file proves anything.
 */
export class PartFile {
  readonly fd: number;
  readonly path: string;
  readonly disk: Disk;
  readonly sizeBytes: number;
  #syncFault: ManygetError | undefined;
  /** Syncs and writes that may not see the descriptors closed. */
  #inFlight = 0;
  #directFd: number | undefined;
  /** Direct descriptors that writes under way still use. */
  readonly #retired: number[] = [];
  #closed = false;
  #nameSynced = false;

  private constructor(disk: Disk, path: string, sizeBytes: number, fd: number) {
    this.disk = disk;
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.fd = fd;
  }

  /**
   * Opens or creates the file at `path` and gives it `sizeBytes` bytes, sparse where it was shorter.
   * @param options.fresh Throw away what an earlier run left.
   * @throws ManygetError `disk-full` or `io-failed`.
   */
  static open(disk: Disk, path: string, sizeBytes: number, options: { readonly fresh: boolean }): PartFile {
    let fd: number;
    try {
      fd = disk.open(path, options.fresh ? openFlags.createEmpty : openFlags.updateOrCreate);
    } catch (error) {
      throw diskError(error, `open ${quoted(path)}`);
    }
    try {
      const facts = disk.stat(fd);
      if (facts.kind !== 'file') throw new ManygetError('io-failed', `${quoted(path)} is not a regular file`);
      if (facts.sizeBytes !== sizeBytes) disk.truncate(fd, sizeBytes);
    } catch (error) {
      disk.close(fd);
      throw diskError(error, `give ${quoted(path)} its size of ${sizeBytes} bytes`);
    }
    return new PartFile(disk, path, sizeBytes, fd);
  }

  /**
   * Writes `bytes[from, to)` at file offset `offset`, all of it.
   * @throws ManygetError `disk-full` or `io-failed`; what was written before the fault stays and may be written again.
   */
  write(bytes: Uint8Array, from: number, to: number, offset: number): void {
    this.#checkOpen('written to');
    let at = from;
    while (at < to) {
      let written: number;
      try {
        written = this.disk.write(this.fd, bytes, at, Math.min(to - at, sliceBytesMax), offset + at - from);
      } catch (error) {
        throw diskError(error, this.#describe('write', to - at, offset + at - from));
      }
      if (written <= 0) {
        const what = this.#describe('write', to - at, offset + at - from);
        throw new ManygetError('io-failed', `cannot ${what}: the disk took 0 bytes and gave no reason`);
      }
      at += written;
    }
  }

  /**
   * True from when this file takes writes past the page cache: without a copy, and on the disk at once. Not on every
   * file system, and only for memory and places that are multiples of `directUnitBytes`.
   */
  get isDirect(): boolean {
    return this.#directFd !== undefined;
  }

  /** Opens the way past the page cache. False where system or file system have none. */
  openDirect(): boolean {
    if (this.#directFd !== undefined) return true;
    if (openFlags.writeDirect === undefined || this.#closed) return false;
    try {
      this.#directFd = this.disk.open(this.path, openFlags.writeDirect);
    } catch (error) {
      // EINVAL: the file system has no such way. Whatever else is wrong, the ordinary way will tell.
      if (error instanceof Error) return false;
      throw error;
    }
    return true;
  }

  /** Writes go through the page cache again. */
  closeDirect(): void {
    const fd = this.#directFd;
    this.#directFd = undefined;
    if (fd === undefined) return;
    if (this.#inFlight === 0) this.disk.close(fd);
    else this.#retired.push(fd);
  }

  /**
   * Writes all of `bytes` at file offset `offset`, past the page cache, without stopping the thread. `bytes` has to
   * stay as it is until then. Rejects with `disk-full` or `io-failed`; what the disk refuses because of how it lies
   * goes the ordinary way.
   */
  async writeDirect(bytes: Uint8Array, offset: number): Promise<void> {
    const fd = this.#directFd;
    if (fd === undefined) return this.write(bytes, 0, bytes.length, offset);
    this.#inFlight += 1;
    try {
      const written = await this.disk.writeSoon(fd, bytes, 0, bytes.length, offset);
      if (written !== bytes.length) this.write(bytes, written, bytes.length, offset + written);
    } catch (error) {
      if (!directRefused.has(codeOf(error) ?? '')) {
        throw diskError(error, this.#describe('write', bytes.length, offset));
      }
      this.closeDirect();
      this.write(bytes, 0, bytes.length, offset);
    } finally {
      this.#landed();
    }
  }

  /** A sync has failed: what was written may be lost, and the file cannot be finished. */
  get isSpoilt(): boolean {
    return this.#syncFault !== undefined;
  }

  /** Fills `target` from file offset `offset`; returns the bytes read, fewer only at the end of the file. */
  read(target: Uint8Array, offset: number): number {
    this.#checkOpen('read');
    let at = 0;
    while (at < target.length) {
      let got: number;
      try {
        got = this.disk.read(this.fd, target, at, target.length - at, offset + at);
      } catch (error) {
        throw diskError(error, this.#describe('read', target.length - at, offset + at));
      }
      if (got === 0) break;
      at += got;
    }
    return at;
  }

  /** Resolves once all that was written before the call is on the disk. Rejects with `disk-full` or `io-failed`. */
  async sync(): Promise<void> {
    await this.#guardSync(async () => {
      await this.disk.dataSync(this.fd);
      if (this.#nameSynced) return;
      await this.disk.syncFolder(folderOf(this.path));
      this.#nameSynced = true;
    });
  }

  /**
   * Cuts what is longer than the file, syncs, and moves it to `outputPath`. Without `overwrite` an existing file is
   * never replaced; on a file system without hard links that is checked right before the move instead of in it.
   * The part file stays where it is when this rejects.
   * @throws ManygetError `output-exists`, `disk-full` or `io-failed`.
   */
  async finish(outputPath: string, options: { readonly overwrite: boolean }): Promise<void> {
    await this.#guardSync(async () => {
      if (this.disk.stat(this.fd).sizeBytes !== this.sizeBytes) this.disk.truncate(this.fd, this.sizeBytes);
      await this.disk.sync(this.fd);
    });
    try {
      if (options.overwrite || !(await this.#moveByLink(outputPath))) {
        await this.#moveByRename(outputPath, options.overwrite);
      }
    } catch (error) {
      throw diskError(error, `move ${quoted(this.path)} to ${quoted(outputPath)}`);
    }
  }

  /** Waits for syncs and writes under way before it gives the descriptors back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.closeDirect();
    if (this.#inFlight === 0) this.disk.close(this.fd);
  }

  /** Something under way has ended: what waits for the last of them is closed. */
  #landed(): void {
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    for (const fd of this.#retired.splice(0)) this.disk.close(fd);
    if (this.#closed) this.disk.close(this.fd);
  }

  async #guardSync(run: () => Promise<void>): Promise<void> {
    if (this.#syncFault !== undefined) throw this.#syncFault;
    if (this.#closed) throw new Error(`${this.path} is synced after its close`);
    this.#inFlight += 1;
    try {
      await run();
    } catch (error) {
      this.#syncFault = diskError(error, `sync ${quoted(this.path)}`);
      throw this.#syncFault;
    } finally {
      this.#landed();
    }
  }

  /**
   * False where the file system knows no hard links. The new name is on the disk before the old one goes; that the old one
   * has gone need not be: should it be there again after a power loss, {@link completeCutFinish} takes it away.
   */
  async #moveByLink(outputPath: string): Promise<boolean> {
    try {
      this.disk.link(this.path, outputPath);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw outputExists(outputPath, error);
      if (isLinkUnsupported(error)) return false;
      throw error;
    }
    await this.disk.syncFolder(folderOf(outputPath));
    this.disk.unlink(this.path);
    return true;
  }

  async #moveByRename(outputPath: string, overwrite: boolean): Promise<void> {
    const there = this.disk.look(outputPath);
    if (there !== undefined && (!overwrite || there.kind === 'folder')) throw outputExists(outputPath);
    this.disk.rename(this.path, outputPath);
    await this.disk.syncFolder(folderOf(outputPath));
  }

  /** Its descriptor may be another file's by then. */
  #checkOpen(what: string): void {
    if (this.#closed && this.#inFlight === 0) throw new Error(`${this.path} is ${what} after its close`);
  }

  #describe(verb: string, bytes: number, offset: number): string {
    return `${verb} ${bytes} bytes at offset ${offset} of ${quoted(this.path)}`;
  }
}

function outputExists(outputPath: string, cause?: unknown): ManygetError {
  return new ManygetError('output-exists', `${quoted(outputPath)} exists and is not replaced without --overwrite`, {
    cause,
  });
}

/**
 * True where an earlier run was cut off between giving the finished file its final name and taking the old one away:
 * both then name one file, which is whole. The old name is removed; only the journal and the lock are left over.
 */
export function completeCutFinish(disk: Disk, partPath: string, outputPath: string): boolean {
  const part = disk.look(partPath);
  const output = disk.look(outputPath);
  if (part === undefined || output === undefined) return false;
  if (part.kind !== 'file' || part.identity !== output.identity) return false;
  disk.unlink(partPath);
  return true;
}
