/** What a fleet offers, in a few words. */
import { printable } from '../../base/printable.js';
import type { FleetSnapshot } from '../../base/snapshot.js';
import { formatBytes } from '../../base/units.js';
import { counted } from '../figures.js';

interface Offered {
  /** "video.mp4", "films/", "3 files", "more than 1000 files". */
  readonly what: string;
  readonly size: string;
  /** Names of some files to fetch: those given by name, and the first one of each folder. */
  readonly names: readonly string[];
  /** Files besides `names`, as far as they are counted. */
  readonly othersCount: number;
}

export function offered({ files, folders }: FleetSnapshot): Offered {
  // Files in folders are in the snapshot once somebody has asked for them; they are counted with their folder.
  const given = files.filter((file) => !folders.some((folder) => file.name.startsWith(`${folder.name}/`)));
  const count = folders.reduce((sum, folder) => sum + folder.fileCount, given.length);
  const sizeBytes = [...given, ...folders].reduce((sum, each) => sum + each.sizeBytes, 0);
  const over = folders.some((folder) => folder.hasMore) ? 'more than ' : '';
  const [onlyFile, onlyFolder] = [given[0], folders[0]];
  const names = [...given.map((file) => file.name), ...folders.flatMap((folder) => folder.firstFile ?? [])];
  const all = over + counted(count, 'file');
  let what = all;
  if (given.length === 1 && onlyFile !== undefined && folders.length === 0) what = printable(onlyFile.name);
  else if (folders.length === 1 && onlyFolder !== undefined && given.length === 0)
    what = `${printable(onlyFolder.name)}/, ${all}`;
  return { what, size: over + formatBytes(sizeBytes), names, othersCount: count - names.length };
}
