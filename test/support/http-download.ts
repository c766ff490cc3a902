import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { download } from '../../src/app/download.js';
import type { DownloadOptions } from '../../src/base/download-handle.js';
import type { ManygetError } from '../../src/base/errors.js';
import type { DownloadReport } from '../../src/base/snapshot.js';
import { tempFolder } from './temp-folder.js';

export type Outcome =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array; readonly report: DownloadReport }
  | { readonly kind: 'failed'; readonly error: ManygetError; readonly message: string };

/** Downloads into a fresh folder without the user's own settings, and says what came of it. */
export async function fetchFile(
  sources: readonly string[],
  options: Omit<DownloadOptions, 'sources'> = {},
): Promise<Outcome> {
  const output = options.output ?? path.join(tempFolder(), 'out.bin');
  const handle = download({
    sources,
    output,
    giveUpAfterMs: 6000,
    ...options,
    http: { netrc: false, proxy: {}, ...options.http },
  });
  try {
    const report = await handle.done;
    return { kind: 'whole', bytes: readFileSync(report.outputPath), report };
  } catch (error) {
    if (existsSync(output)) throw new Error(`a failed download left ${output}`, { cause: error });
    return { kind: 'failed', error: error as ManygetError, message: (error as ManygetError).message };
  }
}
