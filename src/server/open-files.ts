import { close, constants, fstat, open, type BigIntStats } from 'node:fs';
import { readlink, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Catalog, CatalogFile } from './catalog.js';
import { meansAbsent } from './catalog.js';
import { fileVersion } from './file-version.js';

const openFile = promisify(open);
const closeFile = promisify(close);
const statOpen = promisify(fstat) as unknown as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

/** Absent on Windows, where they are not needed: no FIFOs to block on, and links are caught by the path check. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** How old a look at an open file may get while it is being sent. */
const checkAgeMs = 100;

/** Where the kernel shows which path a descriptor really led to. */
const descriptorFolder = process.platform === 'linux' ? '/proc/self/fd' : undefined;

/**
 * One version of a file, open for reading and shared by all connections of a server that send it.
 *
 * Invariant: `stale` only ever turns true, and then for good: the bytes behind `fd` are no longer those of `version`.
 */
export class OpenFile {
  readonly fd: number;
  readonly name: string;
  readonly path: string;
  readonly version: string;
  readonly size: number;
  stale = false;
  /** Holders; the owner of this number is {@link OpenFiles}. */
  users = 0;
  #checkedAtMs = 0;
  #checking = false;

  constructor(fd: number, file: CatalogFile) {
    this.fd = fd;
    this.name = file.name;
    this.path = file.path;
    this.version = file.version;
    this.size = file.size;
  }

  /** Looks at the file again, in the background, where the last look is too old. */
  checkIfDue(nowMs: number): void {
    if (this.#checking || nowMs - this.#checkedAtMs < checkAgeMs) return;
    this.#checking = true;
    this.#checkedAtMs = nowMs;
    this.check(() => (this.#checking = false));
  }

  /** Looks at the file now; `stale` is up to date when `then` runs. */
  check(then: () => void): void {
    fstat(this.fd, { bigint: true }, (error, stats) => {
      if (error !== null || fileVersion(stats) !== this.version) this.stale = true;
      then();
    });
  }
}

/** The files that a server has open: each version once, closed with its last user. */
export class OpenFiles {
  readonly #catalog: Catalog;
  readonly #open = new Map<string, Promise<OpenFile | undefined>>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Number of files open now. */
  get size(): number {
    return this.#open.size;
  }

  /** `file` opened; undefined where it is no longer that version. The caller owes a `release`. */
  async acquire(file: CatalogFile): Promise<OpenFile | undefined> {
    const key = `${file.version} ${file.path}`;
    for (;;) {
      let opening = this.#open.get(key);
      if (opening === undefined) {
        opening = this.#openChecked(file);
        this.#open.set(key, opening);
        opening.then(
          (opened) => opened === undefined && this.#open.delete(key),
          () => this.#open.delete(key),
        );
      }
      const opened = await opening;
      // Closed by its last user while this waited: open it anew.
      if (opened !== undefined && this.#open.get(key) !== opening) continue;
      if (opened !== undefined) opened.users += 1;
      return opened;
    }
  }

  /** One more use of a file that the caller has. Owes a `release`, too. */
  share(file: OpenFile): void {
    file.users += 1;
  }

  release(file: OpenFile): void {
    file.users -= 1;
    if (file.users > 0) return;
    this.#open.delete(`${file.version} ${file.path}`);
    close(file.fd, () => {
      // Nothing was written through it, so a failure to close loses nothing.
    });
  }

  async #openChecked(file: CatalogFile): Promise<OpenFile | undefined> {
    let fd: number;
    try {
      fd = await openFile(file.path, flags);
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw error;
    }
    try {
      const stats = await statOpen(fd, { bigint: true });
      const same =
        stats.isFile() && fileVersion(stats) === file.version && (await this.#ledWhereExpected(fd, file.path));
      if (same) return new OpenFile(fd, file);
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
    await closeFile(fd);
    return undefined;
  }

  /** Whether a link that was put in the way between the look-up and the opening led out of what is served. */
  async #ledWhereExpected(fd: number, path: string): Promise<boolean> {
    try {
      const real = descriptorFolder === undefined ? await realpath(path) : await readlink(`${descriptorFolder}/${fd}`);
      return real === path && this.#catalog.mayServe(real);
    } catch (error) {
      if (!meansAbsent(error)) throw error;
      return descriptorFolder !== undefined && (await realpath(path).catch(() => undefined)) === path;
    }
  }
}
