import { randomBytes } from 'node:crypto';
import { ManygetError } from '../../base/errors.js';
import { basicAuthorization, type Login } from '../../wire/http-auth.js';
import { parseAuthParams, parseChallenges } from '../../wire/http-challenge.js';
import { digestAuthorization, digestKey, strongestDigest, type DigestChallenge } from '../../wire/http-digest-auth.js';
import type { HttpHead } from '../../wire/http-head.js';

/** New nonces that are taken, in a row, from answers that let nobody in. */
const renewalsMax = 8;

/** What one request shows of a login. */
export interface ShownLogin {
  /** The value of its Authorization header; undefined: nobody has asked for it yet. */
  readonly authorization: string | undefined;
  /** Takes in what the answer says of it. True: the same is to be asked once more, with what is to be shown then. */
  answered(head: HttpHead): boolean;
}

/** A nonce of the server's, and how often it was used. */
interface Session {
  readonly challenge: DigestChallenge;
  readonly clientNonce: string;
  readonly key: string;
  nonce: string;
  count: number;
  /** Somebody was let in with it, so that the login is right. */
  hasWorked: boolean;
}

/**
 * How one origin is shown who the user is: by Digest where it asks for that, by Basic where it knows nothing better.
 * Shared by all connections to the origin, which count the uses of a nonce together.
 *
 * Invariants: after a challenge that Digest can answer, the password is not sent any more. In the clear it is not sent
 * before the server has shown that it does not ask for Digest.
 */
export class HttpLogin {
  readonly #login: Login;
  #mode: 'waiting' | 'basic' | Session;
  #renewals = 0;

  /** @param isSecure Nobody but the server can read what is sent: it need not be asked first. */
  constructor(login: Login, isSecure: boolean) {
    this.#login = login;
    this.#mode = isSecure && !hasColon(login) ? 'basic' : 'waiting';
  }

  isFor(login: Login): boolean {
    return this.#login.user === login.user && this.#login.password === login.password;
  }

  /** For a GET of `target`, the path with its query, that is sent now. */
  show(target: string): ShownLogin {
    const mode = this.#mode;
    if (mode === 'waiting') return { authorization: undefined, answered: (head) => this.#answeredNothing(head) };
    if (mode === 'basic') {
      return { authorization: basicAuthorization(this.#login), answered: (head) => this.#answeredBasic(head) };
    }
    mode.count += 1;
    const { nonce, count, clientNonce } = mode;
    const use = { nonce, count, clientNonce, method: 'GET', target };
    const authorization = digestAuthorization(mode.challenge, mode.key, this.#login.user, use);
    return { authorization, answered: (head) => this.#answeredDigest(head, nonce) };
  }

  /**
   * Some servers hide what they have from strangers, and do not ask who one is.
   * @throws ManygetError `http-unauthorized`: the login is one that Basic has no way to write.
   */
  #answeredNothing(head: HttpHead): boolean {
    if (head.status !== 401 && head.status !== 403 && head.status !== 404) return false;
    // Another connection may have been asked meanwhile.
    if (this.#mode !== 'waiting') return true;
    const challenges = parseChallenges(head.headers.get('www-authenticate'));
    if (this.#begin(strongestDigest(challenges))) return true;
    if (challenges.length > 0 && !challenges.some(({ scheme }) => scheme === 'basic')) return false;
    if (hasColon(this.#login)) {
      const text = 'the server wants a login by Basic, which cannot send a user name with a colon';
      throw new ManygetError('http-unauthorized', text);
    }
    this.#mode = 'basic';
    return true;
  }

  #answeredBasic(head: HttpHead): boolean {
    if (head.status !== 401) return false;
    if (this.#mode !== 'basic') return true;
    return this.#begin(strongestDigest(parseChallenges(head.headers.get('www-authenticate'))));
  }

  #answeredDigest(head: HttpHead, nonce: string): boolean {
    const session = this.#mode;
    if (typeof session === 'string') return false;
    const isCurrent = session.nonce === nonce;
    if (head.status !== 401) {
      if (head.status < 400) this.#renewals = 0;
      if (isCurrent && head.status < 400) this.#letIn(session, head);
      return false;
    }
    // Another connection has a newer nonce already.
    if (!isCurrent) return true;
    const offered = strongestDigest(parseChallenges(head.headers.get('www-authenticate')));
    return (session.hasWorked || offered?.isStale === true) && this.#begin(offered);
  }

  #letIn(session: Session, head: HttpHead): void {
    session.hasWorked = true;
    const next = parseAuthParams(head.headers.get('authentication-info')).get('nextnonce');
    if (next === undefined || next === session.nonce) return;
    session.nonce = next;
    session.count = 0;
  }

  #begin(challenge: DigestChallenge | undefined): boolean {
    if (challenge === undefined || this.#renewals >= renewalsMax) return false;
    this.#renewals += 1;
    // One for all uses of the nonce: with -sess it is part of the key.
    const clientNonce = randomBytes(18).toString('base64');
    const key = digestKey(challenge, this.#login, clientNonce);
    this.#mode = { challenge, clientNonce, key, nonce: challenge.nonce, count: 0, hasWorked: false };
    return true;
  }
}

/** Digest can write such a name, Basic cannot (RFC 7617 2). */
function hasColon({ user }: Login): boolean {
  return user.includes(':');
}
