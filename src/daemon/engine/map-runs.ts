import { mapStates, type MapRun } from '../../base/queue-snapshot.js';
import type { MapCell } from '../../base/snapshot.js';

/** Neighbours that are alike as one: how many, their state, their source, and so on. Flat, as it crosses threads. */
export function flatRuns(cells: readonly MapCell[]): Int32Array {
  const runs: number[] = [];
  for (const { state, source } of cells) {
    const index = mapStates.indexOf(state);
    const last = runs.length - 3;
    if (last >= 0 && runs[last + 1] === index && runs[last + 2] === source) runs[last] = (runs[last] ?? 0) + 1;
    else runs.push(1, index, source);
  }
  return Int32Array.from(runs);
}

/** The runs of `flatRuns`, each on its own. */
export function mapRuns(flat: ArrayLike<number>): MapRun[] {
  return Array.from({ length: flat.length / 3 }, (_, n) => [
    flat[n * 3] ?? 0,
    flat[n * 3 + 1] ?? 0,
    flat[n * 3 + 2] ?? 0,
  ]);
}

/** The same map in `cells` parts: each shows what is at its end, and what is smaller than a part may get lost. */
export function scaledRuns(runs: readonly MapRun[], cells: number): MapRun[] {
  const total = runs.reduce((sum, [count]) => sum + count, 0);
  let passed = 0;
  return runs.flatMap(([count, state, source]): MapRun[] => {
    const from = Math.round((passed / total) * cells);
    passed += count;
    const length = Math.round((passed / total) * cells) - from;
    return length > 0 ? [[length, state, source]] : [];
  });
}

/** Every cell of `runs`. */
export function mapCells(runs: readonly MapRun[]): MapCell[] {
  return runs.flatMap(([count, state, source]) =>
    new Array<MapCell>(count).fill({ state: mapStates[state] ?? 'missing', source }),
  );
}
