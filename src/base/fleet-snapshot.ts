import type { QueueError } from './queue-snapshot.js';
import type { ServedFileSnapshot, ServerSnapshot } from './snapshot.js';

/** `starting`: it does not listen yet. `failed`: it could not be started; opening it tries again. */
export type FleetState = 'starting' | 'running' | 'failed';

/** A fleet of servers that a daemon runs, as every view of it shows one. Plain data, safe to serialise. */
export interface FleetItem {
  /** For good. */
  readonly id: number;
  readonly state: FleetState;
  readonly error: QueueError | undefined;
  /** What it offers. */
  readonly paths: readonly string[];
  readonly host: string;
  /** Whether only clients that know a secret are let in. */
  readonly hasToken: boolean;
  readonly servers: readonly ServerSnapshot[];
  /** The files given by name, and those in folders that somebody has asked for. */
  readonly files: readonly ServedFileSnapshot[];
  readonly addedAtMs: number;
}
