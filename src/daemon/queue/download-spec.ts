import * as v from 'valibot';
import { strongestFirst, type HashAlgorithm } from '../../base/hash-algorithm.js';
import type { ExpectedContent } from '../../base/manifest.js';

/** What one download of the queue is to be: kept in the store, and enough to begin it anew at any time. */
export interface DownloadSpec {
  readonly sources: readonly string[];
  /** Those of them that somebody wants not to be used, until he says otherwise. */
  readonly unused?: readonly string[] | undefined;
  /** By aria2's names (option-table.ts); what is not set follows the daemon's own options. */
  readonly options: Readonly<Record<string, string>>;
  /**
   * Who gets `header`, `http-user` and `referer` where a manifest names the sources: the one origin that the user named,
   * "" for nobody. Undefined: the one origin of the sources, which the user named himself.
   */
  readonly origin?: string | undefined;
  readonly content: ExpectedContent;
  /** Where a manifest puts the file, below the folder. */
  readonly relativePath: string | undefined;
}

const algorithm = v.picklist(strongestFirst as readonly [HashAlgorithm, ...HashAlgorithm[]]);
const specSchema = v.object({
  sources: v.array(v.string()),
  unused: v.optional(v.array(v.string())),
  options: v.record(v.string(), v.string()),
  origin: v.optional(v.string()),
  relativePath: v.optional(v.string()),
  content: v.object({
    sizeBytes: v.optional(v.number()),
    hashes: v.optional(v.record(v.string(), v.string())),
    pieces: v.optional(v.object({ algorithm, pieceBytes: v.number(), digests: v.string() })),
  }),
});

export function specToJson(spec: DownloadSpec): string {
  const { pieces } = spec.content;
  const digests = pieces === undefined ? '' : Buffer.from(pieces.digests).toString('base64');
  const content = { ...spec.content, ...(pieces === undefined ? {} : { pieces: { ...pieces, digests } }) };
  return JSON.stringify({ ...spec, content });
}

/** @throws what JSON and the schema say, where the text is not of `specToJson`. */
export function specFromJson(text: string): DownloadSpec {
  const { sources, unused, options, origin, relativePath, content } = v.parse(specSchema, JSON.parse(text));
  const { pieces } = content;
  return {
    sources,
    unused,
    options,
    origin,
    relativePath,
    content: {
      sizeBytes: content.sizeBytes,
      hashes: content.hashes,
      pieces: pieces === undefined ? undefined : { ...pieces, digests: Buffer.from(pieces.digests, 'base64') },
    },
  };
}
