import type { ErrorCode } from '../base/errors.js';
import type { HashAlgorithm } from '../base/hash-algorithm.js';
import type { DigestKind } from './range-digest.js';

/** What crosses between PieceHasher and its workers. Answers come in the order of the jobs. */
export type HashJob =
  /** Digest of the first `length` bytes of shared memory. */
  | {
      readonly kind: 'block';
      readonly bytes: Uint8Array;
      readonly length: number;
      readonly digest: DigestKind;
    }
  /** Digests of ranges of a file. `stop` is shared: anything but 0 in its first cell ends the job early. */
  | {
      readonly kind: 'ranges';
      readonly path: string;
      readonly ranges: Float64Array;
      readonly digest: DigestKind;
      readonly stop: Int32Array;
    }
  /**
   * Read the file on from where the last job of this kind ended, up to `end`, into digests that go on; from byte 0
   * where it is the first one or says `fresh`. Answered without digests, until one says `finish`.
   */
  | {
      readonly kind: 'prefix';
      readonly path: string;
      readonly algorithms: readonly HashAlgorithm[];
      readonly end: number;
      readonly fresh: boolean;
      readonly finish: boolean;
    };

export type HashAnswer =
  | { readonly kind: 'digests'; readonly digests: Uint8Array }
  /** Not yet an answer: `bytes` more were read for the job under way. */
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
