import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileFacts, type FileFacts } from './file-version.js';
import { nameSegments } from './served-names.js';
import type { ServedRoot } from './served-roots.js';

/** A served file as it is on the disk now, with the name that it was asked for by. */
export interface CatalogFile extends FileFacts {
  readonly name: string;
}

/** Errors of the file system that mean "there is no such file here", not "the disk fails". */
const absentCodes: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EACCES',
  'EPERM',
  'EINVAL',
]);

/** Whether `error` says that there is no file to be had under a path. */
export function meansAbsent(error: unknown): boolean {
  return absentCodes.has((error as NodeJS.ErrnoException).code);
}

/**
 * Finds served files by name. Looks at the disk each time, so that what was added or replaced since is seen.
 *
 * Invariant: a file is handed out only if its real path is the served file's own, or lies within a served folder.
 */
export class Catalog {
  readonly roots: readonly ServedRoot[];

  constructor(roots: readonly ServedRoot[]) {
    this.roots = roots;
  }

  /** The file of that name; undefined where there is none that may be served. Rejects where the disk fails. */
  async find(name: string): Promise<CatalogFile | undefined> {
    const segments = nameSegments(name);
    const root = this.roots.find((r) => r.name === segments?.[0]);
    if (segments === undefined || root === undefined) return undefined;
    if ((root.kind === 'file') !== (segments.length === 1)) return undefined;
    try {
      const path = await realpath(join(root.path, ...segments.slice(1)));
      if (!this.#holds(root, path)) return undefined;
      const facts = fileFacts(path, await lstat(path, { bigint: true }));
      return facts === undefined ? undefined : { ...facts, name };
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw error;
    }
  }

  /** The real path of the folder of that name; undefined where there is none that may be listed. */
  async findFolder(name: string): Promise<string | undefined> {
    const segments = nameSegments(name);
    const root = this.roots.find((r) => r.name === segments?.[0]);
    if (segments === undefined || root?.kind !== 'folder') return undefined;
    try {
      const path = await realpath(join(root.path, ...segments.slice(1)));
      const inside = path === root.path || this.#holds(root, path);
      return inside && (await lstat(path)).isDirectory() ? path : undefined;
    } catch (error) {
      if (meansAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Whether the file at the real path `path` may be handed out. */
  mayServe(path: string): boolean {
    return this.roots.some((root) => this.#holds(root, path));
  }

  #holds(root: ServedRoot, path: string): boolean {
    return root.kind === 'file' ? path === root.path : path.startsWith(root.path + sep);
  }
}
