import * as fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * The port through which `store` reaches the disk. Everything that is written, synced, renamed or removed goes through
 * one of these, so that a test can hand in a disk that fills up, tears writes or lies about a sync. Calls throw (or
 * reject with) what node:fs does: an Error with a `code` like "ENOSPC".
 *
 * Bulk data and the small steps of one decision are synchronous, because they are faster so and leave no half-done
 * state in between; what can take the disk's whole queue to finish (syncs) is not.
 */
export interface Disk {
  open(path: string, flags: number): number;
  close(fd: number): void;
  /** Bytes read into `target[from, from + bytes)` from file offset `offset`; fewer than asked, 0 at the end. */
  read(fd: number, target: Uint8Array, from: number, bytes: number, offset: number): number;
  /** Bytes of `source[from, from + bytes)` written at file offset `offset`; may be fewer than asked. */
  write(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): number;
  truncate(fd: number, sizeBytes: number): void;
  stat(fd: number): FileFacts;
  /** Facts of what a path names, symbolic links not followed unless asked; undefined where nothing is there. */
  look(path: string, options?: { readonly follow?: boolean }): FileFacts | undefined;
  /** Throws unless this process may create and rename entries in the folder. */
  checkFolderWritable(path: string): void;
  /** Replaces `to` where it exists. */
  rename(from: string, to: string): void;
  /** Fails with EEXIST where `to` exists. */
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** Names in a folder, in no order. */
  list(path: string): string[];
  /** As `write`, without stopping the thread. */
  writeSoon(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): Promise<number>;
  /** The file's bytes, and its size, are on the disk. */
  dataSync(fd: number): Promise<void>;
  /** The file's bytes and all that is known about it are on the disk. */
  sync(fd: number): Promise<void>;
  /** The names in the folder are on the disk. */
  syncFolder(path: string): Promise<void>;
  /** Bytes that this user may still write to the file system of `path`. */
  freeBytes(path: string): Promise<number>;
}

export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  /** Bytes that it takes on the disk: fewer than its size where it is sparse. */
  readonly allocatedBytes: number;
  readonly modifiedMs: number;
  /** Device and inode: two names with the same one are one file. */
  readonly identity: string;
}

/** A planted `NAME.part -> elsewhere` must not be written through. */
const noFollow = (fs.constants as Partial<typeof fs.constants>).O_NOFOLLOW ?? 0;
/** A planted pipe must not hang the program; regular files ignore it. */
const noWait = (fs.constants as Partial<typeof fs.constants>).O_NONBLOCK ?? 0;
/** Linux and FreeBSD: writes go to the disk past the page cache. Elsewhere there is no such flag. */
const direct = (fs.constants as Partial<typeof fs.constants>).O_DIRECT;
/** Flags for `Disk.open`. Links are followed by the one that says so alone. */
export const openFlags = {
  read: fs.constants.O_RDONLY | noFollow | noWait,
  /** For files that a user named, who may well have named a link. */
  readFollowing: fs.constants.O_RDONLY | noWait,
  update: fs.constants.O_RDWR | noFollow,
  updateOrCreate: fs.constants.O_RDWR | fs.constants.O_CREAT | noFollow,
  createEmpty: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC | noFollow,
  /** For writing past the page cache; undefined where the system does not know that. */
  writeDirect: direct === undefined ? undefined : fs.constants.O_WRONLY | direct | noFollow,
  createNew: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
} as const;

const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);
const open = promisify(fs.open);
const close = promisify(fs.close);
const statfs = promisify(fs.statfs);

/** node:fs. */
export const realDisk: Disk = {
  open: (at, flags) => fs.openSync(at, flags, 0o666),
  close: (fd) => fs.closeSync(fd),
  read: (fd, target, from, bytes, offset) => fs.readSync(fd, target, from, bytes, offset),
  write: (fd, source, from, bytes, offset) => fs.writeSync(fd, source, from, bytes, offset),
  truncate: (fd, sizeBytes) => fs.ftruncateSync(fd, sizeBytes),
  stat: (fd) => factsOf(fs.fstatSync(fd)),
  look(at, options) {
    const ask = options?.follow === true ? fs.statSync : fs.lstatSync;
    const stats = ask(at, { throwIfNoEntry: false });
    return stats === undefined ? undefined : factsOf(stats);
  },
  checkFolderWritable: (at) => fs.accessSync(at, fs.constants.W_OK | fs.constants.X_OK),
  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => fs.linkSync(from, to),
  unlink: (at) => fs.unlinkSync(at),
  list: (at) => fs.readdirSync(at),
  writeSoon: (fd, source, from, bytes, offset) =>
    new Promise((resolve, reject) => {
      fs.write(fd, source, from, bytes, offset, (error, written) =>
        error === null ? resolve(written) : reject(error),
      );
    }),
  dataSync: (fd) => fdatasync(fd),
  sync: (fd) => fsync(fd),
  syncFolder,
  async freeBytes(at) {
    const facts = await statfs(at);
    return facts.bavail * facts.bsize;
  },
};

function factsOf(stats: fs.Stats): FileFacts {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    sizeBytes: stats.size,
    allocatedBytes: stats.blocks * 512,
    modifiedMs: stats.mtimeMs,
    identity: `${stats.dev}:${stats.ino}`,
  };
}

/** Codes of file systems (network shares, FUSE) that keep their names safe in their own way and refuse to be asked. */
const folderSyncUnsupported = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

async function syncFolder(at: string): Promise<void> {
  // Windows has no handle to a folder that could be synced; NTFS journals its names by itself.
  if (process.platform === 'win32') return;
  const fd = await open(at, fs.constants.O_RDONLY);
  try {
    await fsync(fd);
  } catch (error) {
    if (!folderSyncUnsupported.has(codeOf(error) ?? '')) throw error;
  } finally {
    await close(fd);
  }
}

/** The `code` of an error of the system ("ENOSPC"); undefined for any other. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The folder that holds the entry `at`. */
export function folderOf(at: string): string {
  return path.dirname(path.resolve(at));
}

/** Removes an entry, where it is there. */
export function unlinkIfThere(disk: Disk, at: string): void {
  try {
    disk.unlink(at);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** What link(2) says on FAT, exFAT, many network shares and FUSE, and under a policy that forbids hard links. */
const linkUnsupportedCodes = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/** True where `error` of `Disk.link` says that this file system, or its policy, has no hard links. */
export function isLinkUnsupported(error: unknown): boolean {
  return linkUnsupportedCodes.has(codeOf(error) ?? '');
}
