import type { Login } from './http-auth.js';

/** Logins by host; `default` is for all other hosts. */
export interface Netrc {
  /** In the order of the file: who names a user has the entry of that user. */
  readonly machines: ReadonlyMap<string, readonly Login[]>;
  readonly default: Login | undefined;
}

/**
 * Reads a netrc file: words with space between them, a word in double quotes may hold some; `#` begins a comment where
 * a word could begin; the lines of a `macdef` up to the next empty one are read over. A host may have
 * an entry for each of several users.
 */
export function parseNetrc(text: string): Netrc {
  const words = splitWords(text);
  const machines = new Map<string, Login[]>();
  let fallback: Login | undefined;
  let host: string | undefined;
  let login = { user: '', password: '' };
  const keep = (): void => {
    if (host === undefined) return;
    if (host === '') fallback ??= login;
    else machines.set(host, [...(machines.get(host) ?? []), login]);
  };
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    switch (word) {
      case 'machine':
        keep();
        host = (words[++i] ?? '').toLowerCase();
        login = { user: '', password: '' };
        break;
      case 'default':
        keep();
        host = '';
        login = { user: '', password: '' };
        break;
      case 'login':
        login.user = words[++i] ?? '';
        break;
      case 'password':
        login.password = words[++i] ?? '';
        break;
      case 'account':
        i += 1;
        break;
    }
  }
  keep();
  return { machines, default: fallback };
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let inMacro = false;
  for (const line of text.split(/\r?\n/)) {
    if (inMacro) {
      inMacro = line.trim() !== '';
      continue;
    }
    for (const match of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
      if (match[2]?.startsWith('#') === true) break;
      if (match[2] === 'macdef') {
        inMacro = true;
        break;
      }
      words.push(match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? '');
    }
  }
  return words;
}

/**
 * The login for a host, of `user` if one is named, else the first one. `isNamed`: by the user, whose `default` is not for
 * whatever host a server names.
 */
export function netrcLogin(netrc: Netrc, host: string, isNamed: boolean, user?: string): Login | undefined {
  const own = netrc.machines.get(host.toLowerCase());
  const all = own ?? (isNamed && netrc.default !== undefined ? [netrc.default] : []);
  return user === undefined ? all[0] : all.find((login) => login.user === user);
}
