/** A `get` of one address that may turn out to give a manifest. */
import type { GetRequest } from './get-request.js';

/** What `request` means where its one address turns out to give a manifest; undefined where it cannot mean that. */
export function asManifest(request: GetRequest): GetRequest | undefined {
  const { from } = request;
  if (from?.kind !== 'urls' || from.urls.length !== 1 || !/^https?:/i.test(from.urls[0] ?? '')) return undefined;
  return { ...request, from: { kind: 'lists', manifests: from.urls, inputFile: undefined } };
}
