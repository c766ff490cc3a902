import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { makeFolder } from '../app/make-folder.js';
import { asManygetError, ManygetError } from '../base/errors.js';

/**
 * The folder where a daemon keeps what outlives it: its store, its token and, while it runs, where it listens. Only
 * its user can read it.
 */
export interface StateFolder {
  readonly path: string;
  readonly storePath: string;
  readonly tokenPath: string;
  readonly addressPath: string;
}

/** Where a running daemon listens. */
export interface DaemonAddress {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const tokenBytes = 24;
const addressSchema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  host: v.pipe(v.string(), v.maxLength(255)),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
});

/** MANYGET_STATE, else the XDG state folder's "manyget", else ~/.local/state/manyget. */
export function stateFolder(env: Environment): StateFolder {
  const xdg = env['XDG_STATE_HOME'];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.local', 'state');
  const own = env['MANYGET_STATE'];
  const path = own === undefined || own === '' ? join(base, 'manyget') : own;
  return {
    path,
    storePath: join(path, 'queue.db'),
    tokenPath: join(path, 'token'),
    addressPath: join(path, 'daemon.json'),
  };
}

/** @throws ManygetError `io-failed`. */
export function makeStateFolder(folder: StateFolder): void {
  try {
    makeFolder(folder.path, 0o700);
  } catch (error) {
    throw asManygetError(error, 'io-failed', `cannot make the state folder "${folder.path}"`);
  }
}

/** The token that is there; undefined where there is none. */
export function readToken(folder: StateFolder): string | undefined {
  const token = readText(folder.tokenPath)?.trim();
  return token === undefined || token === '' ? undefined : token;
}

/**
 * The daemon's token: the one that is there, else a new one. Its file is for its user's eyes only (0600).
 * @throws ManygetError `io-failed`: the one that is there cannot stand in a header, so that nobody could ever show it.
 */
export function ensureToken(folder: StateFolder): string {
  const there = readToken(folder);
  if (there !== undefined) {
    if (!/^[!-~]{1,1024}$/.test(there)) {
      const wanted = 'expected one line of visible ASCII characters without spaces, 1,024 at most';
      throw new ManygetError('io-failed', `${wanted}, in "${folder.tokenPath}"; delete it to have a new token made`);
    }
    chmodSync(folder.tokenPath, 0o600);
    return there;
  }
  const token = randomBytes(tokenBytes).toString('base64url');
  writeWhole(folder.tokenPath, `${token}\n`);
  return token;
}

export function writeAddress(folder: StateFolder, address: DaemonAddress): void {
  writeWhole(folder.addressPath, `${JSON.stringify(address)}\n`);
}

/** Where the last daemon listened; whether it still does is for the caller to find out. */
export function readAddress(folder: StateFolder): DaemonAddress | undefined {
  const text = readText(folder.addressPath);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // Not ours: as good as none.
  }
  const parsed = v.safeParse(addressSchema, value);
  return parsed.success ? parsed.output : undefined;
}

export function forgetAddress(folder: StateFolder): void {
  rmSync(folder.addressPath, { force: true });
}

function writeWhole(path: string, text: string): void {
  const temporary = `${path}.new`;
  try {
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    throw asManygetError(error, 'io-failed', `cannot write "${path}"`);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw asManygetError(error, 'io-failed', `cannot read "${path}"`);
  }
}
