/** `manyget` alone, on a terminal: asks which side to be. */
import { cancel, intro } from '@clack/prompts';

import { askChoice, QuestionLeft } from './ask-text.js';

/** The command chosen; undefined where the user left. */
export async function askCommand(): Promise<'get' | 'serve' | undefined> {
  intro('manyget');
  try {
    return await askChoice<'get' | 'serve'>('What shall it be?', [
      { value: 'get', label: 'fetch a file', hint: 'manyget get' },
      { value: 'serve', label: 'offer files', hint: 'manyget serve' },
    ]);
  } catch (error) {
    if (!(error instanceof QuestionLeft)) throw error;
    cancel('nothing was done');
    return undefined;
  }
}
