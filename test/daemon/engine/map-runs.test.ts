import { expect, it } from 'vitest';
import type { MapCell } from '../../../src/base/snapshot.js';
import { flatRuns, mapCells, mapRuns } from '../../../src/daemon/engine/map-runs.js';

it('makes neighbours that are alike one run, and every cell of it again', () => {
  const cells: MapCell[] = [
    { state: 'verified', source: 0 },
    { state: 'verified', source: 0 },
    { state: 'verified', source: 1 },
    { state: 'missing', source: -1 },
  ];
  const runs = mapRuns(flatRuns(cells));
  expect(runs).toEqual([
    [2, 3, 0],
    [1, 3, 1],
    [1, 0, -1],
  ]);
  expect(mapCells(runs)).toEqual(cells);
  expect(mapRuns(flatRuns([]))).toEqual([]);
});
