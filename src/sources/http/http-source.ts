import { ManygetError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { withoutLogin } from '../../base/source-address.js';
import type { ConnectionHandler, LearnedAddress, Sampler, Source, SourceConnection } from '../source.js';
import type { HttpClient } from './http-client.js';
import { HttpConnection } from './http-connection.js';
import { HttpFile } from './http-file.js';
import { isPrivateHost } from './http-redirect.js';
import { HttpSampler } from './http-sampler.js';

/** A file on any HTTP or HTTPS server. */
export class HttpSource implements Source {
  readonly url: string;
  readonly label: string;
  readonly fileName: string;
  readonly willHash = false;
  readonly mayBeRenamed = true;
  readonly #file: HttpFile;
  readonly #client: HttpClient;

  /**
   * @param learned Somebody else than the user named it: a login in it does not count.
   * @throws ManygetError `usage`: not a URL of http or https, or the proxy that leads there is set to what is no address.
   * `http-redirect`: it must not be fetched from.
   */
  constructor(url: string, client: HttpClient, learned?: LearnedAddress) {
    const parsed = parseHttpUrl(url);
    if (learned === undefined) client.credentials.addNamed(parsed);
    if (learned?.publicOnly === true && isPrivateHost(parsed.hostname)) {
      throw new ManygetError('http-redirect', `${parsed.origin} is inside of this network, and was named from outside`);
    }
    // A proxy's setting that is no address is said at once, not at the first connection.
    client.proxyFor(parsed);
    this.#client = client;
    this.#file = new HttpFile(parsed, learned);
    this.url = this.#file.original.href;
    this.label = this.#file.original.host;
    this.fileName = this.#file.urlName;
  }

  connect(handler: ConnectionHandler, options: { readonly connectTimeoutMs: number }): SourceConnection {
    return new HttpConnection(this.#file, this.#client, handler, options.connectTimeoutMs);
  }

  sampler(): Sampler {
    return new HttpSampler(this.#file, this.#client);
  }

  /** HTTP has no list of files. */
  list(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** @throws ManygetError `usage`. */
export function parseHttpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new ManygetError('usage', `source "${printable(withoutLogin(text))}" is not a URL of http or https`);
}
