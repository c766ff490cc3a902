import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { downloadAmong } from './download-among.js';

/**
 * Begins to download one file from all of its sources at once. What goes wrong later rejects the handle's `done`.
 * @throws ManygetError `usage`: no source, or one of another scheme than mgp, mgps, http and https, or
 * an option that means nothing.
 */
export function download(options: DownloadOptions): DownloadHandle {
  return downloadAmong(options, undefined);
}
