import { createHash } from 'node:crypto';
import type { HttpAsk, HttpReply, Quirk } from './http-test-server.js';

export interface DigestGuardOptions {
  readonly user: string;
  readonly password: string;
  /** As offered, in this order. Default: MD5. */
  readonly algorithms?: readonly string[];
  /** Default true. */
  readonly qop?: boolean;
  readonly userhash?: boolean;
  /** Basic is offered, too, before all others. */
  readonly basicToo?: boolean;
  /** A nonce that was used so often is stale. */
  readonly usesMax?: number;
  /** Each answer to a first use names the next nonce. */
  readonly namesNext?: boolean;
  /** What else an answer to a wrong login says. */
  readonly close?: boolean;
}

/** The server's side of RFC 7616, written on its own: lets in who knows the password, and keeps count of each nonce. */
export class DigestGuard {
  readonly #options: DigestGuardOptions;
  /** Counts of requests that came with a nonce, in the order in which they came. */
  readonly uses = new Map<string, number[]>();
  /** Why requests that had an Authorization header were turned away. */
  readonly refusals: string[] = [];
  #nonces = 0;
  readonly #realm = 'a "realm"';

  constructor(options: DigestGuardOptions) {
    this.#options = options;
  }

  readonly quirk: Quirk = (ask, right) => {
    const given = ask.headers.authorization;
    if (given === undefined) return this.#challenge(right, false);
    const fields = fieldsOf(given);
    const refusal = this.#refusal(ask, given, fields);
    if (refusal !== undefined) {
      this.refusals.push(refusal);
      return this.#challenge(right, refusal === 'stale');
    }
    const isFirst = this.uses.get(fields.get('nonce') ?? '')?.length === 1;
    if (this.#options.namesNext !== true || !isFirst) return right;
    return {
      ...right,
      headers: { ...right.headers, 'Authentication-Info': `nextnonce="${this.#newNonce()}", qop=auth` },
    };
  };

  #refusal(ask: HttpAsk, given: string, fields: ReadonlyMap<string, string>): string | undefined {
    const { user, password, algorithms = ['MD5'], qop = true, userhash = false, usesMax = Infinity } = this.#options;
    if (!given.startsWith('Digest ')) return `not Digest: ${given}`;
    const field = (name: string): string => fields.get(name) ?? '';
    const algorithm = fields.get('algorithm') ?? 'MD5';
    if (!algorithms.includes(algorithm)) return `the algorithm ${algorithm}`;
    if (field('uri') !== ask.path) return `the uri ${field('uri')}`;
    if (field('realm') !== this.#realm) return `the realm ${field('realm')}`;
    if (field('opaque') !== 'box') return `opaque ${field('opaque')}`;
    const hash = (text: string): string => createHash(nodeName(algorithm)).update(text).digest('hex');
    const name = userhash ? hash(`${user}:${this.#realm}`) : user;
    if (field('username') !== name) return `the user ${field('username')}`;
    const [nonce, count, cnonce] = [field('nonce'), field('nc'), field('cnonce')];
    let key = hash(`${user}:${this.#realm}:${password}`);
    if (algorithm.endsWith('-sess')) key = hash(`${key}:${nonce}:${cnonce}`);
    const middle = qop ? `${count}:${cnonce}:auth:` : '';
    if (field('response') !== hash(`${key}:${nonce}:${middle}${hash(`GET:${ask.path}`)}`)) return 'the response';
    const uses = this.uses.get(nonce);
    if (uses === undefined || uses.length >= usesMax) return 'stale';
    const number = Number.parseInt(count, 16);
    if (qop && uses.includes(number)) return `the count ${count} twice`;
    uses.push(number);
    return undefined;
  }

  #challenge(right: HttpReply, isStale: boolean): HttpReply {
    const { algorithms = ['MD5'], qop = true, userhash = false, basicToo = false, close = false } = this.#options;
    const nonce = this.#newNonce();
    const more = `${qop ? ', qop="auth-int, auth"' : ''}${userhash ? ', userhash=true' : ''}${isStale ? ', stale=true' : ''}`;
    const realm = `realm="${this.#realm.replaceAll('"', '\\"')}"`;
    const offers = algorithms.map(
      (algorithm) => `Digest ${realm}, nonce="${nonce}", opaque="box", algorithm=${algorithm}${more}`,
    );
    const all = [...(basicToo ? ['Basic realm="x"'] : []), ...offers].join(', ');
    return {
      ...right,
      status: 401,
      headers: { 'WWW-Authenticate': all, 'Content-Type': 'text/html' },
      body: Buffer.from('<html>Who are you?</html>'),
      close,
    };
  }

  #newNonce(): string {
    this.#nonces += 1;
    const nonce = `nonce/${this.#nonces}==`;
    this.uses.set(nonce, []);
    return nonce;
  }
}

function fieldsOf(header: string): ReadonlyMap<string, string> {
  const fields = header.matchAll(/([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g);
  return new Map(
    [...fields].map(([, name = '', quoted, plain]) => [name, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '']),
  );
}

function nodeName(algorithm: string): string {
  const name = algorithm.toLowerCase().replace(/-sess$/, '');
  return name === 'md5' ? 'md5' : name === 'sha-256' ? 'sha256' : 'sha512-256';
}
