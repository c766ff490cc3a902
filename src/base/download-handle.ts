import type { ConnectionGate } from './connection-gate.js';
import type { HttpOptions } from './http-options.js';
import type { DownloadReader, ReaderOptions } from './download-reader.js';
import type { DownloadEvent } from './events.js';
import type { ExpectedContent } from './manifest.js';
import type { DownloadReport, DownloadSnapshot, MapCell } from './snapshot.js';
import type { SourceRule } from './source-rule.js';

/** What one download is asked to do. All sizes in bytes, all times in milliseconds. */
export interface DownloadOptions {
  /** Addresses of the same file: `mgp://` or `mgps://host:port/name`, `https://` or `http://host/path`. At least one. */
  readonly sources: readonly string[];
  /** File to write, or an existing folder (the file then keeps its name). Default: the file's name, here. */
  readonly output?: string;
  /**
   * Write no file: what comes is kept in memory until `createReader()` has handed it out, at most `windowBytes` (default
   * 32 MiB, and four pieces at the least) ahead of it. `output`, `resume` and `overwrite` then mean nothing, and `done`
   * settles when all has been read.
   */
  readonly inOrder?: { readonly windowBytes?: number };
  /** Go on from an earlier run's state where there is one. Default true; false starts over. */
  readonly resume?: boolean;
  /** Replace an output that exists. Default false. */
  readonly overwrite?: boolean;
  /** Verify every piece against the servers' hashes. Default true. */
  readonly verify?: boolean;
  /**
   * What the file is known to be: sources that hold something else are left out, pieces are verified as they land, and
   * the final name is given only to a file with these hashes.
   */
  readonly manifest?: ExpectedContent;
  /**
   * Sources to believe where sources hold different bytes: each by its address, or by host and port. Default: none, the
   * majority is believed.
   */
  readonly trust?: readonly string[];
  /** Compute the SHA-256 of the whole file at the end, whatever its size. Default false: only where it costs little. */
  readonly sha256?: boolean;
  /** End with `gave-up` once no source has answered for this long. Default 60,000. */
  readonly giveUpAfterMs?: number;
  /** Connections to one source, at most. Default 16; range 1 to 64. */
  readonly connectionsPerSourceMax?: number;
  /** Asked before each connection: a rule that holds for several downloads together. */
  readonly connectionGate?: ConnectionGate;
  /** Time for a connection to be there. Default 4000. */
  readonly connectTimeoutMs?: number;
  /** What all sources together may bring, in bytes a second. At least 1024. Default: no limit. */
  readonly limitBytesPerSec?: number;
  /**
   * A source that brings less than so many bytes a second for 10 s is used no more, while another one brings as many.
   * Default: none.
   */
  readonly lowestBytesPerSec?: number;
  /** How single sources are to be used; of two rules about the same thing the later one counts. */
  readonly sourceRules?: readonly SourceRule[];
  /**
   * Use what HTTP servers publish in their headers, where the options say nothing better: digests of the file, a
   * Metalink of it with hashes of its pieces, and, where one of these proves them right, other servers. Default true.
   */
  readonly followLinks?: boolean;
  /** End with `is-manifest` where an address turns out to give a Metalink. Default false: that is a file like any other. */
  readonly refuseManifests?: boolean;
  /** How HTTP sources are asked. */
  readonly http?: HttpOptions;
  /** The secret that native servers may ask for; they never get to see it. For HTTP servers see `http.bearer`. */
  readonly token?: string;
  /** "sha256//BASE64" of public keys: a TLS server with one of these is believed, whatever its certificate, and no other. */
  readonly pins?: readonly string[];
  /** Aborts the download as `cancel()` does. */
  readonly signal?: AbortSignal;
}

/** One live download. It has begun when the caller gets it. */
export interface DownloadHandle {
  /** Settles when the download has ended: the report, or a ManygetError. State stays on disk after an error. */
  readonly done: Promise<DownloadReport>;
  /** What happens, from now on; ends with the download. */
  events(): AsyncIterableIterator<DownloadEvent>;
  /** The newest `max` events, oldest first. */
  recentEvents(max: number): readonly DownloadEvent[];
  snapshot(): DownloadSnapshot;
  /** The file from its first to its last byte, in `cells` equal parts (at least 1). */
  map(cells: number): MapCell[];
  /**
   * One byte for each piece, at any time as it is then: 0 open, 1 complete, 2 verified. In shared memory: other threads may
   * look, too. Undefined before the pieces are known; another table where the download has begun anew.
   */
  pieceStates(): Uint8Array | undefined;
  /**
   * Reads the file while it comes in, from any place; what the newest reader wants next is fetched first. Of a download that
   * is `inOrder`: once, from the first byte on; a reader that leaves before the end cancels it. @throws ManygetError `usage`.
   */
  createReader(options?: ReaderOptions): DownloadReader;
  /** The size of the file in bytes, once a source has said it; rejects where the download ends before, or for the signal. */
  sizeKnown(signal?: AbortSignal): Promise<number>;
  /** Stop asking, keep connections; what is on its way still lands. */
  pause(): void;
  resume(): void;
  /** One more source; its id. One with this address that is in use already stays as it is; one that was disabled is enabled. */
  addSource(url: string, rule?: Omit<SourceRule, 'match'>): number;
  /** Stop using the source for good; what it held goes to the others. */
  removeSource(id: number): void;
  /** Stop using the source until `enableSource`; what it held goes to the others. @throws ManygetError `usage`: no such id. */
  disableSource(id: number): void;
  enableSource(id: number): void;
  /** What all sources together may bring, in bytes a second, from now on; undefined: no limit. @throws ManygetError `usage`: below 1024. */
  setLimitRate(bytesPerSec: number | undefined): void;
  /** What one source may bring. @throws ManygetError `usage`: below 1024, or no such id. */
  setSourceLimit(id: number, bytesPerSec: number | undefined): void;
  /** Sources of a higher tier are used only while none of a lower one delivers. @throws ManygetError `usage`: no such id. */
  setSourceTier(id: number, tier: number): void;
  /** End now, keep the state for a later run; `done` rejects with `aborted`. */
  cancel(reason?: string): Promise<void>;
}
