import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { diskError, quoted } from './disk-error.js';
import { codeOf, folderOf, isLinkUnsupported, openFlags, unlinkIfThere, type Disk } from './disk.js';
import { statePaths } from './output-path.js';

/**
 * Owns `OUT.part.lock`: at most one process at a time downloads to an output. The file says who holds it; one whose
 * holder is dead is taken over.
 *
 * Invariant: a lock file with one `generation` is replaced only by who holds the lock on that generation
 * (`OUT.part.lock.GENERATION`, a lock of the same kind), and only while it still has that generation. So of any number
 * of takers of a stale lock exactly one gets it, and none ever takes the fresh lock of another away.
 */
export interface OutputLock {
  readonly path: string;
  /** Takes the lock off the disk where it is still this one; may be called again. */
  release(): void;
}

/** What a lock file says. */
interface Holder {
  readonly generation: string;
  readonly pid: number;
  /** Which thread of it. */
  readonly thread: number | undefined;
  /** When the process started, in the system's own count; undefined where it cannot be known. */
  readonly processStart: string | undefined;
  /** Which start of the machine; undefined where it cannot be known. */
  readonly boot: string | undefined;
  readonly host: string;
  readonly sinceMs: number;
}

/** Threads of this process that ended without giving back what they held. */
const endedThreads = new Set<number>();

/** A lock file is a line; anything longer is not one. */
const lockBytesMax = 4096;
/** A file without content younger than this is being written right now, on a disk without hard links. */
const writingMsMax = 10_000;
/** Each round without a decision means that another process was at work: so many in a row do not happen by chance. */
const roundsMax = 100;

/** Threads of this process that are gone, which nothing on the disk tells: what they have locked is free from now on. */
export function forgetThreads(threads: Iterable<number>): void {
  for (const thread of threads) endedThreads.add(thread);
}

/**
 * @param outputPath The final name of the download.
 * @throws ManygetError `output-in-use` naming the holder; `disk-full` or `io-failed`.
 */
export function lockOutput(disk: Disk, outputPath: string): OutputLock {
  const { lock } = statePaths(outputPath);
  const mine = describeSelf();
  take(disk, lock, mine, outputPath);
  let held = true;
  return {
    path: lock,
    release() {
      if (!held) return;
      held = false;
      try {
        if (read(disk, lock)?.generation !== mine.generation) return;
        removeLeftovers(disk, lock);
        unlinkIfThere(disk, lock);
      } catch (error) {
        throw diskError(error, `remove ${quoted(lock)}`);
      }
    },
  };
}

/**
 * Drafts and guards of processes that died while they took the lock. Only for who holds it: a guard decides nothing
 * while the lock has another generation.
 */
function removeLeftovers(disk: Disk, lock: string): void {
  const folder = folderOf(lock);
  const prefix = `${path.basename(lock)}.`;
  for (const name of disk.list(folder)) {
    if (!name.startsWith(prefix) || !/^[0-9a-f.]+$/.test(name.slice(prefix.length))) continue;
    const leftover = path.join(folder, name);
    const holder = read(disk, leftover);
    if (holder !== undefined && !isHeld(holder)) unlinkIfThere(disk, leftover);
  }
}

function take(disk: Disk, lock: string, mine: Holder, outputPath: string): void {
  for (let round = 0; round < roundsMax; round += 1) {
    let stale: Holder | undefined;
    try {
      if (createNew(disk, lock, mine)) return;
      stale = read(disk, lock);
    } catch (error) {
      throw diskError(error, `lock ${quoted(lock)}`);
    }
    if (stale === undefined) continue; // Released between the two looks.
    if (isHeld(stale)) throw inUse(stale, outputPath, lock);
    if (takeOver(disk, lock, mine, stale, outputPath)) return;
  }
  throw new ManygetError('output-in-use', `${quoted(lock)} changed hands ${roundsMax} times while it was asked for`);
}

/** False where the stale lock was replaced or removed by another taker meanwhile. */
function takeOver(disk: Disk, lock: string, mine: Holder, stale: Holder, outputPath: string): boolean {
  const guard = `${lock}.${stale.generation}`;
  const guardMine = { ...mine, generation: newGeneration() };
  take(disk, guard, guardMine, outputPath);
  try {
    if (read(disk, lock)?.generation !== stale.generation) return false;
    replace(disk, lock, mine);
    return true;
  } catch (error) {
    throw diskError(error, `take over ${quoted(lock)}`);
  } finally {
    unlinkIfThere(disk, guard);
  }
}

/** False where `lock` exists. With hard links the file appears with its content, in one step. */
function createNew(disk: Disk, lock: string, mine: Holder): boolean {
  const draft = writeDraft(disk, lock, mine);
  try {
    disk.link(draft, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!isLinkUnsupported(error)) throw error;
  } finally {
    disk.unlink(draft);
  }
  try {
    writeNew(disk, lock, mine);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function replace(disk: Disk, lock: string, mine: Holder): void {
  const draft = writeDraft(disk, lock, mine);
  try {
    disk.rename(draft, lock);
  } catch (error) {
    unlinkIfThere(disk, draft);
    throw error;
  }
}

function writeDraft(disk: Disk, lock: string, mine: Holder): string {
  const draft = `${lock}.${newGeneration()}`;
  writeNew(disk, draft, mine);
  return draft;
}

function writeNew(disk: Disk, at: string, mine: Holder): void {
  const fd = disk.open(at, openFlags.createNew);
  try {
    const bytes = Buffer.from(`${JSON.stringify(mine)}\n`);
    const written = disk.write(fd, bytes, 0, bytes.length, 0);
    if (written !== bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`);
  } catch (error) {
    unlinkIfThere(disk, at);
    throw error;
  } finally {
    disk.close(fd);
  }
}

/** Undefined where there is none. A file that says nothing readable has a generation of its content, and no holder. */
function read(disk: Disk, lock: string): Holder | undefined {
  let fd: number;
  try {
    fd = disk.open(lock, openFlags.read);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(lockBytesMax);
    const text = bytes.toString('utf8', 0, disk.read(fd, bytes, 0, bytes.length, 0));
    const facts = disk.stat(fd);
    return parseHolder(text) ?? unreadableHolder(facts.modifiedMs);
  } finally {
    disk.close(fd);
  }
}

function parseHolder(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // Torn or foreign: the caller judges it by its age.
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { generation, pid, thread, processStart, boot, host, sinceMs } = value as Record<string, unknown>;
  if (typeof generation !== 'string' || !/^[0-9a-f]{16}$/.test(generation)) return undefined;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
  if (typeof host !== 'string' || typeof sinceMs !== 'number' || !(Math.abs(sinceMs) <= 8.64e15)) return undefined;
  return {
    generation,
    pid,
    thread: typeof thread === 'number' ? thread : undefined,
    processStart: typeof processStart === 'string' ? processStart : undefined,
    boot: typeof boot === 'string' ? boot : undefined,
    host,
    sinceMs,
  };
}

function unreadableHolder(modifiedMs: number): Holder {
  const generation = Math.floor(modifiedMs).toString(16).padStart(16, '0').slice(-16);
  return {
    generation,
    pid: 0,
    thread: undefined,
    processStart: undefined,
    boot: undefined,
    host: '',
    sinceMs: modifiedMs,
  };
}

/** Whether the process that wrote the lock may still be at work. In doubt, it is. */
function isHeld(holder: Holder): boolean {
  if (holder.pid === 0) return Math.abs(Date.now() - holder.sinceMs) < writingMsMax;
  if (holder.host !== os.hostname()) return true;
  const boot = bootId();
  if (holder.boot !== undefined && boot !== undefined && holder.boot !== boot) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    // EPERM: it is there, and another user's.
  }
  const { gone, start } = processFacts(holder.pid);
  if (gone) return false;
  if (start !== undefined && holder.processStart !== undefined && start !== holder.processStart) return false;
  return holder.pid !== process.pid || holder.thread === undefined || !endedThreads.has(holder.thread);
}

function inUse(holder: Holder, outputPath: string, lock: string): ManygetError {
  const since = new Date(holder.sinceMs).toISOString();
  if (holder.pid === 0) {
    return new ManygetError('output-in-use', `${quoted(outputPath)} is being locked by another process right now`);
  }
  const elsewhere =
    holder.host === os.hostname()
      ? ''
      : ` on host ${printable(holder.host, 100)} (delete ${quoted(lock)} if it no longer runs there)`;
  return new ManygetError(
    'output-in-use',
    `${quoted(outputPath)} is being downloaded by process ${holder.pid}${elsewhere} since ${since}`,
  );
}

function describeSelf(): Holder {
  return {
    generation: newGeneration(),
    pid: process.pid,
    thread: threadId,
    processStart: processFacts(process.pid).start,
    boot: bootId(),
    host: os.hostname(),
    sinceMs: Date.now(),
  };
}

function newGeneration(): string {
  return randomBytes(8).toString('hex');
}

/**
 * Whether a process is gone, and when it started. Linux: field 22 of /proc/PID/stat, clock ticks since the boot; a
 * zombie counts as gone. Elsewhere nothing is known of the start.
 */
function processFacts(pid: number): { readonly gone: boolean; readonly start: string | undefined } {
  if (process.platform !== 'linux') return { gone: false, start: undefined };
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    // With /proc mounted: gone since it was asked for. Anything else says nothing.
    return { gone: codeOf(error) === 'ENOENT' && fs.existsSync('/proc/self/stat'), start: undefined };
  }
  // The name, in brackets, may hold spaces and brackets itself: count from the last one on. Field 3 is the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { gone: fields[0] === 'Z' || fields[0] === 'X', start: fields[22 - 3] };
}

function bootId(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return undefined; // Without /proc the process id and its start time decide alone.
  }
}
