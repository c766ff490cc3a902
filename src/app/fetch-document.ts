import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';

/** A manifest that nobody sends for this long is not worth waiting for. */
const giveUpAfterMs = 30_000;
const lookEveryMs = 50;

/** How small documents are fetched: the options that have a meaning for any address. */
export type FetchOptions = Pick<DownloadOptions, 'http' | 'connectTimeoutMs' | 'giveUpAfterMs'>;

/** One document, by a download that `begin` begins. Rejects with the download's error, or with `manifest-refused`. */
export async function fetchDocument(
  begin: (options: DownloadOptions) => DownloadHandle,
  url: string,
  bytesMax: number,
  options: FetchOptions & { readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'manyget-document-'));
  try {
    const output = join(folder, 'document');
    const { signal, ...rest } = options;
    const wanted: DownloadOptions = { giveUpAfterMs, ...rest, sources: [url], output, followLinks: false };
    await within(begin(signal === undefined ? wanted : { ...wanted, signal }), bytesMax);
    return await readFile(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
