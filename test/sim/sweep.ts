import { randomWorld, type WorldKind } from './random-world.js';
import { startedBoundMs } from './rate-curve.js';
import { runWorld, type WorldResult } from './run-world.js';

export interface SweepRow {
  readonly seed: number;
  readonly ratio: number;
  /** Time over the bound that knows of handshakes and slow start. */
  readonly startedRatio: number;
  readonly waste: number;
  readonly boundMs: number;
  readonly sources: number;
  readonly connections: number;
  readonly requests: number;
  readonly reconnects: number;
}

/** What a sweep keeps of one world. */
function rowOf(seed: number, result: WorldResult): SweepRow {
  const { ratio, waste, boundMs, connections, requests, reconnects } = result;
  return {
    seed,
    ratio,
    startedRatio: result.timeMs / startedBoundMs(result.world),
    waste,
    boundMs,
    sources: result.world.sources.length,
    connections,
    requests,
    reconnects,
  };
}

/** The worlds of the seeds from `first` on. */
export function sweep(first: number, count: number, kind: WorldKind): SweepRow[] {
  return Array.from({ length: count }, (_, i) => rowOf(first + i, runWorld(randomWorld(first + i, kind))));
}

/** The value below which a share `q` of the sorted values lies. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

export interface Distribution {
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const [median, p90, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.9), quantile(sorted, 0.99)];
  return { median, p90, p99, max: sorted.at(-1) ?? NaN };
}
