import type { DownloadOptions } from '../../base/download-handle.js';
import type { ErrorCode } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadReport, DownloadSnapshot } from '../../base/snapshot.js';

/**
 * What crosses between the daemon's thread that answers and the one that downloads. A download has a number of its own
 * for each run; what is said of one that has ended is dropped on either side.
 */
export interface EngineWishes {
  /** Functions do not cross: the gate of connections is the engine's own, and `cancel` ends a download. */
  readonly options: Omit<DownloadOptions, 'connectionGate' | 'signal'>;
  /** Addresses that are to rest from the beginning. */
  readonly unused: readonly string[];
  /** How many run at once, at most: that many share the memory. */
  readonly downloadsAtOnce: number;
}

export type DownloadCommand =
  | { readonly type: 'pause' | 'resume' }
  | { readonly type: 'add-source'; readonly url: string }
  | { readonly type: 'remove-source' | 'disable-source' | 'enable-source'; readonly source: number }
  | { readonly type: 'limit'; readonly bytesPerSec: number | undefined }
  | { readonly type: 'limit-source'; readonly source: number; readonly bytesPerSec: number | undefined }
  | { readonly type: 'cancel'; readonly reason: string }
  | { readonly type: 'map'; readonly cells: number };

export type ToEngine =
  | { readonly type: 'begin'; readonly id: number; readonly wishes: EngineWishes }
  /** Of all downloads together, as the option has it: "0" is none. */
  | { readonly type: 'connections-per-host'; readonly limit: string | undefined }
  /** Answered exactly once, unless the download has ended. */
  | { readonly type: 'command'; readonly id: number; readonly call: number; readonly command: DownloadCommand }
  | {
      readonly type: 'read';
      readonly id: number;
      readonly reader: number;
      readonly start: number;
      readonly end: number | undefined;
    }
  /** The reader wants one more chunk. */
  | { readonly type: 'read-on'; readonly reader: number }
  | { readonly type: 'read-end'; readonly reader: number };

/** An error without its cause, which would not survive the way. */
export interface CrossingError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What is new of one download. */
export interface DownloadNews {
  readonly id: number;
  readonly snapshot: DownloadSnapshot;
  readonly events: readonly DownloadEvent[];
}

export type FromEngine =
  /** All that run, a few times a second. */
  | { readonly type: 'news'; readonly of: readonly DownloadNews[] }
  /** The state of each piece, in memory that both threads see. */
  | { readonly type: 'pieces'; readonly id: number; readonly states: Uint8Array }
  | { readonly type: 'answer'; readonly id: number; readonly call: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly call: number; readonly error: CrossingError }
  /** With the map as it is then (`flatRuns`). */
  | { readonly type: 'done'; readonly id: number; readonly report: DownloadReport; readonly map: Int32Array }
  /** Without a map where it never began. */
  | { readonly type: 'failed'; readonly id: number; readonly error: CrossingError; readonly map?: Int32Array }
  /** Undefined: there is no more. */
  | { readonly type: 'chunk'; readonly reader: number; readonly chunk: Uint8Array | undefined }
  | { readonly type: 'read-failed'; readonly reader: number; readonly error: CrossingError };

/** Handed to the thread when it starts. */
export interface EngineThreadData {
  /** Threads of this process that downloaded before, and are gone: what they have locked is free. */
  readonly endedThreads: readonly number[];
}
