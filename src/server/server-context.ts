import type { AlivePorts } from './alive-ports.js';
import type { BlockPool } from './block-pool.js';
import type { Catalog } from './catalog.js';
import type { FolderLister } from './catalog-list.js';
import type { FileTags } from './file-tags.js';
import type { OpenFiles } from './open-files.js';
import type { RateGate } from './rate-gate.js';
import type { ServerCounters } from './server-counters.js';
import type { TextBudget } from './text-sender.js';
import type { WorkerHashes } from './worker-hashes.js';
import type { ServerLimits } from './worker-messages.js';

/** What all connections of one server share. */
export interface ServerContext {
  /** What it calls itself. */
  readonly agent: string;
  readonly catalog: Catalog;
  readonly lister: FolderLister;
  readonly openFiles: OpenFiles;
  readonly hashes: WorkerHashes;
  readonly tags: FileTags;
  readonly alivePorts: AlivePorts;
  /** Memory for texts that are made for one answer. */
  readonly texts: TextBudget;
  /** Memory for requests that clients send ahead of their answers. */
  readonly ahead: TextBudget;
  readonly pool: BlockPool;
  readonly gate: RateGate | undefined;
  readonly counters: ServerCounters;
  readonly limits: ServerLimits;
  /** Only who knows it is let in; undefined: everybody is. */
  readonly token: string | undefined;
}

/** One connection, whatever it speaks, as its listener sees it. */
export interface ClientSession {
  /** Nothing is asked or answered, as far as has come: its place may be given to somebody else. */
  readonly isIdle: boolean;
  /** Says goodbye behind what is on its way, and ends the connection. */
  goodbye(reason: string): void;
  /** Ends the connection as a crash would. */
  reset(): void;
  /** Ends the connection if it has been silent or stuck for too long. */
  sweep(nowMs: number): void;
}
