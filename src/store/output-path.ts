import { createHash } from 'node:crypto';
import path from 'node:path';
import { ManygetError } from '../base/errors.js';
import { diskError, quoted } from './disk-error.js';
import { codeOf, folderOf, type Disk } from './disk.js';

/** Decides where a download goes: the final name, and the names of what stands beside it meanwhile. Creates nothing. */
interface OutputRequest {
  /** What the user asked for: a file, or a folder that exists. Default: the file's own name, in the current folder. */
  readonly output?: string | undefined;
  /** The file's name as its source states it: not to be trusted. */
  readonly name: string;
  readonly overwrite: boolean;
}

/** Longest name of one entry on every common file system. */
const nameBytesMax = 255;
const fallbackName = 'download';

/**
 * The absolute path of the finished file.
 * @throws ManygetError `output-folder-missing`, `output-not-writable`, `output-exists`, or `io-failed`.
 */
export function decideOutputPath(disk: Disk, request: OutputRequest): string {
  const outputPath = findPath(disk, request);
  const folder = folderOf(outputPath);
  const folderFacts = look(disk, folder);
  if (folderFacts === undefined) {
    throw new ManygetError('output-folder-missing', `the folder ${quoted(folder)} for the output does not exist`);
  }
  if (folderFacts.kind !== 'folder') {
    throw new ManygetError('output-folder-missing', `${quoted(folder)} is not a folder, expected one for the output`);
  }
  try {
    disk.checkFolderWritable(folder);
  } catch (cause) {
    const why = codeOf(cause) === 'EROFS' ? 'its file system is read-only' : 'permission denied';
    throw new ManygetError('output-not-writable', `the folder ${quoted(folder)} cannot be written to: ${why}`, {
      cause,
    });
  }
  checkFree(disk, outputPath, request.overwrite);
  return outputPath;
}

/** Names that stand beside an unfinished file. */
export interface StatePaths {
  readonly part: string;
  readonly journal: string;
  readonly lock: string;
}

/** Room for what is put behind the output's name: ".part.journal.new", ".part.lock" and up to three generations of 16 characters. */
const suffixBytesMax = 64;

/** `OUT.part`, `OUT.part.journal` and `OUT.part.lock`; a name too long for that is cut, and told apart by a hash. */
export function statePaths(outputPath: string): StatePaths {
  const base = path.basename(outputPath);
  let stem = base;
  if (Buffer.byteLength(base) > nameBytesMax - suffixBytesMax) {
    const hash = createHash('sha256').update(base).digest('hex').slice(0, 16);
    stem = `${cutToBytes(base, nameBytesMax - suffixBytesMax - 17)}~${hash}`;
  }
  const part = path.join(path.dirname(outputPath), `${stem}.part`);
  return { part, journal: `${part}.journal`, lock: `${part}.lock` };
}

/** True where the output has the file's own name, in the current folder or in the one that was asked for. */
export function takesOwnName(disk: Disk, output: string | undefined): boolean {
  if (output === undefined || output === '') return true;
  const namesFolder = /[/\\]$/.test(output) && (output.endsWith('/') || path.sep === '\\');
  return namesFolder || look(disk, output)?.kind === 'folder';
}

function findPath(disk: Disk, request: OutputRequest): string {
  const { output } = request;
  if (!takesOwnName(disk, output)) return absolute(output ?? '');
  return absolute(output ?? '', safeFileName(request.name));
}

function absolute(...parts: readonly string[]): string {
  try {
    return path.resolve(...parts);
  } catch (cause) {
    throw new ManygetError('output-folder-missing', 'the folder that this runs in does not exist any more', { cause });
  }
}

function checkFree(disk: Disk, outputPath: string, overwrite: boolean): void {
  const there = lookAtEntry(disk, outputPath);
  if (there === undefined) return;
  if (there.kind === 'folder') {
    throw new ManygetError(
      'output-not-writable',
      `${quoted(outputPath)} is a folder, expected a file name for the output`,
    );
  }
  if (look(disk, outputPath)?.kind === 'other') {
    throw new ManygetError('output-not-writable', `${quoted(outputPath)} is not a regular file and is never replaced`);
  }
  if (overwrite) return;
  throw new ManygetError('output-exists', `${quoted(outputPath)} exists and is not replaced without --overwrite`);
}

function look(disk: Disk, at: string): ReturnType<Disk['look']> {
  return askDisk(at, () => disk.look(at, { follow: true }));
}

/** Of the entry itself: a dangling link is something that is there. */
function lookAtEntry(disk: Disk, at: string): ReturnType<Disk['look']> {
  return askDisk(at, () => disk.look(at));
}

function askDisk<T>(at: string, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    // A file where a folder is expected on the way: the entry cannot be there.
    if (codeOf(error) === 'ENOTDIR') return undefined;
    if (codeOf(error) === 'EACCES') {
      throw new ManygetError('output-not-writable', `${quoted(at)} cannot be looked at: permission denied`, {
        cause: error,
      });
    }
    if (codeOf(error) === 'ENAMETOOLONG') {
      const text = `${quoted(at)} has a name that is too long for the file system, which takes 255 bytes as a rule`;
      throw new ManygetError('output-not-writable', text, { cause: error });
    }
    throw diskError(error, `look at ${quoted(at)}`);
  }
}

// eslint-disable-next-line no-control-regex -- these are the very characters that a name must not hold
const neverInName = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
const notOnWindows = /[<>:"|?*]/g;
const windowsDevice =
  /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$|clock\$)(?=\.|$)/i;

/**
 * One harmless file name from what a source calls the file: its last part, without control and direction characters,
 * trailing dots and spaces, and Windows' device names; a leading "." or "-" becomes "_", so that nothing hidden and
 * nothing like an option comes from outside. At most 255 bytes, the extension kept. Never empty.
 */
export function safeFileName(name: string, platform: NodeJS.Platform = process.platform): string {
  const parts = name.split(/[/\\]/).filter((part) => part !== '' && part !== '.' && part !== '..');
  const last = (parts.at(-1) ?? '').replace(/\p{Surrogate}/gu, '_');
  let safe = last.replace(neverInName, '_');
  if (platform === 'win32') safe = safe.replace(notOnWindows, '_');
  safe = trimName(safe).replace(/^[.-]/, '_');
  if (windowsDevice.test(safe)) safe = `_${safe}`;
  return safe === '' || /^_+$/.test(safe) ? fallbackName : cutName(safe);
}

function trimName(name: string): string {
  return name.replace(/^ +|[. ]+$/g, '');
}

function cutName(name: string): string {
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const extension = path.extname(name);
  if (Buffer.byteLength(extension) > 32) return trimName(cutToBytes(name, nameBytesMax));
  return trimName(cutToBytes(name, nameBytesMax - Buffer.byteLength(extension))) + extension;
}

/** The longest beginning of `text` that takes at most `bytesMax` bytes and cuts no character in two. */
export function cutToBytes(text: string, bytesMax: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
}
