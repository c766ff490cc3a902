/** What the served folders hold, for the operator: counted once, when the fleet starts. Clients see what is there when they ask. */
import type { ServedFolderSnapshot } from '../base/snapshot.js';
import type { ListAnswer } from '../wire/mgp-messages.js';
import { listPage } from './catalog-list.js';
import { Catalog } from './catalog.js';
import type { ServedRoot } from './served-roots.js';

/**
 * Counts the files of each folder of `roots`, as far as a page of a list goes; stops early once `stopped()`. Never rejects:
 * of a folder that cannot be read `onFault` is told, and nothing is counted.
 */
export async function offeredFolders(
  roots: readonly ServedRoot[],
  stopped: () => boolean,
  onFault: (name: string, error: unknown) => void,
): Promise<ServedFolderSnapshot[]> {
  const folders: ServedFolderSnapshot[] = [];
  for (const root of roots) {
    if (root.kind !== 'folder') continue;
    try {
      folders.push(counted(root.name, await listPage(new Catalog([root]), undefined, stopped)));
    } catch (error) {
      onFault(root.name, error);
      folders.push(counted(root.name, { files: [], more: true }));
    }
  }
  return folders;
}

function counted(name: string, { files, more }: ListAnswer): ServedFolderSnapshot {
  return {
    name,
    fileCount: files.length,
    sizeBytes: files.reduce((sum, file) => sum + file.size, 0),
    hasMore: more,
    firstFile: files[0]?.name,
  };
}
