/**
 * What every view of a download or of a fleet shows: terminal, JSON, web page, RPC. Plain data, safe to serialise.
 * Times are milliseconds, sizes bytes, speeds bytes a second.
 */

/** What a download is about; `note` of its snapshot says why. It ends as `done` or `failed`. */
export type DownloadPhase =
  'connecting' | 'resuming' | 'downloading' | 'waiting' | 'paused' | 'disk-full' | 'finishing' | 'done' | 'failed';

/**
 * How it is with a source: `active` brings bytes, `ready` could, `stalled` has an order and brings nothing, `backing-off`
 * is tried again later, `closed` is not connected. Used no more: `quarantined` for what it did, `removed` or `disabled`
 * by the user.
 */
export type SourceState =
  'connecting' | 'ready' | 'active' | 'stalled' | 'backing-off' | 'closed' | 'quarantined' | 'removed' | 'disabled';

/** One source of a running download. */
export interface SourceSnapshot {
  /** Numbered from 0, in the order of their coming. */
  readonly id: number;
  readonly url: string;
  /** Short text for a narrow column: host and port. */
  readonly label: string;
  readonly state: SourceState;
  /** Why it is in this state, in words; empty where the state says it all. */
  readonly note: string;
  readonly connections: number;
  /** Bytes it delivered that are in the file. */
  readonly receivedBytes: number;
  /** Bytes of the file that it has delivered or holds an order for. */
  readonly assignedBytes: number;
  /** Bytes it delivered that somebody else had delivered too. */
  readonly duplicateBytes: number;
  readonly speedBytesPerSec: number;
  /** Bytes delivered over the time it was connected. */
  readonly meanSpeedBytesPerSec: number;
  /** TCP connect time, last one; undefined before the first. */
  readonly connectMs: number | undefined;
  /** From a request to its first byte, smoothed. */
  readonly firstByteMs: number | undefined;
  /** Time connected without anything on order, and time with an order out and nothing arriving. */
  readonly waitingMs: number;
  readonly faults: number;
  /** What it may bring at most; undefined: no limit of its own. */
  readonly limitBytesPerSec: number | undefined;
  /** Sources of a higher tier are used only while those below it do not suffice. */
  readonly tier: number;
}

/** A download as it is now. */
export interface DownloadSnapshot {
  readonly phase: DownloadPhase;
  readonly note: string;
  /** Of the file; the one in its address until a source has said another. */
  readonly name: string;
  /** Where the file will be: absolute; "-" where none is written; empty until that is known. */
  readonly outputPath: string;
  readonly sizeBytes: number | undefined;
  /** Bytes in the file now, resumed ones included. */
  readonly doneBytes: number;
  readonly verifiedBytes: number;
  /** Bytes that an earlier run had left and this one re-verified. */
  readonly resumedBytes: number;
  /** Bytes that came more than once, or came wrong. */
  readonly duplicateBytes: number;
  readonly speedBytesPerSec: number;
  /** What all sources together may bring at most; undefined: no limit. */
  readonly limitBytesPerSec: number | undefined;
  readonly etaMs: number | undefined;
  readonly elapsedMs: number;
  readonly pieceBytes: number | undefined;
  readonly pieceCount: number | undefined;
  readonly sources: readonly SourceSnapshot[];
}

/** What is known of bytes of the file; `received` ones are in it and not compared with a hash yet. */
export type MapState = 'missing' | 'in-flight' | 'received' | 'verified';

/** One cell of the picture of a file: what most of its bytes are. */
export interface MapCell {
  readonly state: MapState;
  /** Source that delivered (or holds the order for) most of it; -1 for none, -2 for an earlier run. */
  readonly source: number;
}

/** What one source did for a download that has ended; the fields are those of `SourceSnapshot`. */
export interface SourceReport {
  readonly id: number;
  readonly url: string;
  readonly label: string;
  /** Bytes it delivered that are in the file. */
  readonly bytes: number;
  /** Its part of the bytes fetched in this run, 0 to 1. */
  readonly share: number;
  readonly connectMs: number | undefined;
  readonly firstByteMs: number | undefined;
  readonly waitingMs: number;
  readonly meanSpeedBytesPerSec: number;
  readonly duplicateBytes: number;
  readonly faults: number;
  /** Any part of the file can be had from it; false: only from the start on, in order. Undefined: it never answered. */
  readonly ranges: boolean | undefined;
  readonly note: string;
}

/** What came of a download that is complete. */
export interface DownloadReport {
  readonly name: string;
  readonly outputPath: string;
  readonly sizeBytes: number;
  /** Bytes of the file that came in this run. */
  readonly fetchedBytes: number;
  readonly resumedBytes: number;
  readonly duplicateBytes: number;
  readonly elapsedMs: number;
  readonly speedBytesPerSec: number;
  /** Bytes over what the sources could have delivered while they were alive, at each one's measured speed; 0 to 1. */
  readonly efficiency: number;
  /** Hex; undefined where nobody stated it and it was not asked for. */
  readonly sha256: string | undefined;
  /** Who says so: computed here from the finished file, or stated by the servers, whose pieces were all verified. */
  readonly sha256Origin: 'computed' | 'stated' | undefined;
  readonly piecesVerified: number;
  readonly pieceCount: number;
  /** Names of the hashes of the whole file that were stated, and are right ("sha-256"); empty where there was none. */
  readonly wholeVerified: string;
  readonly sources: readonly SourceReport[];
}

/** How it is with a server; a `failed` one ended by itself, `note` says why, and can be opened again. */
export type ServerState = 'starting' | 'alive' | 'closing' | 'closed' | 'failed';

/** One server of a fleet. Servers are numbered from 1, as their operator types them. */
export interface ServerSnapshot {
  readonly number: number;
  readonly host: string;
  readonly port: number;
  readonly state: ServerState;
  readonly note: string;
  readonly clients: number;
  readonly sentBytes: number;
  readonly speedBytesPerSec: number;
}

/** A file that a fleet offers. */
export interface ServedFileSnapshot {
  readonly name: string;
  readonly sizeBytes: number;
  /** Share of it whose piece hashes are known, 0 to 1. */
  readonly hashed: number;
}

/** A served folder as it was when the fleet started. */
export interface ServedFolderSnapshot {
  readonly name: string;
  /** Files in it and below it, as far as they were counted. */
  readonly fileCount: number;
  /** Their bytes together. */
  readonly sizeBytes: number;
  /** It holds more than was counted. */
  readonly hasMore: boolean;
  /** Name of its first file, to be fetched by; undefined: none was found. */
  readonly firstFile: string | undefined;
}

/** A fleet as it is now. */
export interface FleetSnapshot {
  readonly elapsedMs: number;
  readonly servers: readonly ServerSnapshot[];
  readonly folders: readonly ServedFolderSnapshot[];
  /** The files given by name, and those in folders that somebody has asked for. */
  readonly files: readonly ServedFileSnapshot[];
}
