import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { ManygetError } from '../base/errors.js';

/**
 * How the two sides of mgp show each other that they know the same token, without sending it: each answers the other's
 * random challenge with an HMAC-SHA256 under the token (`docs/protocol.md`). Pure: the challenges are handed in.
 */

/** Bytes of a challenge. */
export const challengeBytes = 32;
/** Of a token: a shorter one could be guessed, a longer one is a mistake. */
const tokenCharsMin = 8;
const tokenCharsMax = 1024;

/** What the server shows, as an answer to the client's challenge. Hex. */
export function serverProof(token: string, clientChallenge: string, challenge: string): string {
  return proof(token, 'server', clientChallenge, challenge);
}

/** What the client shows, as an answer to the server's challenge. Hex. */
export function clientProof(token: string, clientChallenge: string, challenge: string): string {
  return proof(token, 'client', clientChallenge, challenge);
}

function proof(token: string, side: 'server' | 'client', clientChallenge: string, challenge: string): string {
  return createHmac('sha256', token).update(`mgp-auth/1\n${side}\n${clientChallenge}\n${challenge}\n`).digest('hex');
}

/** Whether two secrets are the same, in a time that does not tell where they differ. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** @throws ManygetError `usage`: it could not be sent as a header, or could be guessed. The message does not hold it. */
export function checkToken(token: string): void {
  if (/^[!-~]+$/.test(token) && token.length >= tokenCharsMin && token.length <= tokenCharsMax) return;
  throw new ManygetError(
    'usage',
    `a token has ${tokenCharsMin} to ${tokenCharsMax} visible ASCII characters and no spaces, received one of ${token.length}`,
  );
}
