import { existsSync, statSync } from 'node:fs';
import type { EntryProgress } from './entry-progress.js';

/** True where an earlier daemon was killed between the end of the file and its word of it. */
export function isWholeOnDisk({ outputPath, sizeBytes, doneBytes }: EntryProgress): boolean {
  if (outputPath === '' || sizeBytes === undefined || doneBytes === 0 || existsSync(`${outputPath}.part`)) return false;
  return statSync(outputPath, { throwIfNoEntry: false })?.size === sizeBytes;
}
