import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import type { FetchManifest } from '../engine/published.js';
import type { LearnedAddress } from '../sources/source.js';
import { metalinkLimits } from '../wire/metalink-limits.js';
import type * as Metalinks from '../wire/metalink.js';
import type * as Manifests from './manifest.js';
import { fetchDocument } from './fetch-document.js';

/** Begins a download of one address that somebody else than the user named. */
type BeginLearned = (options: DownloadOptions, learned: LearnedAddress) => DownloadHandle;

/** Loads what manifests are read with: for whoever has the time now and will not later. */
export async function loadManifestReader(): Promise<[typeof Metalinks, typeof Manifests]> {
  return Promise.all([import('../wire/metalink.js'), import('./manifest.js')]);
}

/** Fetches manifests that servers name; whoever never meets one loads no reader of XML. */
export function manifestFetcher(begin: BeginLearned): FetchManifest {
  return async (url, name, learned, signal) => {
    const fetched = fetchDocument((options) => begin(options, learned), url, metalinkLimits.bytesMax, { signal });
    const [bytes, [{ parseMetalink }, { manifestOf }]] = await Promise.all([fetched, loadManifestReader()]);
    return manifestOf(parseMetalink(bytes, url), name, url);
  };
}
