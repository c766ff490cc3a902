import type { ErrorCode } from '../base/errors.js';
import type { DigestKind } from './range-digest.js';

/** What crosses between PieceHasher and its workers. Answers come in the order of the jobs. */
export type HashJob =
  /** SHA-256 of the first `length` bytes of shared memory. */
  | { readonly kind: 'block'; readonly bytes: Uint8Array; readonly length: number }
  /** Digests of ranges of a file. `stop` is shared: anything but 0 in its first cell ends the job early. */
  | {
      readonly kind: 'ranges';
      readonly path: string;
      readonly ranges: Float64Array;
      readonly digest: DigestKind;
      readonly stop: Int32Array;
    };

export type HashAnswer =
  | { readonly kind: 'digests'; readonly digests: Uint8Array }
  /** Not yet an answer: `bytes` more were read for the job under way. */
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
