import type { ErrorCode } from './errors.js';
import type { DownloadEvent } from './events.js';
import type { DownloadPhase, SourceSnapshot } from './snapshot.js';

/**
 * What every view of a daemon's queue shows: page, RPC, terminal. Plain data, safe to serialise. Times are milliseconds
 * (of the clock, where the name says `At`), sizes bytes, speeds bytes a second.
 */
export type QueueState = 'waiting' | 'active' | 'paused' | 'complete' | 'error' | 'removed';

export interface QueueError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One download of the queue, as a list shows it. */
export interface QueueItem {
  /** 16 hexadecimal digits, for good. */
  readonly gid: string;
  readonly name: string;
  readonly state: QueueState;
  /** Of an active one; undefined for the others. */
  readonly phase: DownloadPhase | undefined;
  readonly note: string;
  /** 0 is next; -1 where it is not in the queue of those that wait. */
  readonly position: number;
  readonly sizeBytes: number | undefined;
  readonly doneBytes: number;
  readonly verifiedBytes: number;
  readonly speedBytesPerSec: number;
  readonly etaMs: number | undefined;
  readonly connections: number;
  readonly sourceCount: number;
  readonly addedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly outputPath: string;
  readonly error: QueueError | undefined;
  /** Path on the daemon where the file can be read, with ranges, also while it arrives; holds its own key. */
  readonly playPath: string;
}

/** Equal neighbours of the map: how many cells, their state (index in `mapStates`), their source. */
export type MapRun = readonly [cells: number, state: number, source: number];

export const mapStates = ['missing', 'in-flight', 'received', 'verified'] as const;

/** The speed of each source at one moment: [source id, bytes a second, ...]. */
export interface SpeedSample {
  readonly atMs: number;
  readonly speeds: readonly number[];
}

/** An event of a download with its number: a view asks for what is newer than the last one that it has. */
export interface NumberedEvent {
  readonly number: number;
  /** By the clock. */
  readonly clockMs: number;
  readonly event: DownloadEvent;
}

/** One download, as the view of this one shows it. */
export interface QueueDetail {
  readonly item: QueueItem;
  readonly sources: readonly SourceSnapshot[];
  readonly uris: readonly string[];
  readonly pieceBytes: number | undefined;
  readonly pieceCount: number | undefined;
  readonly resumedBytes: number;
  readonly duplicateBytes: number;
  readonly elapsedMs: number;
  readonly options: Readonly<Record<string, string>>;
  readonly sha256: string | undefined;
}

/** What is known of one server over all downloads. */
export interface ServerRecord {
  readonly origin: string;
  readonly bytes: number;
  readonly downloads: number;
  readonly faults: number;
  readonly meanSpeedBytesPerSec: number;
  readonly lastSeenAtMs: number;
}

export interface QueueTotals {
  readonly active: number;
  readonly waiting: number;
  readonly stopped: number;
  readonly speedBytesPerSec: number;
}
