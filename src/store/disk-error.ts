import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { codeOf } from './disk.js';
import { messageOf } from '../base/message-of.js';

const fullCodes = new Set(['ENOSPC', 'EDQUOT']);

const meanings: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a file stands where a folder is expected',
  EISDIR: 'it is a folder',
  EBUSY: 'something else has it in use',
  EIO: 'the disk reported an error',
  EFBIG: 'the file system cannot hold a file of this size',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EMFILE: 'this process has too many files open',
  ENFILE: 'the system has too many files open',
  ENAMETOOLONG: 'the name is too long for the file system',
  ELOOP: 'it is a symbolic link, which is not followed',
};

/**
 * What the disk said as a ManygetError: `disk-full` where space or quota ran out, else `io-failed`.
 * @param what What could not be done, where: `write 4096 bytes at offset 512 of "/a/b.part"`.
 */
export function diskError(error: unknown, what: string): ManygetError {
  if (error instanceof ManygetError) return error;
  const code = codeOf(error);
  const said = messageOf(error);
  const why = code === undefined ? said : `${meanings[code] ?? said} (${code})`;
  return new ManygetError(isDiskFull(error) ? 'disk-full' : 'io-failed', `cannot ${what}: ${why}`, { cause: error });
}

function isDiskFull(error: unknown): boolean {
  return fullCodes.has(codeOf(error) ?? '');
}

/** A path for a sentence: quoted, harmless for a terminal. */
export function quoted(at: string): string {
  return `"${printable(at, 500)}"`;
}
