/** What `manifest` is asked for. */
import type { Command } from 'commander';

import { printable } from '../../base/printable.js';
import { parseBytes } from '../../base/units.js';
import { usageError } from '../options/usage-error.js';

export interface ManifestCommand {
  readonly files: readonly string[];
  readonly urls: readonly string[];
  /** Undefined: standard output. */
  readonly output: string | undefined;
  readonly overwrite: boolean;
  readonly pieceBytes: number | undefined;
  /** A secret key of minisign, to sign with. */
  readonly keyFile?: string | undefined;
}

export interface ManifestFlags {
  readonly url?: readonly string[];
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly pieceSize?: number;
  readonly sign?: string;
}

export function addManifestFlags(command: Command): Command {
  return command
    .argument('<files...>', 'files to describe')
    .option(
      '--url <urls...>',
      'addresses of the file, best first; one that ends with "/" gets the name of each file behind it',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('-o, --out <file>', 'file to write, as NAME.meta4 (default: standard output; with --sign FILE.meta4)')
    .option('--overwrite', 'replace an output that exists')
    .option('--piece-size <size>', 'bytes of a piece, as 256K (default: 1M, more for huge files)', parsePieceSize)
    .option('--sign <file>', 'sign it with a secret key of minisign, in OUT.minisig beside it');
}

export function manifestCommand(files: readonly string[], flags: ManifestFlags): ManifestCommand {
  const { sign } = flags;
  return {
    files,
    urls: flags.url ?? [],
    output: sign === undefined ? (flags.out === '-' ? undefined : flags.out) : signedOutput(files, flags.out),
    overwrite: flags.overwrite ?? false,
    pieceBytes: flags.pieceSize,
    ...(sign === undefined ? {} : { keyFile: sign }),
  };
}

/** A signature stands beside a file, so that there has to be one. */
function signedOutput(files: readonly string[], out: string | undefined): string {
  if (out === '-')
    throw usageError('--sign writes a signature beside the manifest: standard output has no place for it');
  if (out !== undefined) return out;
  const [only = ''] = files;
  if (files.length === 1) return `${only}.meta4`;
  throw usageError(`--sign writes a file for ${files.length} files: name it with -o`);
}

const pieceBytesMin = 1024;
const pieceBytesMax = 1024 ** 3;

function parsePieceSize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined && bytes >= pieceBytesMin && bytes <= pieceBytesMax) return bytes;
  throw usageError(`--piece-size takes 1K to 1G, not "${printable(text, 40)}"`);
}
