import { asManygetError, ManygetError, type ErrorCode } from '../../base/errors.js';
import type { HttpClient } from './http-client.js';
import type { HttpFile } from './http-file.js';
import { followRedirect } from './http-redirect.js';

/** The redirects that one connection has followed on its way to the file, one after the other. */
export class FollowedRedirects {
  readonly #file: HttpFile;
  readonly #client: HttpClient;
  #count = 0;

  constructor(file: HttpFile, client: HttpClient) {
    this.#file = file;
    this.#client = client;
  }

  /**
   * The file is to be asked for where an answer from `remoteAddress` says.
   * @throws ManygetError `http-redirect`: nowhere that may be followed.
   */
  follow(location: string | undefined, remoteAddress: string | undefined): void {
    const fromPublic = this.#file.isFromPublic(remoteAddress);
    const to = followRedirect({
      from: this.#file.url,
      location,
      count: this.#count,
      fromPublic,
      hasCredentials: (url) => this.#client.hasCredentials(url),
    });
    this.#count += 1;
    this.#checkProxy(to);
    this.#file.movedTo(to, fromPublic);
  }

  /** The proxy that leads there may have no part in the way so far, and be set to what is no address. */
  #checkProxy(to: URL): void {
    try {
      this.#client.proxyFor(to);
    } catch (cause) {
      throw new ManygetError('http-redirect', `${to.origin} is out of reach: ${asManygetError(cause).message}`, {
        cause,
      });
    }
  }

  /** The way has ended at the file. */
  arrived(): void {
    this.#count = 0;
  }

  /** True where an address that has worked has expired, as `code` says: they are followed anew from the file's own one. */
  startOver(code: ErrorCode): boolean {
    const expires = code === 'not-found' || code === 'http-forbidden' || code === 'http-unauthorized';
    if (!expires || !this.#file.mayHaveExpired || this.#count > 0) return false;
    this.#file.forgetMove();
    return true;
  }
}
