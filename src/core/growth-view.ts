import type { Lane } from './lane.js';
import type { TrialGate } from './trial-gate.js';

/** Whether somebody reads along. */
export interface GrowthReading {
  readonly isOn: boolean;
  /** In how long what may be asked for goes by, where that has a bound; else Infinity. */
  readonly windowMs: number;
}

/** What a decision on a source's connections takes into account, besides the source. */
export interface GrowthView {
  readonly nowMs: number;
  /** Bytes that came from all sources so far. */
  readonly totalBytes: number;
  readonly connectionsMax: number;
  /** Sources that are connected. */
  readonly sources: number;
  /** Connections that there are, to all sources. */
  readonly connections: number;
  /** Time until the download ends, as planned. */
  readonly leftMs: number;
  readonly reading: GrowthReading;
  readonly gate: TrialGate;
}

export type GrowthDecision =
  | { readonly type: 'none' }
  | { readonly type: 'open'; readonly count: number; readonly reason: string }
  | { readonly type: 'retire'; readonly lanes: readonly Lane[]; readonly reason: string };
