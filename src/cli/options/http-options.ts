/** How HTTP sources are asked: flags, their meaning, and the words that ask for them again. */
import type { Command } from 'commander';

import { headerFor, webOrigins } from '../../base/header-for.js';
import type { HttpOptions } from '../../base/http-options.js';
import { appendedText } from './appended.js';
import { usageError } from './usage-error.js';

/** The parsed flags, as commander names them. */
export interface HttpFlags {
  readonly header?: readonly string[];
  readonly headerFor?: HttpOptions['headersFor'];
  readonly user?: string;
  readonly cookie?: string;
  readonly loadCookies?: string;
  readonly netrc?: boolean;
  readonly caCertificate?: string;
  readonly insecure?: boolean;
  readonly userAgent?: string;
  readonly referer?: string;
  readonly allProxy?: string;
}

export function addHttpFlags(command: Command): Command {
  return command
    .option('--header <line>', 'header for HTTP servers of one origin: "Name: value"', appendedText)
    .option('--header-for <origin line>', 'the same for one of several: "https://host Name: value"', parseHeaderFor)
    .option('--user <name:password>', 'login for HTTP servers of one origin; NAME alone asks for the password')
    .option('--cookie <pairs>', 'cookies for HTTP servers of one origin: "a=1; b=2"')
    .option('--load-cookies <file>', "cookies in Netscape's format; each goes where its line says")
    .option('--no-netrc', 'take no logins from ~/.netrc, or from the file that NETRC names')
    .option('--ca-certificate <file>', 'certificates (PEM) to trust')
    .option('--insecure', 'do not check certificates: anybody may then pose as the server')
    .option('-U, --user-agent <text>', 'what to call this program')
    .option('--referer <url>', 'Referer for HTTP servers of one origin')
    .option('--all-proxy <url>', 'http:// or socks5:// proxy; "" for none (default: http_proxy and its kind)');
}

export function parseHeaderFor(
  text: string,
  before: HttpOptions['headersFor'],
): NonNullable<HttpOptions['headersFor']> {
  return [...(before ?? []), headerFor(text, '--header-for')];
}

/** What the flags ask for; undefined where there are none. */
export function httpOptions(flags: HttpFlags): HttpOptions | undefined {
  const options: HttpOptions = {
    ...(flags.header === undefined ? {} : { headers: flags.header }),
    ...(flags.headerFor === undefined ? {} : { headersFor: flags.headerFor }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(flags.cookie === undefined ? {} : { cookie: flags.cookie }),
    ...(flags.loadCookies === undefined ? {} : { cookieFile: flags.loadCookies }),
    ...(flags.netrc === false ? { netrc: false } : {}),
    ...(flags.caCertificate === undefined ? {} : { caCertificate: flags.caCertificate }),
    ...(flags.insecure === true ? { insecure: true } : {}),
    ...(flags.userAgent === undefined ? {} : { userAgent: flags.userAgent }),
    ...(flags.referer === undefined ? {} : { referer: flags.referer }),
    ...(flags.allProxy === undefined ? {} : { proxy: { all: flags.allProxy } }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

/**
 * `options`, with what is a secret, or may be one, bound to the one origin of the addresses that the user has `named`:
 * what a manifest names gets none of it.
 */
export function boundToNamed(options: HttpOptions | undefined, named: readonly string[]): HttpOptions | undefined {
  const { headers, user, cookie, referer, origin } = options ?? {};
  if (origin !== undefined || [headers, user, cookie, referer].every((given) => given === undefined)) return options;
  const origins = webOrigins(named);
  const [only] = origins;
  if (only === undefined) return options;
  if (origins.length === 1) return { ...options, origin: only };
  throw usageError(
    `--header, --user, --cookie and --referer are for one origin, not for ${origins.length} (${origins.slice(0, 8).join(', ')}): use --header-for`,
  );
}

/** The words that ask for `options` again, for everybody to see: secrets are left out. */
export function httpWords(options: HttpOptions | undefined): string[] {
  if (options === undefined) return [];
  return [
    ...(options.cookieFile === undefined ? [] : ['--load-cookies', options.cookieFile]),
    ...(options.netrc === false ? ['--no-netrc'] : []),
    ...(options.caCertificate === undefined ? [] : ['--ca-certificate', options.caCertificate]),
    ...(options.insecure === true ? ['--insecure'] : []),
    ...(options.userAgent === undefined ? [] : ['--user-agent', options.userAgent]),
    ...(options.referer === undefined ? [] : ['--referer', options.referer]),
    ...(options.proxy?.all === undefined ? [] : ['--all-proxy', options.proxy.all.replace(/\/\/.*@/, '//')]),
  ];
}
