import type { SchedulerCommand, SchedulerEvent } from '../../src/core/scheduler-messages.js';
import type { SimReader } from './sim-reader.js';

/** What can be watched while a world runs. */
export interface SimulationWatcher {
  event?(event: SchedulerEvent, commands: readonly SchedulerCommand[], nowMs: number): void;
}

/** Sources that are only used where no better one delivers: tier by source. */
export type SourceTiers = Readonly<Record<number, number>>;

/** What a simulation may have besides its world. */
export interface SimulationExtras {
  readonly reader?: SimReader;
  readonly tiers?: SourceTiers;
}
