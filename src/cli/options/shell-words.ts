import { withoutLogin } from '../../base/source-address.js';

/** `word` as a POSIX shell reads it back. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) && !word.startsWith('~') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function commandLine(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

/**
 * `manyget COMMAND OPERANDS... FLAGS...`, with the operands behind `--` where one of them looks like a flag. It is to be
 * shown, in logs as well: no address has its login in it.
 */
export function manygetCommandLine(command: string, operands: readonly string[], flags: readonly string[]): string {
  const disguised = operands.some((operand) => operand.startsWith('-'));
  const words = disguised ? [...flags, '--', ...operands] : [...operands, ...flags];
  return commandLine(['manyget', command, ...words.map(withoutLogin)]);
}
