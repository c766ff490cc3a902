import { download } from './download.js';
import { fetchDocument, type FetchOptions } from './fetch-document.js';
import type { FetchBytes } from './read-document.js';

/**
 * Fetches small documents in the way in which files are fetched: the same protocols, proxies, credentials and rules for
 * redirects. A document that is, or turns out to be, too long is given up; `signal` ends all that are being fetched.
 */
export function documentFetcher(options: FetchOptions & { readonly signal?: AbortSignal } = {}): FetchBytes {
  return (url, bytesMax) => fetchDocument(download, url, bytesMax, options);
}
