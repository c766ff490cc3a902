/** Whose signature manifests have to have: flags of `get`, `verify` and `repair`, and the way back to a command line. */
import type { Command } from 'commander';

import type { SignatureDemand } from '../../app/signed-document.js';
import { appendedText } from './appended.js';
import { usageError } from './usage-error.js';

export interface SignatureFlags {
  readonly trustedKey?: readonly string[];
  readonly signature?: string;
}

export function addSignatureFlags(command: Command): Command {
  return command
    .option(
      '--trusted-key <key>',
      'public key of minisign (RW…), or a file with one, that has to have signed the manifest or checksum file',
      appendedText,
    )
    .option('--signature <file>', 'its signature, or the http address of it (default: its own name with .minisig)');
}

/** What the flags demand; undefined where they demand nothing. */
export function signatureDemand(flags: SignatureFlags): SignatureDemand | undefined {
  const { trustedKey: keys, signature } = flags;
  if (keys !== undefined) return { keys, ...(signature === undefined ? {} : { signature }) };
  if (signature === undefined) return undefined;
  throw usageError('--signature needs --trusted-key: a signature proves nothing without the key that is believed');
}

/** The words that demand it again. */
export function signatureWords(demand: SignatureDemand | undefined): string[] {
  if (demand === undefined) return [];
  const words = demand.keys.flatMap((key) => ['--trusted-key', key]);
  return demand.signature === undefined ? words : [...words, '--signature', demand.signature];
}
