import { randomBytes } from 'node:crypto';
import { ManygetError } from '../../base/errors.js';
import { challengeBytes, clientProof, sameSecret, serverProof } from '../../wire/mgp-auth.js';
import { encodePreamble } from '../../wire/mgp-frame.js';
import { encodeMessage, type Hello } from '../../wire/mgp-messages.js';
import type { MgpIdentity } from './mgp-dial.js';

/**
 * The first words of a client. Without a token they are said in one packet with the first request. With one, the server
 * has to show first that it knows the token, and nobody gets to see it.
 */
export class MgpGreeting {
  readonly #identity: MgpIdentity;
  readonly #peer: string;
  readonly #challenge: string | undefined;

  constructor(identity: MgpIdentity, peer: string) {
    this.#identity = identity;
    this.#peer = peer;
    this.#challenge = identity.token === undefined ? undefined : randomBytes(challengeBytes).toString('hex');
  }

  /** The first request may follow at once. */
  get isOneWay(): boolean {
    return this.#challenge === undefined;
  }

  first(): Uint8Array {
    const { agent } = this.#identity;
    const hello = this.#challenge === undefined ? { agent } : { agent, challenge: this.#challenge };
    return Buffer.concat([encodePreamble(), encodeMessage.hello(hello)]);
  }

  /**
   * What to say to the server's answer, before the first request; nothing where it wants no token.
   * @throws ManygetError `unauthorized`: it does not know the token.
   */
  answer(hello: Hello): Uint8Array | undefined {
    const { token, agent } = this.#identity;
    if (token === undefined || this.#challenge === undefined || hello.challenge === undefined) return undefined;
    if (!sameSecret(hello.proof ?? '', serverProof(token, this.#challenge, hello.challenge))) {
      throw new ManygetError('unauthorized', `${this.#peer} has another token than was given`);
    }
    return encodeMessage.hello({ agent, proof: clientProof(token, this.#challenge, hello.challenge) });
  }
}
