import { ManygetError } from '../base/errors.js';
import { webOrigins } from '../base/header-for.js';

/** Options that are secrets, or may be, and say of nobody's server that they are for it. */
const secretOptions = ['header', 'http-user', 'referer'] as const;

/**
 * The one origin among the addresses that the user has named: it alone gets the options that say of no server that they
 * are for it, and what a manifest names gets none of them. "" where there is no such origin; undefined where the user
 * named no address at all, but handed a document over, which speaks for him.
 *
 * @throws ManygetError `usage`: there are such options, and nobody or several for whom they could be.
 */
export function namedOrigin(
  named: readonly string[],
  isDocument: boolean,
  options: Readonly<Record<string, string>>,
): string | undefined {
  const origins = webOrigins(named);
  const [only] = origins;
  if (origins.length === 1) return only;
  if (only === undefined && isDocument) return undefined;
  const given = secretOptions.find((name) => options[name] !== undefined);
  if (given === undefined) return '';
  throw new ManygetError(
    'usage',
    only === undefined
      ? `the option ${given} is for an HTTP server, and none was named: use header-for`
      : `the option ${given} is for one origin, not for ${origins.length} (${origins.slice(0, 8).join(', ')}): use header-for`,
  );
}
