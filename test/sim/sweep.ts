import { randomWorld } from './random-world.js';
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
}

/** What a sweep keeps of one world. */
export function rowOf(seed: number, result: WorldResult): SweepRow {
  const { ratio, waste, boundMs, connections, requests } = result;
  return {
    seed,
    ratio,
    startedRatio: result.timeMs / startedBoundMs(result.world),
    waste,
    boundMs,
    sources: result.world.sources.length,
    connections,
    requests,
  };
}

/** The worlds of the seeds from `first` on. */
export function* sweep(first: number, count: number): Generator<SweepRow> {
  for (let seed = first; seed < first + count; seed += 1) yield rowOf(seed, runWorld(randomWorld(seed)));
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
