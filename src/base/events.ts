import type { ErrorCode } from './errors.js';
import type { DownloadPhase } from './snapshot.js';

/**
 * What happened in a download, in order, each with its reason in words. `atMs` counts from the start of the run.
 * `source` and `victim` are source ids, `connection` a connection's number.
 */
export type DownloadEvent = { readonly atMs: number } &
  /** `code`: of the error behind it, where the phase is `failed` or `disk-full`; `aborted` is the user's own doing. */
  (
    | {
        readonly type: 'phase';
        readonly phase: DownloadPhase;
        readonly code: ErrorCode | undefined;
        readonly reason: string;
      }
    | { readonly type: 'source-added'; readonly source: number; readonly url: string }
    | { readonly type: 'source-ready'; readonly source: number; readonly connection: number; readonly reason: string }
    | { readonly type: 'source-lost'; readonly source: number; readonly code: ErrorCode; readonly reason: string }
    | {
        readonly type: 'source-quarantined';
        readonly source: number;
        readonly code: ErrorCode;
        readonly reason: string;
      }
    | { readonly type: 'source-removed'; readonly source: number; readonly reason: string }
    /** It is not used for now, and can be again. */
    | { readonly type: 'source-disabled'; readonly source: number; readonly reason: string }
    | { readonly type: 'source-enabled'; readonly source: number; readonly reason: string }
    /** The user changed what a source, or the whole download, may do. */
    | { readonly type: 'setting'; readonly source: number | undefined; readonly reason: string }
    | { readonly type: 'connection-opening'; readonly source: number; readonly reason: string }
    | {
        readonly type: 'connection-closed';
        readonly source: number;
        readonly connection: number;
        readonly reason: string;
      }
    | {
        readonly type: 'segment-assigned';
        readonly source: number;
        readonly connection: number;
        readonly start: number;
        readonly end: number;
        readonly reason: string;
      }
    | {
        readonly type: 'segment-stolen' | 'segment-hedged';
        readonly source: number;
        readonly connection: number;
        readonly victim: number;
        readonly start: number;
        readonly end: number;
        readonly reason: string;
      }
    | {
        readonly type: 'piece-corrupt';
        readonly piece: number;
        readonly sources: readonly number[];
        readonly reason: string;
      }
    | { readonly type: 'hashes-known'; readonly source: number; readonly reason: string }
    | { readonly type: 'notice'; readonly reason: string }
  );

/** Distributes over the union, so that a maker of events may leave the time to the one who records them. */
export type DownloadEventBody = DownloadEvent extends infer E
  ? E extends DownloadEvent
    ? Omit<E, 'atMs'>
    : never
  : never;
