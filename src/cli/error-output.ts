/** How an error that ends a command reaches the user: one sentence, then, where something can be done, one hint. */
import { asManygetError, type ErrorCode, type ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import type { CliIo } from './io.js';

const sentenceCharsMax = 2000;

/** What to do about an error, where its own sentence does not say it. `{again}` is the command that goes on. */
const hints: Partial<Record<ErrorCode, string>> = {
  aborted: 'go on with: {again}',
  'gave-up': 'go on with: {again}',
  'no-source': 'check the addresses and that the servers run, then: {again}',
  'verification-failed': 'go on with: {again}',
  'sources-disagree': 'leave the odd ones out, then: {again}',
  'file-changed': 'fetch the file as it is now with --no-resume',
  'disk-full': 'make room, then go on with: {again}',
  'io-failed': 'go on with: {again}',
  'output-exists': 'replace it with --overwrite, or name another file with -o',
  'output-folder-missing': 'create the folder, or name another one with -o',
  'output-not-writable': 'name a place that can be written with -o',
  'output-in-use': 'wait for the other manyget to end, or name another file with -o',
  'journal-other-file': 'start over with --no-resume, or name another file with -o',
  'journal-version': 'start over with --no-resume, or go on with the version that began it',
  'signature-missing': 'get the signature, or say where it is with --signature',
  'signature-wrong': 'do not use it before you know why: ask who published it',
  'daemon-absent': 'start one with: manyget ui, or: manyget daemon',
  'daemon-running': 'use the one that runs, or end it with: manyget daemon --stop',
  'gid-unknown': 'see what there is with: manyget ls',
  'fleet-unknown': 'see what there is with: manyget fleet ls',
  'port-in-use': 'choose other ports with -p, or free ones with -p 0',
};

/** The hint for `error`; `again` is the command that goes on, where there is one. */
export function errorHint(error: ManygetError, again?: string): string | undefined {
  if (error.code === 'usage') return undefined;
  const hint = hints[error.code];
  if (hint?.includes('{again}') !== true) return hint;
  return again === undefined ? undefined : hint.replace('{again}', again);
}

/** Prints `error` on standard error, behind what it is `about`; with `verbose`, what caused it as well. Returns the exit status. */
export function printError(io: CliIo, thrown: unknown, hint?: string, verbose = false, about = ''): number {
  const error = asManygetError(thrown);
  io.stderr.write(`manyget: ${about}${printable(error.message, sentenceCharsMax)}\n`);
  if (hint !== undefined) io.stderr.write(`         ${printable(hint, sentenceCharsMax)}\n`);
  if (verbose) for (const line of causeLines(error)) io.stderr.write(`         ${printable(line)}\n`);
  return error.exitStatus;
}

function causeLines(error: ManygetError): string[] {
  const lines: string[] = [`code ${error.code}, exit status ${error.exitStatus}`];
  let cause = error.cause;
  for (let depth = 0; depth < 8 && cause instanceof Error; depth += 1) {
    lines.push(`caused by ${cause.name}: ${cause.message}`);
    if (error.code === 'unexpected') lines.push(...(cause.stack ?? '').split('\n').slice(1, 8));
    cause = cause.cause;
  }
  return lines;
}
