import { sameSecret } from '../wire/mgp-auth.js';
import { givenToken } from '../wire/http-auth.js';
import { announcesBody, type HttpRequestHead } from '../wire/http-request-head.js';
import { encodePath, readTarget, type HttpRequestTarget } from '../wire/http-request-target.js';
import type { CatalogFile } from './catalog.js';
import { answerFile } from './http-file-answer.js';
import { plainAnswer, type HttpAnswer } from './http-answer.js';
import { answerFolder } from './folder-answer.js';
import { hashesSettled } from './hash-wait.js';
import { manifestName, manifestSuffix, manifestText } from './manifest-page.js';
import type { ServerContext } from './server-context.js';
import { fleetAddresses, type LocalEnd } from './sibling-links.js';

/** Methods that exist, and that files do not have. Others are not implemented (RFC 9110 15.6.2). */
const refusedMethods: ReadonlySet<string> = new Set(
  'POST PUT DELETE OPTIONS TRACE CONNECT PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK'.split(' '),
);
/** How often a file that changes under a request is looked up again. */
const attemptsMax = 3;
/** How long a request that names a content id waits for this server to know its own: a cache answers in less. */
const contentIdMsMax = 1000;
const retryAfterSec = 1;

/** Decides what the requests of HTTP clients are answered with. Sends nothing, and keeps nothing of a connection. */
export class HttpRequests {
  readonly #context: ServerContext;
  readonly #peer: string;
  readonly #local: LocalEnd;

  constructor(context: ServerContext, peer: string, local: LocalEnd) {
    this.#context = context;
    this.#peer = peer;
    this.#local = local;
  }

  /** @throws HttpRequestRefusal; whatever the disk throws. */
  async answer(head: HttpRequestHead): Promise<HttpAnswer> {
    const target = readTarget(head, this.#peer);
    const refusal = this.#refusal(head);
    if (refusal !== undefined) return refusal;
    const { name } = target;
    if (name === '' || name.endsWith('/')) return answerFolder(head, target, this.#context);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const file = await this.#context.catalog.find(name);
      if (file === undefined) return this.#withoutFile(head, target);
      const answer = await this.#answerFile(head, target, file);
      if (answer !== undefined) return answer;
    }
    return busy(`"${name}" changes all the time`);
  }

  /** What is answered without a look at what is asked for. */
  #refusal(head: HttpRequestHead): HttpAnswer | undefined {
    const { token } = this.#context;
    if (token !== undefined && !sameSecret(givenToken(head.headers.get('authorization')), token)) {
      return plainAnswer(401, 'this server wants a token: as a Bearer token, or as the password of any user', [
        ['WWW-Authenticate', 'Bearer realm="manyget", Basic realm="manyget", charset="UTF-8"'],
      ]);
    }
    if (head.method !== 'GET' && head.method !== 'HEAD') {
      if (!refusedMethods.has(head.method)) return plainAnswer(501, `the method ${head.method} is not known here`);
      return plainAnswer(405, `files are read here, by GET and HEAD alone`, [['Allow', 'GET, HEAD']]);
    }
    const expect = head.headers.get('expect');
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
      return plainAnswer(417, `the expectation "${expect}" cannot be met`);
    }
    return announcesBody(head, this.#peer) ? plainAnswer(413, 'a request for a file has no body') : undefined;
  }

  async #answerFile(
    head: HttpRequestHead,
    target: HttpRequestTarget,
    file: CatalogFile,
  ): Promise<HttpAnswer | undefined> {
    const { hashes } = this.#context;
    let table = hashes.want(file.name, file);
    if (table?.done !== true && namesContentId(head)) {
      await hashesSettled(hashes, file, contentIdMsMax);
      table = hashes.want(file.name, file);
    }
    const addresses = fleetAddresses(target, this.#local, this.#context.alivePorts.list);
    return answerFile({ head, target, file, table, addresses, nowMs: Date.now() }, this.#context);
  }

  async #withoutFile(head: HttpRequestHead, target: HttpRequestTarget): Promise<HttpAnswer> {
    const { name } = target;
    const described = name.endsWith(manifestSuffix) ? name.slice(0, -manifestSuffix.length) : '';
    const file = await this.#context.catalog.find(described);
    if (file !== undefined && manifestName(file) !== undefined) return this.#answerManifest(target, file);
    if ((await this.#context.catalog.findFolder(name)) === undefined) {
      return plainAnswer(404, `there is no file "${name}" here`);
    }
    const query = target.query === '' ? '' : `?${target.query.replace(/[^\u0021-\u007e]/g, '')}`;
    return plainAnswer(301, `"${name}" is a folder`, [['Location', `/${encodePath(name)}/${query}`]]);
  }

  #answerManifest(target: HttpRequestTarget, file: CatalogFile): HttpAnswer {
    const table = this.#context.hashes.want(file.name, file);
    if (table?.done !== true) return busy(`"${file.name}" is still being hashed`);
    const addresses = fleetAddresses(target, this.#local, this.#context.alivePorts.list);
    const text = manifestText(file.name, file, table, addresses, this.#context.agent);
    return {
      status: 200,
      headers: [
        ['Content-Type', 'application/metalink4+xml'],
        ['Cache-Control', 'no-cache'],
        ['X-Content-Type-Options', 'nosniff'],
      ],
      body: { kind: 'text', text },
    };
  }
}

/** An answer that may be another one soon. */
export function busy(sentence: string): HttpAnswer {
  return plainAnswer(503, sentence, [['Retry-After', String(retryAfterSec)]]);
}

function namesContentId(head: HttpRequestHead): boolean {
  const { headers } = head;
  return /"[0-9a-f]{64}"/.test(`${headers.get('if-range') ?? ''},${headers.get('if-match') ?? ''}`);
}
