import { ManygetError } from '../base/errors.js';
import { diskError, quoted } from '../store/disk-error.js';
import { openFlags, realDisk, unlinkIfThere } from '../store/disk.js';
import { decideOutputPath, statePaths } from '../store/output-path.js';
import { PartFile } from '../store/part-file.js';

/** @throws ManygetError as `writeNewFile`, as far as can be told before. */
export function checkNewFile(path: string, options: { readonly overwrite: boolean }): void {
  decideOutputPath(realDisk, { output: path, name: path, overwrite: options.overwrite });
}

/**
 * Writes a small file, whole or not at all.
 * @throws ManygetError `output-exists`, `output-folder-missing`, `output-not-writable`, `disk-full` or `io-failed`.
 */
export async function writeNewFile(
  path: string,
  text: string,
  options: { readonly overwrite: boolean },
): Promise<void> {
  const output = decideOutputPath(realDisk, { output: path, name: path, overwrite: options.overwrite });
  const { part: partPath } = statePaths(output);
  const bytes = Buffer.from(text);
  try {
    realDisk.close(realDisk.open(partPath, openFlags.createNew));
  } catch (error) {
    const why = diskError(error, `create ${quoted(partPath)}`);
    throw realDisk.look(partPath) === undefined
      ? why
      : new ManygetError('output-in-use', `${quoted(partPath)} is there: a download to ${quoted(output)} has begun`);
  }
  const part = PartFile.open(realDisk, partPath, bytes.length, { fresh: true });
  try {
    part.write(bytes, 0, bytes.length, 0);
    await part.finish(output, options);
  } catch (error) {
    unlinkIfThere(realDisk, partPath);
    throw error;
  } finally {
    part.close();
  }
}
