import { opendir } from 'node:fs/promises';
import { meansAbsent, type Catalog } from './catalog.js';
import { compareNames, nameSegments } from './served-names.js';

/** What a folder holds, one page at a time, for people and their browsers. Memory is bounded by a page. */

export interface FolderEntry {
  /** Its own name, without the folder's. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Of files. */
  readonly size: number | undefined;
  readonly mtimeMs: number | undefined;
}

export interface FolderListing {
  readonly entries: readonly FolderEntry[];
  /** There are more, behind the last one. */
  readonly more: boolean;
}

export const folderEntriesMax = 1000;

/**
 * The entries of the folder `name` ("" is what is offered at all) behind the entry `after`; undefined where there is no
 * such folder. Links to folders are left out, as nothing else in this house enters them.
 */
export async function listFolder(
  catalog: Catalog,
  name: string,
  after: string,
  entriesMax: number = folderEntriesMax,
): Promise<FolderListing | undefined> {
  const names = name === '' ? rootNames(catalog, after) : await folderNames(catalog, name, after, entriesMax);
  if (names === undefined) return undefined;
  const entries: FolderEntry[] = [];
  for (const { name: own, kind } of names.slice(0, entriesMax)) {
    if (kind === 'folder') {
      entries.push({ name: own, kind, size: undefined, mtimeMs: undefined });
      continue;
    }
    const file = await catalog.find(name === '' ? own : `${name}/${own}`);
    if (file !== undefined) entries.push({ name: own, kind, size: file.size, mtimeMs: file.mtimeMs });
  }
  return { entries, more: names.length > entriesMax };
}

interface EntryName {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

function rootNames(catalog: Catalog, after: string): EntryName[] {
  const behind = catalog.roots.filter((root) => compareNames(root.name, after) > 0);
  return behind.map(({ name, kind }) => ({ name, kind })).sort(byName);
}

/** The first names of the folder behind `after`, one more than `entriesMax` where there are more. */
async function folderNames(
  catalog: Catalog,
  folder: string,
  after: string,
  entriesMax: number,
): Promise<EntryName[] | undefined> {
  const path = await catalog.findFolder(folder);
  if (path === undefined) return undefined;
  let names: EntryName[] = [];
  try {
    for await (const found of await opendir(path)) {
      if (compareNames(found.name, after) <= 0 || nameSegments(found.name) === undefined) continue;
      const kind = found.isDirectory() ? 'folder' : await fileKind(catalog, folder, found.name, found.isFile());
      if (kind === undefined) continue;
      names.push({ name: found.name, kind });
      if (names.length >= 4 * entriesMax) names = names.sort(byName).slice(0, entriesMax + 1);
    }
  } catch (error) {
    if (meansAbsent(error)) return undefined;
    throw error;
  }
  return names.sort(byName).slice(0, entriesMax + 1);
}

/** Plain files, and links to files that may be served. */
async function fileKind(catalog: Catalog, folder: string, name: string, plain: boolean): Promise<'file' | undefined> {
  if (plain) return 'file';
  return (await catalog.find(`${folder}/${name}`)) === undefined ? undefined : 'file';
}

function byName(a: EntryName, b: EntryName): number {
  return compareNames(a.name, b.name);
}
