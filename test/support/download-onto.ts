import { sourceMaker } from '../../src/app/source-maker.js';
import type { DownloadOptions } from '../../src/base/download-handle.js';
import type { DownloadOutput } from '../../src/engine/download-output.js';
import { Download } from '../../src/engine/download.js';
import { OutputState } from '../../src/engine/output-state.js';
import type { Disk } from '../../src/store/disk.js';
import type { DownloadLab } from './download-lab.js';

/** Where a lab's download goes, on a disk of the test's own. */
export function outputOnto(lab: DownloadLab, disk: Disk): OutputState {
  return new OutputState(disk, { output: lab.output, resume: true, overwrite: false });
}

/** A download whose bytes go to `output`. */
export function getOnto(
  lab: DownloadLab,
  output: DownloadOutput,
  sources: readonly string[],
  giveUpAfterMs = 60_000,
): Download {
  const options: DownloadOptions = { sources, output: lab.output, giveUpAfterMs };
  const fetchManifest = (): Promise<never> => Promise.reject(new Error('nobody names a manifest here'));
  const makeSource = sourceMaker(options);
  const handle = new Download({ options, makeSource, fetchManifest, output, random: () => 0.5 });
  handle.start();
  return lab.keep(handle);
}
