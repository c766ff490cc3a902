import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { nameSegments } from './served-names.js';

/** Something that an operator offers: a file under its name, or all files of a folder under `name/…`. */
export interface ServedRoot {
  readonly name: string;
  /** Real path, fixed when the fleet starts: a link that is turned elsewhere later is not followed. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

/** Why a path is of no use, by the system's code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its links lead in a circle',
};

/**
 * Looks up what `paths` name.
 * @throws ManygetError `nothing-to-serve` where a path is missing, unreadable or special; `usage` where two have one name.
 */
export async function resolveRoots(paths: readonly string[]): Promise<ServedRoot[]> {
  if (paths.length === 0) throw new ManygetError('nothing-to-serve', 'expected at least one file or folder to serve');
  const roots: ServedRoot[] = [];
  const givenAs = new Map<string, string>();
  for (const path of paths) {
    const root = await resolveRoot(path);
    const other = givenAs.get(root.name);
    if (other !== undefined) {
      throw new ManygetError(
        'usage',
        `expected different names, received ${printable(other)} and ${printable(path)}, which would both be served as "${printable(root.name)}"`,
      );
    }
    givenAs.set(root.name, path);
    roots.push(root);
  }
  return roots;
}

async function resolveRoot(path: string): Promise<ServedRoot> {
  const name = basename(resolve(path));
  if (nameSegments(name) === undefined) {
    throw new ManygetError('usage', `expected a file or folder with a name of its own, received "${printable(path)}"`);
  }
  try {
    const real = await realpath(path);
    const stats = await stat(real);
    if (stats.isFile()) {
      await access(real, constants.R_OK);
      return { name, path: real, kind: 'file' };
    }
    if (stats.isDirectory()) {
      await access(real, constants.R_OK | constants.X_OK);
      return { name, path: real, kind: 'folder' };
    }
  } catch (cause) {
    const why = reasons[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message;
    throw new ManygetError('nothing-to-serve', `cannot serve ${printable(path)}: ${why}`, { cause });
  }
  throw new ManygetError('nothing-to-serve', `cannot serve ${printable(path)}: it is neither a file nor a folder`);
}
