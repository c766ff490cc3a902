/** The password of a secret key: from the environment, else asked for on a terminal. Never a flag: those are for all to see. */
import { QuestionLeft } from '../ask-text.js';
import type { CliIo } from '../io.js';
import { usageError } from '../options/usage-error.js';

const variable = 'MANYGET_KEY_PASSWORD';

/** @throws ManygetError `usage` where nobody can be asked; `QuestionLeft`. */
export async function keyPassword(io: CliIo): Promise<string> {
  const given = io.env[variable];
  if (given !== undefined) return given;
  if (io.stdin.isTTY !== true || io.stdout.isTTY !== true || !io.foreground) {
    throw usageError(`the key has a password: say it in the environment, as ${variable}, or run this on a terminal`);
  }
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: 'Password of the key' });
  if (isCancel(answer)) throw new QuestionLeft();
  return answer;
}
