import { usageError } from './usage-error.js';

/** A path that was given; an empty word is a slip, as of a variable that is not set. */
export function nonEmptyPath(flag: string, path: string | undefined): string | undefined {
  if (path === '') throw usageError(`${flag} takes a path, not an empty word`);
  return path;
}
