import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes the folder at `path`, and those on the way to it, where they are not there yet. Node's own `recursive` never
 * returns where the system says of a folder in one that is there that there is no such path: so do procfs and automounters.
 * @param mode Of those that are made. Default 0o777, less what the process takes away.
 * @throws what the file system says.
 */
export function makeFolder(path: string, mode?: number): void {
  const whole = resolve(path);
  try {
    mkdirSync(whole, { mode });
  } catch (error) {
    if (isFolder(whole)) return;
    const above = dirname(whole);
    const isWayMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && above !== whole && !isFolder(above);
    if (!isWayMissing) throw error;
    makeFolder(above, mode);
    makeFolder(whole, mode); // Somebody else may have made it meanwhile.
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // It may be there and hidden: making it is what says why it cannot be used.
  }
}
