import * as v from 'valibot';
import { errorTable, type ErrorCode } from '../../base/errors.js';
import type { SourceSnapshot } from '../../base/snapshot.js';

/** How far a download has come, as the store keeps it: what lists show of one that is not running. */
export interface EntryProgress {
  readonly name: string;
  readonly outputPath: string;
  /** Where it has to go, other than its options say, since that place was taken. */
  readonly forcedOutput?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly doneBytes: number;
  readonly verifiedBytes: number;
  readonly pieceBytes?: number | undefined;
  readonly pieceCount?: number | undefined;
  readonly elapsedMs: number;
  readonly duplicateBytes: number;
  readonly sha256?: string | undefined;
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined;
  readonly sources: readonly SourceSnapshot[];
  /** The map of the file when it was fetched last (`flatRuns`). */
  readonly map?: readonly number[] | undefined;
}

export const noProgress: EntryProgress = {
  name: '',
  outputPath: '',
  doneBytes: 0,
  verifiedBytes: 0,
  elapsedMs: 0,
  duplicateBytes: 0,
  sources: [],
};

const isErrorCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(errorTable, text);
const source = v.pipe(
  v.looseObject({ id: v.number(), url: v.string(), label: v.string(), state: v.string() }),
  // Written by this program, in a store that only it opens.
  v.transform((found) => found as unknown as SourceSnapshot),
);
const progressSchema = v.object({
  name: v.string(),
  outputPath: v.string(),
  forcedOutput: v.optional(v.string()),
  sizeBytes: v.optional(v.number()),
  doneBytes: v.number(),
  verifiedBytes: v.number(),
  pieceBytes: v.optional(v.number()),
  pieceCount: v.optional(v.number()),
  elapsedMs: v.number(),
  duplicateBytes: v.number(),
  sha256: v.optional(v.string()),
  error: v.optional(v.object({ code: v.custom<ErrorCode>(isErrorCode), message: v.string() })),
  sources: v.array(source),
  map: v.optional(v.array(v.number())),
});

/** @throws what JSON and the schema say, where the text is not of a progress. */
export function progressFromJson(text: string): EntryProgress {
  return v.parse(progressSchema, JSON.parse(text));
}
