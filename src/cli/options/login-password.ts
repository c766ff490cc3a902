/** The password to `--user NAME`: asked for on a terminal, so that it need not stand in a command line, which all users of a machine can read. */
import type { HttpOptions } from '../../base/http-options.js';
import type { CliIo } from '../io.js';
import { usageError } from './usage-error.js';

/** True where a login has a name alone. An empty password is written as such: "NAME:". */
export function lacksPassword(options: HttpOptions | undefined): options is HttpOptions & { readonly user: string } {
  return options?.user?.includes(':') === false;
}

/**
 * `options` with the password that the user types; undefined where the user leaves the question.
 * @throws ManygetError `usage` where nobody can be asked.
 */
export async function withPassword(
  options: HttpOptions & { readonly user: string },
  io: CliIo,
): Promise<HttpOptions | undefined> {
  // Standard output may be where the file goes: the question is asked beside it.
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true || !io.foreground) {
    throw usageError(
      `--user ${options.user} has no password, and there is no terminal to ask on: write it into ~/.netrc, or --user ${options.user}:PASSWORD`,
    );
  }
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: `Password of ${options.user}`, output: process.stderr });
  return isCancel(answer) ? undefined : { ...options, user: `${options.user}:${answer}` };
}
