import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

import { ManygetError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { usageError } from '../options/usage-error.js';

/** Where `-d FOLDER` and `-o PATH` together put the file; undefined: under its own name, here. */
export async function outputPath(folder: string | undefined, output: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return output;
  if (output !== undefined && isAbsolute(output)) {
    throw usageError(`-d ${printable(folder)} does not go with an absolute -o ${printable(output)}: leave one out`);
  }
  if (!(await isFolder(folder)))
    throw new ManygetError('output-folder-missing', `there is no folder ${printable(folder)} to write to`);
  return output === undefined ? folder : join(folder, output);
}

/** Whether there is a folder at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
