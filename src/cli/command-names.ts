import { slips } from '../base/slips.js';

/** What the first word of a command line can be, besides the addresses of a file. */

/** The command that is meant where none is named. */
export const defaultCommand = 'get';

/** Every other command, and every word that asks for something about all of them. */
export const otherCommands: ReadonlySet<string> = new Set([
  ...['serve', 'manifest', 'verify', 'repair', 'completion'],
  ...['daemon', 'ui', 'add', 'ls', 'top', 'pause', 'resume', 'rm', 'servers', 'log', 'play', 'limit', 'fleet'],
  ...['help', '--help', '-h', '--version', '-V'],
]);

/** What other programs call things. */
const foreignWords: ReadonlyMap<string, string> = new Map([
  ['version', '--version'],
  ['download', 'get'],
  ['fetch', 'get'],
  ['list', 'ls'],
  ['status', 'ls'],
  ['remove', 'rm'],
  ['delete', 'rm'],
  ['share', 'serve'],
  ['start', 'ui'],
  ['stop', 'daemon --stop'],
]);

/** The command that `word` is one slip or two away from, or another word for; undefined where it is one, or is far from all. */
export function nearCommand(word: string): string | undefined {
  const foreign = foreignWords.get(word);
  if (foreign !== undefined) return foreign;
  if (!/^[a-z]{2,}$/.test(word) || word === defaultCommand || otherCommands.has(word)) return undefined;
  const slipsMax = word.length > 3 ? 2 : 1;
  const near = [defaultCommand, ...otherCommands]
    .filter((name) => !name.startsWith('-'))
    .map((name) => ({ name, slips: slips(word, name) }))
    .sort((a, b) => a.slips - b.slips)[0];
  return near !== undefined && near.slips <= slipsMax && near.slips < near.name.length - 1 ? near.name : undefined;
}
