import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';

/** A manifest that nobody sends for this long is not worth waiting for. */
const giveUpAfterMs = 30_000;

/** How small documents are fetched: the options that have a meaning for any address. */
export type FetchOptions = Pick<DownloadOptions, 'http' | 'connectTimeoutMs' | 'giveUpAfterMs'>;

/**
 * One document, by a download that `begin` begins, in memory: the state that a file has on the disk costs more than to
 * fetch it again. Rejects with the download's error, or with `manifest-refused`.
 */
export async function fetchDocument(
  begin: (options: DownloadOptions) => DownloadHandle,
  url: string,
  bytesMax: number,
  options: FetchOptions & { readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const { signal, ...rest } = options;
  const wanted: DownloadOptions = { giveUpAfterMs, ...rest, sources: [url], inOrder: {}, followLinks: false };
  const handle = begin(signal === undefined ? wanted : { ...wanted, signal });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Who leaves before the end cancels the download.
  for await (const chunk of handle.createReader()) {
    bytes += chunk.length;
    if (Math.max(bytes, handle.snapshot().sizeBytes ?? 0) > bytesMax) {
      throw new ManygetError('manifest-refused', `it has more than ${bytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  await handle.done;
  return Buffer.concat(chunks);
}
