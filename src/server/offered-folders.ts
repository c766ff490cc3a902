/** What the served folders hold, for the operator: counted once, when the fleet starts. Clients see what is there when they ask. */
import type { ServedFolderSnapshot } from '../base/snapshot.js';
import { listPage } from './catalog-list.js';
import { Catalog } from './catalog.js';
import type { ServedRoot } from './served-roots.js';

/** Counts the files of each folder of `roots`, as far as a page of a list goes; stops early once `stopped()`. */
export async function offeredFolders(
  roots: readonly ServedRoot[],
  stopped: () => boolean,
): Promise<ServedFolderSnapshot[]> {
  const folders: ServedFolderSnapshot[] = [];
  for (const root of roots) {
    if (root.kind !== 'folder') continue;
    const { files, more } = await listPage(new Catalog([root]), undefined, stopped);
    folders.push({
      name: root.name,
      fileCount: files.length,
      sizeBytes: files.reduce((sum, file) => sum + file.size, 0),
      hasMore: more,
      firstFile: files[0]?.name,
    });
  }
  return folders;
}
