import type { ByteRange } from '../base/byte-range.js';

export const connectionsPerSourceDefault = 16;

export interface SchedulerOptions {
  readonly pieceBytes: number;
  /** What is to be fetched. */
  readonly missing: Iterable<ByteRange>;
  /** Connections to one source at most. Default 16. */
  readonly connectionsPerSourceMax?: number | undefined;
}
