import { fluidBoundMs } from './rate-curve.js';
import { Simulation } from './simulation.js';
import type { SimulationWatcher } from './simulation-options.js';
import type { World } from './world.js';

export interface WorldResult {
  readonly world: World;
  readonly boundMs: number;
  /** Infinity where it did not end. */
  readonly timeMs: number;
  readonly ratio: number;
  /** Bytes that arrived although they were there, or that nobody wanted, over the file's size. */
  readonly waste: number;
  readonly finished: boolean;
  readonly connections: number;
  readonly requests: number;
  /** TCP connections that HTTP gave up for another one. */
  readonly reconnects: number;
  readonly decisions: number;
  readonly simulation: Simulation;
}

/** Runs a world to its end; at most six times the bound and a minute. */
export function runWorld(world: World, watcher?: SimulationWatcher): WorldResult {
  const boundMs = fluidBoundMs(world);
  const simulation = new Simulation(world, watcher);
  const timeMs = simulation.run(boundMs * 6 + 60_000);
  const finished = simulation.ledger.isReceived;
  return {
    world,
    boundMs,
    timeMs: finished ? timeMs : Infinity,
    ratio: finished ? timeMs / boundMs : Infinity,
    waste: (simulation.duplicateBytes + simulation.discardedBytes) / world.sizeBytes,
    finished,
    connections: simulation.connections.length,
    requests: simulation.segments.length,
    reconnects: simulation.reconnects,
    decisions: simulation.decisions,
    simulation,
  };
}
