import { ManygetError } from '../base/errors.js';

/** A user name and its password. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * The value of an Authorization header for the Basic scheme (RFC 7617), in UTF-8.
 * @throws ManygetError `usage`: the user name has a colon, which the scheme cannot write.
 */
export function basicAuthorization(login: Login): string {
  if (login.user.includes(':')) {
    throw new ManygetError('usage', 'a user name with a colon cannot be sent by HTTP Basic authentication');
  }
  return `Basic ${Buffer.from(`${login.user}:${login.password}`, 'utf8').toString('base64')}`;
}

/** `user:password`, split at the first colon; without one the password is empty. */
export function parseLogin(text: string): Login {
  const colon = text.indexOf(':');
  if (colon < 0) return { user: text, password: '' };
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The token in an Authorization header: of the scheme Bearer, or the password of Basic; empty where there is none. */
export function givenToken(value: string | undefined): string {
  const bearer = /^bearer +([!-~]+) *$/i.exec(value ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^basic +([a-z0-9+/=]+) *$/i.exec(value ?? '')?.[1];
  const login = basic === undefined ? '' : Buffer.from(basic, 'base64').toString('utf8');
  return login.slice(login.indexOf(':') + 1);
}
