import { ManygetError } from '../base/errors.js';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { Download } from '../engine/download.js';
import { OutputState } from '../engine/output-state.js';
import { sourceMaker } from './source-maker.js';
import { realDisk } from '../store/disk.js';

/**
 * Begins to download one file from all of its sources at once. What goes wrong later rejects the handle's `done`.
 * @throws ManygetError `usage`: no source, or one of another scheme than mgp, http and https, or an
 * option of HTTP that means nothing.
 */
export function download(options: DownloadOptions): DownloadHandle {
  if (options.sources.length === 0) throw new ManygetError('usage', 'no source was given, expected at least one URL');
  const makeSource = sourceMaker(options);
  for (const url of options.sources) makeSource(url);
  const running = new Download({
    options,
    makeSource,
    output: new OutputState(realDisk, {
      output: options.output,
      resume: options.resume ?? true,
      overwrite: options.overwrite ?? false,
    }),
    random: Math.random,
  });
  running.start();
  return running;
}
