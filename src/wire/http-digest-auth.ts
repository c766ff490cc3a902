import { createHash } from 'node:crypto';
import type { Challenge } from './http-challenge.js';
import type { Login } from './http-auth.js';

/** HTTP Digest access authentication (RFC 7616) for requests without a body: pure, counters and random numbers are given. */

/** What a server asks for, as far as it can be done. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** As the server wrote it, to be sent back; undefined: it named none, which means MD5. */
  readonly algorithm: string | undefined;
  /** The hash, as Node calls it. */
  readonly hash: string;
  /** The password is hashed once for as long as this challenge counts, with its nonce (-sess). */
  readonly isSession: boolean;
  /** Requests are counted, and the client's nonce is part of the answer (qop=auth). */
  readonly hasQop: boolean;
  /** The user's name is to be sent as a hash. */
  readonly hidesUser: boolean;
  readonly isUtf8: boolean;
  /** The login was right, but the nonce is too old. */
  readonly isStale: boolean;
}

/** What each request adds. */
interface DigestUse {
  readonly nonce: string;
  /** Requests with this nonce, this one included. */
  readonly count: number;
  readonly clientNonce: string;
  readonly method: string;
  /** The path with its query. */
  readonly target: string;
}

/** Weakest first. */
const hashes = ['md5', 'sha256', 'sha512-256'] as const;
const hashByName: Readonly<Record<string, (typeof hashes)[number]>> = {
  md5: 'md5',
  'sha-256': 'sha256',
  'sha-512-256': 'sha512-256',
};

/** The one with the strongest hash of those that can be answered; of equals the first. */
export function strongestDigest(challenges: readonly Challenge[]): DigestChallenge | undefined {
  let best: DigestChallenge | undefined;
  for (const challenge of challenges) {
    const digest = challenge.scheme === 'digest' ? readDigest(challenge.params) : undefined;
    if (digest !== undefined && (best === undefined || strengthOf(digest) > strengthOf(best))) best = digest;
  }
  return best;
}

function strengthOf({ hash }: DigestChallenge): number {
  return (hashes as readonly string[]).indexOf(hash);
}

function readDigest(params: ReadonlyMap<string, string>): DigestChallenge | undefined {
  const [realm, nonce, qop] = [params.get('realm'), params.get('nonce'), params.get('qop')];
  const algorithm = params.get('algorithm');
  const name = (algorithm ?? 'MD5').toLowerCase();
  const hash = hashByName[name.replace(/-sess$/, '')];
  const hasQop = qop?.split(',').some((text) => text.trim().toLowerCase() === 'auth') ?? false;
  // What protects a body, too (auth-int), is not done alone: there is no body.
  if (realm === undefined || nonce === undefined || hash === undefined || (qop !== undefined && !hasQop))
    return undefined;
  const isTrue = (param: string): boolean => params.get(param)?.toLowerCase() === 'true';
  return {
    realm,
    nonce,
    opaque: params.get('opaque'),
    algorithm,
    hash,
    isSession: name.endsWith('-sess'),
    hasQop,
    hidesUser: isTrue('userhash'),
    isUtf8: params.get('charset')?.toLowerCase() === 'utf-8',
    isStale: isTrue('stale'),
  };
}

/** H(A1): what of the login goes into every answer to this challenge. */
export function digestKey(challenge: DigestChallenge, login: Login, clientNonce: string): string {
  const { hash, realm, nonce, isSession } = challenge;
  const key = digest(hash, `${textBytes(challenge, login.user)}:${realm}:${textBytes(challenge, login.password)}`);
  return isSession ? digest(hash, `${key}:${nonce}:${clientNonce}`) : key;
}

/** The value of an Authorization header. */
export function digestAuthorization(challenge: DigestChallenge, key: string, user: string, use: DigestUse): string {
  const { hash, hasQop, opaque, algorithm } = challenge;
  const count = use.count.toString(16).padStart(8, '0');
  const request = digest(hash, `${use.method}:${use.target}`);
  const counted = hasQop ? `${count}:${use.clientNonce}:auth:` : '';
  const parts = [
    userPart(challenge, user),
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(use.nonce)}`,
    `uri=${quoted(use.target)}`,
    `response="${digest(hash, `${key}:${use.nonce}:${counted}${request}`)}"`,
  ];
  if (algorithm !== undefined) parts.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`);
  if (hasQop) parts.push('qop=auth', `nc=${count}`, `cnonce=${quoted(use.clientNonce)}`);
  // The client's nonce is part of the key then, and has to be told.
  else if (challenge.isSession) parts.push(`cnonce=${quoted(use.clientNonce)}`);
  if (challenge.hidesUser) parts.push('userhash=true');
  return `Digest ${parts.join(', ')}`;
}

function userPart(challenge: DigestChallenge, user: string): string {
  const bytes = textBytes(challenge, user);
  if (challenge.hidesUser) return `username="${digest(challenge.hash, `${bytes}:${challenge.realm}`)}"`;
  if (challenge.isUtf8 && /[^\u0020-\u007e]/.test(user)) {
    const escaped = encodeURIComponent(user.normalize('NFC')).replace(/['()*]/g, percentOf);
    return `username*=UTF-8''${escaped}`;
  }
  return `username=${quoted(bytes)}`;
}

function percentOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** UTF-8, one byte to a character, as headers are read and written here. */
function textBytes({ isUtf8 }: DigestChallenge, text: string): string {
  return Buffer.from(isUtf8 ? text.normalize('NFC') : text, 'utf8').toString('latin1');
}

function digest(hash: string, bytes: string): string {
  return createHash(hash).update(bytes, 'latin1').digest('hex');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
