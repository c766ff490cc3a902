/** What the first word of a command line can be, besides the addresses of a file. */

/** The command that is meant where none is named. */
export const defaultCommand = 'get';

/** Every other command, and every word that asks for something about all of them. */
export const otherCommands: ReadonlySet<string> = new Set([
  ...['serve', 'manifest', 'verify', 'repair', 'completion'],
  ...['daemon', 'ui', 'add', 'ls', 'top', 'pause', 'resume', 'rm', 'servers', 'log', 'play', 'limit', 'fleet'],
  ...['help', '--help', '-h', '--version', '-V'],
]);
