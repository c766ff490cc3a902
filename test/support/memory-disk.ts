import { constants } from 'node:fs';
import path from 'node:path';
import type { Disk, FileFacts } from '../../src/store/disk.js';
import { systemError } from './faulty-disk.js';
import type { Random } from './random.js';

/** Thrown by every operation from the one at which the run is cut off. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** One change of a file that was made since its last sync. */
type Change = { readonly offset: number; readonly bytes: Uint8Array } | { readonly sizeBytes: number };

/** A file: what programs see of it, what is on the platter, and the changes in between, in order. */
interface Inode {
  readonly number: number;
  seen: Uint8Array;
  stored: Uint8Array;
  changes: Change[];
}

type NameChange =
  | { readonly kind: 'put'; readonly at: string; readonly inode: Inode }
  | { readonly kind: 'take'; readonly at: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string; readonly inode: Inode };

/**
 * A disk in memory that tells what programs see from what a power loss leaves. Bytes are stored for sure by a sync of
 * their file, names by a sync of their folder; what came after may be there in part and in any order, torn at sectors.
 * A sync that fails drops what it should have stored, and still shows it: as Linux does.
 */
export class MemoryDisk implements Disk {
  /** Operations that change something or sync, so far. */
  steps = 0;
  /** The step at which the run is cut off; a write is then done in part. */
  crashAtStep = Infinity;
  /** The data sync (counted from 1, over all files) that fails with EIO. */
  failDataSync = 0;
  #dataSyncs = 0;
  #names = new Map<string, Inode>();
  #storedNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  readonly #open = new Map<number, Inode>();
  #nextFd = 10;
  #nextInode = 1;
  readonly #random: Random;

  /** @param random Decides what a power loss and a torn write leave. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** The same disk for the next process: all that was seen is there. */
  afterKill(): MemoryDisk {
    return this.#successor((inode) => inode, this.#names, this.#storedNames, this.#nameChanges);
  }

  /** The disk after the power was gone: what was synced, and some of the rest. */
  afterPowerLoss(): MemoryDisk {
    const copies = new Map<Inode, Inode>();
    const names = new Map(this.#storedNames);
    const inOrder = this.#random.next() < 0.5;
    const share = this.#random.next();
    for (const change of this.#nameChanges) {
      const kept = this.#random.next() < share;
      if (!kept && inOrder) break;
      if (kept) applyName(names, change);
    }
    const survive = (inode: Inode): Inode => {
      let copy = copies.get(inode);
      if (copy === undefined) {
        const bytes = this.#survivingBytes(inode);
        copy = { number: inode.number, seen: bytes, stored: bytes.slice(), changes: [] };
        copies.set(inode, copy);
      }
      return copy;
    };
    return this.#successor(survive, names, names, []);
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  bytes(at: string): Uint8Array | undefined {
    return this.#names.get(at)?.seen.slice();
  }

  open(at: string, flags: number): number {
    let inode = this.#names.get(at);
    const creates = (flags & constants.O_CREAT) !== 0;
    if (inode === undefined && !creates) throw systemError('ENOENT', 'open');
    if (inode !== undefined && creates && (flags & constants.O_EXCL) !== 0) throw systemError('EEXIST', 'open');
    if (inode === undefined) {
      this.#step();
      inode = { number: this.#nextInode, seen: new Uint8Array(0), stored: new Uint8Array(0), changes: [] };
      this.#nextInode += 1;
      this.#changeName({ kind: 'put', at, inode });
    } else if ((flags & constants.O_TRUNC) !== 0) {
      this.#step();
      change(inode, { sizeBytes: 0 });
    }
    const fd = this.#nextFd;
    this.#nextFd += 1;
    this.#open.set(fd, inode);
    return fd;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw systemError('EBADF', 'close');
  }

  read(fd: number, target: Uint8Array, from: number, bytes: number, offset: number): number {
    const found = this.#file(fd).seen.subarray(offset, offset + bytes);
    target.set(found, from);
    return found.length;
  }

  write(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): number {
    const inode = this.#file(fd);
    const data = source.slice(from, from + bytes);
    this.#step(() => {
      const torn = data.subarray(0, Math.floor(this.#random.next() * (data.length + 1)));
      if (torn.length > 0) change(inode, { offset, bytes: torn });
    });
    change(inode, { offset, bytes: data });
    return bytes;
  }

  truncate(fd: number, sizeBytes: number): void {
    this.#step();
    change(this.#file(fd), { sizeBytes });
  }

  stat(fd: number): FileFacts {
    return factsOf(this.#file(fd));
  }

  look(at: string): FileFacts | undefined {
    const inode = this.#names.get(at);
    return inode === undefined ? undefined : factsOf(inode);
  }

  checkFolderWritable(): void {
    // Every folder of this disk can be written to.
  }

  rename(from: string, to: string): void {
    this.#step();
    this.#changeName({ kind: 'move', from, to, inode: this.#entry(from) });
  }

  link(from: string, to: string): void {
    this.#step();
    if (this.#names.has(to)) throw systemError('EEXIST', 'link');
    this.#changeName({ kind: 'put', at: to, inode: this.#entry(from) });
  }

  unlink(at: string): void {
    this.#step();
    this.#entry(at);
    this.#changeName({ kind: 'take', at });
  }

  list(at: string): string[] {
    return this.names()
      .filter((name) => path.dirname(name) === at)
      .map((name) => path.basename(name));
  }

  async writeSoon(fd: number, source: Uint8Array, from: number, bytes: number, offset: number): Promise<number> {
    await Promise.resolve();
    return this.write(fd, source, from, bytes, offset);
  }

  async dataSync(fd: number): Promise<void> {
    await Promise.resolve();
    this.#dataSyncs += 1;
    this.#store(fd, this.#dataSyncs === this.failDataSync);
  }

  async sync(fd: number): Promise<void> {
    await Promise.resolve();
    this.#store(fd, false);
  }

  async syncFolder(): Promise<void> {
    await Promise.resolve();
    this.#step();
    this.#storedNames = new Map(this.#names);
    this.#nameChanges = [];
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(2 ** 40);
  }

  #store(fd: number, fails: boolean): void {
    this.#step();
    const inode = this.#file(fd);
    if (fails) {
      inode.changes = [];
      throw systemError('EIO', 'fdatasync');
    }
    inode.stored = inode.seen.slice();
    inode.changes = [];
  }

  #step(torn?: () => void): void {
    this.steps += 1;
    if (this.steps < this.crashAtStep) return;
    if (this.steps === this.crashAtStep) torn?.();
    throw new Crash(`cut off at step ${this.crashAtStep}`);
  }

  #file(fd: number): Inode {
    const inode = this.#open.get(fd);
    if (inode === undefined) throw systemError('EBADF', 'fd');
    return inode;
  }

  #entry(at: string): Inode {
    const inode = this.#names.get(at);
    if (inode === undefined) throw systemError('ENOENT', 'entry');
    return inode;
  }

  #changeName(made: NameChange): void {
    applyName(this.#names, made);
    this.#nameChanges.push(made);
  }

  /** Stored bytes, and of what changed since some, in any order, torn at 512 bytes. */
  #survivingBytes(inode: Inode): Uint8Array {
    const result: Inode = { number: 0, seen: inode.stored.slice(), stored: inode.stored, changes: [] };
    const share = this.#random.next();
    const order = inode.changes.map((made) => ({ made, at: this.#random.next() })).sort((a, b) => a.at - b.at);
    for (const { made } of order) {
      if (this.#random.next() > share) continue;
      if ('sizeBytes' in made) {
        change(result, made);
        continue;
      }
      for (let at = 0; at < made.bytes.length; at += 512) {
        if (this.#random.next() < 0.1) continue;
        change(result, { offset: made.offset + at, bytes: made.bytes.subarray(at, at + 512) });
      }
    }
    return result.seen;
  }

  #successor(
    keep: (inode: Inode) => Inode,
    names: ReadonlyMap<string, Inode>,
    storedNames: ReadonlyMap<string, Inode>,
    nameChanges: readonly NameChange[],
  ): MemoryDisk {
    const next = new MemoryDisk(this.#random);
    next.#nextInode = this.#nextInode;
    next.#names = new Map([...names].map(([at, inode]) => [at, keep(inode)]));
    next.#storedNames = new Map([...storedNames].map(([at, inode]) => [at, keep(inode)]));
    next.#nameChanges = nameChanges.map((made) => ('inode' in made ? { ...made, inode: keep(made.inode) } : made));
    return next;
  }
}

function applyName(names: Map<string, Inode>, made: NameChange): void {
  switch (made.kind) {
    case 'put':
      names.set(made.at, made.inode);
      return;
    case 'take':
      names.delete(made.at);
      return;
    case 'move':
      names.delete(made.from);
      names.set(made.to, made.inode);
  }
}

function change(inode: Inode, made: Change): void {
  const sizeBytes = 'sizeBytes' in made ? made.sizeBytes : Math.max(inode.seen.length, made.offset + made.bytes.length);
  if (sizeBytes !== inode.seen.length) {
    const resized = new Uint8Array(sizeBytes);
    resized.set(inode.seen.subarray(0, sizeBytes));
    inode.seen = resized;
  }
  if (!('sizeBytes' in made)) inode.seen.set(made.bytes, made.offset);
  inode.changes.push(made);
}

function factsOf(inode: Inode): FileFacts {
  const sizeBytes = inode.seen.length;
  return { kind: 'file', sizeBytes, allocatedBytes: sizeBytes, modifiedMs: 0, identity: `memory:${inode.number}` };
}
