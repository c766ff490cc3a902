import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import type { FetchManifest } from '../engine/published.js';
import type { LearnedAddress } from '../sources/source.js';
import { metalinkLimits } from '../wire/metalink-limits.js';
import { fetchDocument } from './fetch-document.js';

/** Begins a download of one address that somebody else than the user named. */
export type BeginLearned = (options: DownloadOptions, learned: LearnedAddress) => DownloadHandle;

/** Fetches manifests that servers name; whoever never meets one loads no reader of XML. */
export function manifestFetcher(begin: BeginLearned): FetchManifest {
  return async (url, name, learned, signal) => {
    const fetched = fetchDocument((options) => begin(options, learned), url, metalinkLimits.bytesMax, { signal });
    const [bytes, { parseMetalink }, { manifestOf }] = await Promise.all([
      fetched,
      import('../wire/metalink.js'),
      import('./manifest.js'),
    ]);
    return manifestOf(parseMetalink(bytes, url), name, url);
  };
}
