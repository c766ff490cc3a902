/** The password to `--user NAME`: asked for on a terminal, so that it need not stand in a command line, which all users of a machine can read. */
import type { HttpOptions } from '../../base/http-options.js';
import type { CliIo } from '../io.js';
import { usageError } from './usage-error.js';

/**
 * `asked`, where a login has a name alone with the password that the user types; undefined where the user leaves the
 * question. An empty password is written as such: "NAME:".
 * @throws ManygetError `usage` where nobody can be asked.
 */
export async function withPassword<T extends { readonly http?: HttpOptions | undefined }>(
  asked: T,
  io: CliIo,
): Promise<T | undefined> {
  const user = asked.http?.user;
  if (user === undefined || user.includes(':')) return asked;
  // Standard output may be where the file goes: the question is asked beside it.
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true || !io.foreground) {
    throw usageError(
      `--user ${user} has no password, and there is no terminal to ask on: write it into ~/.netrc, or --user ${user}:PASSWORD`,
    );
  }
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: `Password of ${user}`, output: process.stderr });
  return isCancel(answer) ? undefined : { ...asked, http: { ...asked.http, user: `${user}:${answer}` } };
}
