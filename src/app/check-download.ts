import type { DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import { parseChecksum } from '../wire/checksum.js';
import { checkOptionTypes } from './option-types.js';
import { sourceMaker, type MakeSource } from './source-maker.js';

const optionTypes = {
  sources: 'strings',
  output: 'string',
  resume: 'boolean',
  overwrite: 'boolean',
  verify: 'boolean',
  trust: 'strings',
  sha256: 'boolean',
  giveUpAfterMs: 'number',
  connectionsPerSourceMax: 'number',
  connectTimeoutMs: 'number',
  followLinks: 'boolean',
  refuseManifests: 'boolean',
  token: 'string',
  pins: 'strings',
  signal: 'signal',
} as const;

/**
 * What makes the sources of a download, each of which has been made once: what is wrong with an address or an option is
 * said before anything begins. Asks nobody.
 * @throws ManygetError `usage`.
 */
export function checkDownload(options: DownloadOptions): MakeSource {
  checkOptionTypes(options, optionTypes, ['sources']);
  if (options.sources.length === 0) throw new ManygetError('usage', 'no source was given, expected at least one URL');
  const makeSource = sourceMaker(options);
  for (const url of options.sources) makeSource(url);
  return makeSource;
}

/** @param where What `text` was given to. @throws ManygetError `usage`: it is no "sha-256=HEX". */
export function checkChecksum(text: string, where: string): void {
  parseChecksum(text, where);
}
