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

/** Letters put in, left out, changed, or swapped with the next: Damerau's distance without edits across a swap. */
function slips(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j));
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      (rows[i] ?? [])[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed, swapped);
    }
  }
  return at(a.length, b.length);
}
