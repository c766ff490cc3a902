import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListAnswer } from '../wire/mgp-messages.js';
import { mgpLimits } from '../wire/mgp-limits.js';
import { meansAbsent, type Catalog } from './catalog.js';
import { listFolder, type FolderListing } from './catalog-folder.js';
import { fileFacts } from './file-version.js';
import { compareNames, nameSegments } from './served-names.js';

/**
 * Pages through what a catalog serves, in the order of names. Work is bounded: memory by a page, whatever a folder
 * holds; folders are entered only where the page may need them; symbolic links to folders are not entered.
 */

/** A page's names and JSON stay well below the limit of a frame. */
const pageBytesMax = mgpLimits.controlBytesMax / 2;
const entryOverheadBytes = 80;

/** An entry of a folder. `key` is its full name, with "/" behind it where it is a folder, so that keys sort as files do. */
interface Entry {
  readonly key: string;
  readonly path: string;
  readonly kind: 'file' | 'link' | 'folder';
}

/** The page of files behind the name `after` (from the first one where undefined). Stops early once `stopped()`. */
export async function listPage(
  catalog: Catalog,
  after: string | undefined,
  stopped: () => boolean,
  entriesMax: number = mgpLimits.listEntriesMax,
): Promise<ListAnswer> {
  const files: ListAnswer['files'] = [];
  let bytes = 0;
  for await (const entry of served(catalog, after ?? '')) {
    if (stopped()) break;
    const facts = entry.kind === 'link' ? await catalog.find(entry.key) : await plainFile(entry.path);
    if (facts === undefined) continue;
    bytes += Buffer.byteLength(entry.key) + entryOverheadBytes;
    if (files.length === entriesMax || bytes > pageBytesMax) return { files, more: true };
    files.push({ name: entry.key, size: facts.size, mtimeMs: facts.mtimeMs });
  }
  return { files, more: false };
}

async function* served(catalog: Catalog, after: string): AsyncGenerator<Entry> {
  const roots = catalog.roots.map((r): Entry => ({
    key: r.kind === 'folder' ? `${r.name}/` : r.name,
    path: r.path,
    kind: r.kind,
  }));
  for (const root of roots.sort((a, b) => compareNames(a.key, b.key))) {
    if (root.kind === 'folder') yield* within(root, after);
    else if (compareNames(root.key, after) > 0) yield root;
  }
}

/** Files in `folder` and below whose names come behind `after`. */
async function* within(folder: Entry, after: string): AsyncGenerator<Entry> {
  if (!mayHold(folder.key, after)) return;
  let from = after;
  for (;;) {
    const { entries, cut } = await firstEntries(folder, from);
    for (const entry of entries) {
      if (entry.kind === 'folder') yield* within(entry, after);
      else yield entry;
    }
    const last = entries.at(-1);
    if (!cut || last === undefined) return;
    from = last.kind === 'folder' ? behindFolder(last.key) : last.key;
  }
}

/** The first entries of a folder that are, or may hold, names behind `after`; `cut` where there are more of them. */
async function firstEntries(folder: Entry, after: string): Promise<{ entries: Entry[]; cut: boolean }> {
  const entriesMax = mgpLimits.listEntriesMax;
  let entries: Entry[] = [];
  let cut = false;
  const keepFirst = (): void => {
    entries.sort((a, b) => compareNames(a.key, b.key));
    if (entries.length > entriesMax) {
      entries = entries.slice(0, entriesMax);
      cut = true;
    }
  };
  try {
    for await (const found of await opendir(folder.path)) {
      const kind = found.isDirectory()
        ? 'folder'
        : found.isFile()
          ? 'file'
          : found.isSymbolicLink()
            ? 'link'
            : undefined;
      if (kind === undefined) continue;
      const name = folder.key + found.name;
      if (nameSegments(name) === undefined) continue;
      const entry: Entry = { key: kind === 'folder' ? `${name}/` : name, path: join(folder.path, found.name), kind };
      if (kind === 'folder' ? !mayHold(entry.key, after) : compareNames(entry.key, after) <= 0) continue;
      entries.push(entry);
      if (entries.length >= 4 * entriesMax) keepFirst();
    }
  } catch (error) {
    // A folder that went away, or that we may not read, has nothing to list; the others still have.
    if (!meansAbsent(error)) throw error;
  }
  keepFirst();
  return { entries, cut };
}

/** Whether names below the folder `key` ("a/b/") can come behind `after`. */
function mayHold(key: string, after: string): boolean {
  return compareNames(key, after) > 0 || after.startsWith(key);
}

/** A string behind all names below the folder `key`. */
function behindFolder(key: string): string {
  return `${key.slice(0, -1)}0`; // "0" is the character behind "/"
}

async function plainFile(path: string): ReturnType<Catalog['find']> {
  try {
    const facts = fileFacts(path, await lstat(path, { bigint: true }));
    return facts === undefined ? undefined : { ...facts, name: '' };
  } catch (error) {
    if (meansAbsent(error)) return undefined;
    throw error;
  }
}

/** Makes one page at a time, so that many clients that list large folders cost the memory of one. */
export class FolderLister {
  readonly #catalog: Catalog;
  #last: Promise<unknown> = Promise.resolve();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Files in all of what is served. */
  page(after: string | undefined, stopped: () => boolean): Promise<ListAnswer> {
    return this.#inTurn(() => listPage(this.#catalog, after, stopped));
  }

  /** What one folder holds; undefined where there is no such folder. */
  folder(name: string, after: string): Promise<FolderListing | undefined> {
    return this.#inTurn(() => listFolder(this.#catalog, name, after));
  }

  #inTurn<T>(make: () => Promise<T>): Promise<T> {
    const made = this.#last.then(make);
    this.#last = made.catch(() => undefined); // The one who asked gets the error; the next one in line does not.
    return made;
  }
}
