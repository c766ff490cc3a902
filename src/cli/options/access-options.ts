/** Who may come in, and who is believed: flags of `get` and `serve`, and where a token is read from. */
import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import { whyUnreadable } from '../../app/read-document.js';
import { usageError } from './usage-error.js';

/** Where a token comes from, as given. */
export interface TokenFlags {
  readonly token?: string;
  readonly tokenFile?: string;
}

const tokenFileBytesMax = 4096;

export function addTokenFlags(command: Command, what: string): Command {
  return command
    .option('--token-file <file>', `${what}, in the first line of a file (or in the environment as MANYGET_TOKEN)`)
    .option('--token <secret>', 'the same, said here: it may stay in the history of a shell');
}

/** The token that is meant; undefined where there is none. @throws ManygetError `usage`. */
export function readToken(flags: TokenFlags, env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (flags.token !== undefined && flags.tokenFile !== undefined) {
    throw usageError('--token and --token-file say the same thing: leave one of them out');
  }
  if (flags.tokenFile === undefined)
    return flags.token ?? (env['MANYGET_TOKEN'] === '' ? undefined : env['MANYGET_TOKEN']);
  let text: string;
  try {
    text = readFileSync(flags.tokenFile, 'utf8');
  } catch (cause) {
    throw usageError(`--token-file names "${flags.tokenFile}", which cannot be read: ${whyUnreadable(cause)}`);
  }
  const [line = ''] = text.slice(0, tokenFileBytesMax).split(/\r?\n/);
  if (line === '') throw usageError(`--token-file names "${flags.tokenFile}", whose first line is empty`);
  return line;
}

/** The words that say where the token is; the token itself is for nobody to see. */
export function tokenWords(flags: TokenFlags): string[] {
  return flags.tokenFile === undefined ? [] : ['--token-file', flags.tokenFile];
}

/** Hides a token from the list of processes. */
export function hideToken(args: readonly string[], setTitle: (title: string) => void): void {
  if (args.some((arg) => arg === '--token' || arg.startsWith('--token='))) setTitle('manyget');
}
