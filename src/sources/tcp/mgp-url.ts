import { ManygetError } from '../../base/errors.js';
import { withoutBrackets } from '../../base/host-name.js';
import type { MgpAddress } from '../../base/mgp-address.js';
import { printable } from '../../base/printable.js';
import { withoutLogin } from '../../base/source-address.js';

/** Port of an mgp URL that names none. */
const defaultPort = 9001;

/** @throws ManygetError `usage`. */
export function parseMgpUrl(text: string): MgpAddress {
  const shown = printable(withoutLogin(text));
  const wrong = (what: string): ManygetError =>
    new ManygetError('usage', `source "${shown}" ${what}, expected mgp://HOST:PORT/NAME`);
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    const [, badPort] = /^[a-z]+:\/\/[^/]*:(\d{5,})(?:\/|$)/i.exec(text) ?? [];
    if (Number(badPort) > 65535) {
      throw new ManygetError('usage', `source "${shown}" names port ${badPort ?? ''}, expected 1 to 65535`);
    }
    throw new ManygetError('usage', `source "${shown}" is not a URL, expected mgp://HOST:PORT/NAME`, {
      cause,
    });
  }
  if (url.protocol !== 'mgp:' && url.protocol !== 'mgps:') {
    const scheme = url.protocol.slice(0, -1);
    throw new ManygetError('usage', `source "${shown}" has the scheme ${scheme}, expected mgp, mgps, http or https`);
  }
  if (url.hostname === '') throw wrong('names no host');
  if (url.username !== '' || url.password !== '') throw wrong('carries a user name or password');
  const port = url.port === '' ? defaultPort : Number(url.port);
  if (port < 1) throw wrong(`names port ${port}`);
  let name: string;
  try {
    name = decodeURIComponent(url.pathname.replace(/^\//, ''));
  } catch (cause) {
    throw new ManygetError('usage', `source "${shown}" has a broken percent-encoding in its name`, { cause });
  }
  return { host: withoutBrackets(url.hostname), port, name, isSecure: url.protocol === 'mgps:' };
}
