import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { parseChecksum, type Checksum } from './checksum.js';
import { checkedName } from './safe-name.js';
import { textLines } from './text-lines.js';

/**
 * Lists of downloads as aria2 reads them: a line per file, its addresses separated by TAB, and its options in the
 * indented lines that follow (`out=`, `dir=`, `checksum=`). "#" begins a comment.
 */
export const inputFileLimits = { bytesMax: 64 * 1024 * 1024, filesMax: 100_000, urlsMax: 1000 } as const;

export interface InputFileEntry {
  /** Number of its line, from 1. */
  readonly line: number;
  readonly urls: readonly string[];
  /** File name within the folder; relative and safe. */
  readonly out: string | undefined;
  readonly dir: string | undefined;
  readonly checksums: readonly Checksum[];
}

export interface InputFile {
  readonly entries: readonly InputFileEntry[];
  /** What of it is left out, in sentences. */
  readonly notices: readonly string[];
}

interface OpenEntry {
  line: number;
  urls: string[];
  out: string | undefined;
  dir: string | undefined;
  checksums: Checksum[];
}

/**
 * @param origin What the file is, for messages: a path, or "-".
 * @throws ManygetError `manifest-malformed`, `manifest-refused` or `usage` (a checksum), naming the line.
 */
export function parseInputFile(bytes: Uint8Array, origin: string): InputFile {
  const where = `input file "${printable(origin)}"`;
  const entries: OpenEntry[] = [];
  const unknown = new Set<string>();
  textLines(bytes, where, inputFileLimits.bytesMax).forEach((content, index) => {
    if (content.trim() === '' || content.startsWith('#')) return;
    const at = `line ${index + 1} of ${where}`;
    if (/^\s/.test(content)) readOption(entries.at(-1), content.trim(), at, unknown);
    else entries.push({ ...emptyEntry, line: index + 1, urls: urlsOf(content, at), checksums: [] });
    if (entries.length > inputFileLimits.filesMax) {
      throw new ManygetError('manifest-refused', `${where} names more than ${inputFileLimits.filesMax} files`);
    }
  });
  if (entries.length === 0) throw new ManygetError('manifest-malformed', `${where} names no file`);
  const options = [...unknown].sort().map((option) => printable(option, 60));
  return {
    entries,
    notices: options.length === 0 ? [] : [`${where}: these options are not known and left out: ${options.join(', ')}`],
  };
}

const emptyEntry = { out: undefined, dir: undefined } as const;
const unknownOptionsMax = 20;

function urlsOf(content: string, at: string): string[] {
  const urls = content.split('\t').flatMap((url) => (url.trim() === '' ? [] : [url.trim()]));
  if (urls.length > inputFileLimits.urlsMax) {
    throw new ManygetError('manifest-refused', `${at} has more than ${inputFileLimits.urlsMax} addresses`);
  }
  return [...new Set(urls)];
}

function readOption(entry: OpenEntry | undefined, text: string, at: string, unknown: Set<string>): void {
  if (text.startsWith('#')) return;
  const equals = text.indexOf('=');
  const [key, value] = [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
  if (entry === undefined || equals < 1 || value === '') {
    const why = entry === undefined ? 'stands before any address' : 'is no option like out=NAME';
    throw new ManygetError('manifest-malformed', `${at}, "${printable(text, 100)}", ${why}`);
  }
  switch (key) {
    case 'out':
      entry.out = checkedName(value, at);
      return;
    case 'dir':
      entry.dir = value;
      return;
    case 'checksum':
      entry.checksums.push(parseChecksum(value, `checksum= in ${at}`));
      return;
    default:
      if (unknown.size < unknownOptionsMax) unknown.add(key);
  }
}
