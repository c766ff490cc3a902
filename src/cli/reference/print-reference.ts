/** What is made of the table of commands, as text. */
import { defaultCommand } from '../command-names.js';
import { makeProgram } from '../program.js';
import { bashCompletion } from './bash-completion.js';
import { type CommandEntry, commandTable } from './command-table.js';
import { completionPlaces, type Shell } from './completion-places.js';
import { fishCompletion } from './fish-completion.js';
import { manPage } from './man-page.js';
import { zshCompletion } from './zsh-completion.js';

function wholeTable(): CommandEntry {
  return commandTable(makeProgram(() => undefined));
}

/** The script that teaches `shell` what can follow `manyget`. */
export function completionScript(shell: Shell): string {
  const places = completionPlaces(wholeTable(), defaultCommand);
  switch (shell) {
    case 'bash':
      return bashCompletion(places);
    case 'zsh':
      return zshCompletion(places);
    case 'fish':
      return fishCompletion(places);
  }
}

/** `man/manyget.1`; the build writes it. */
export function manPageText(version: string): string {
  return manPage(wholeTable(), version);
}
