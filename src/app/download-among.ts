import { ManygetError } from '../base/errors.js';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { Download } from '../engine/download.js';
import type { DownloadOutput } from '../engine/download-output.js';
import { InOrderOutput } from '../engine/in-order-output.js';
import { OutputState } from '../engine/output-state.js';
import { manifestFetcher } from './follow-manifest.js';
import { checkDownload } from './check-download.js';
import type { MakeSource } from './source-maker.js';
import { realDisk } from '../store/disk.js';
import type { MeansShare } from '../store/shared-means.js';

export { forgetThreads } from '../store/output-lock.js';
export { SharedMeans } from '../store/shared-means.js';

const windowBytesDefault = 32 * 1024 * 1024;
const windowBytesMin = 1024 * 1024;
const windowBytesMax = 1024 * 1024 * 1024;

/** As `download`, for one of several in this process that share what they need. */
export function downloadAmong(options: DownloadOptions, shared: MeansShare | undefined): DownloadHandle {
  return begin(options, checkDownload(options), shared);
}

function begin(options: DownloadOptions, makeSource: MakeSource, shared: MeansShare | undefined): DownloadHandle {
  const running = new Download({
    options,
    makeSource,
    // In the same way as the file, so that credentials go where they belong and nowhere else.
    fetchManifest: manifestFetcher((wanted, learned) => begin(wanted, (url) => makeSource(url, learned), shared)),
    output: outputOf(options),
    random: Math.random,
    shared,
  });
  running.start();
  return running;
}

function outputOf(options: DownloadOptions): DownloadOutput {
  const { output, resume = true, overwrite = false, inOrder, manifest, sha256 = false } = options;
  if (inOrder === undefined) return new OutputState(realDisk, { output, resume, overwrite });
  const { windowBytes = windowBytesDefault } = inOrder;
  if (!(windowBytes >= windowBytesMin && windowBytes <= windowBytesMax)) {
    throw new ManygetError(
      'usage',
      `a window of ${windowBytes} bytes, expected ${windowBytesMin} to ${windowBytesMax}`,
    );
  }
  return new InOrderOutput({ windowBytes: Math.floor(windowBytes), expected: manifest?.hashes ?? {}, sha256 });
}
