import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import { download } from './download.js';
import type { FetchBytes } from './read-document.js';

/** A manifest that nobody sends for this long is not worth waiting for. */
const giveUpAfterMs = 30_000;
const lookEveryMs = 50;

/** How small documents are fetched: the options that have a meaning for any address. */
export type FetchOptions = Pick<DownloadOptions, 'http' | 'connectTimeoutMs' | 'giveUpAfterMs'>;

/**
 * Fetches small documents in the way in which files are fetched: the same protocols, proxies, credentials and rules for
 * redirects. A document that is, or turns out to be, too long is given up.
 */
export function documentFetcher(options: FetchOptions = {}): FetchBytes {
  return async (url, bytesMax, signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'manyget-document-'));
    try {
      const output = join(folder, 'document');
      const wanted: DownloadOptions = { giveUpAfterMs, ...options, sources: [url], output };
      const handle = download(signal === undefined ? wanted : { ...wanted, signal });
      await within(handle, bytesMax);
      return await readFile(output);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

async function within(handle: DownloadHandle, bytesMax: number): Promise<void> {
  let isTooLong = false;
  const timer = setInterval(() => {
    const { sizeBytes, doneBytes } = handle.snapshot();
    if ((sizeBytes ?? doneBytes) <= bytesMax || isTooLong) return;
    isTooLong = true;
    void handle.cancel('too long');
  }, lookEveryMs);
  try {
    isTooLong = (await handle.done).sizeBytes > bytesMax;
  } catch (error) {
    if (!isTooLong) throw error;
  } finally {
    clearInterval(timer);
  }
  if (isTooLong) throw new ManygetError('manifest-refused', `it has more than ${bytesMax} bytes`);
}
