import { ManygetError } from './errors.js';
import type { HttpOptions } from './http-options.js';
import { printable } from './printable.js';

/**
 * A header for one origin, as users write it: "https://host Name: value".
 *
 * @param option What they call it, for an error.
 * @throws ManygetError `usage`: there is no origin, or nothing behind it. What may be a secret is not repeated.
 */
export function headerFor(text: string, option: string): NonNullable<HttpOptions['headersFor']>[number] {
  const [, origin, header] = /^\s*(\S+)\s+(\S.*)$/.exec(text) ?? [];
  if (origin !== undefined && header !== undefined) return { origin, header };
  const shown = printable(text.trim().split(/\s/)[0] ?? '', 60);
  throw new ManygetError(
    'usage',
    `${option} takes an origin and a header, "https://host Name: value", not "${shown} …"`,
  );
}

/** The origins of the web addresses among these, each once: whom a header that names nobody could be for. */
export function webOrigins(addresses: readonly string[]): string[] {
  const web = addresses.filter((address) => /^https?:/i.test(address) && URL.canParse(address));
  return [...new Set(web.map((address) => new URL(address).origin))];
}
