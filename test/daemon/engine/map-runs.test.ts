import { expect, it } from 'vitest';
import type { MapRun } from '../../../src/base/queue-snapshot.js';
import type { MapCell } from '../../../src/base/snapshot.js';
import { flatRuns, mapCells, mapRuns, scaledRuns } from '../../../src/daemon/engine/map-runs.js';

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

it('shows a map in more and in fewer cells, and never in others than were asked for', () => {
  const runs: MapRun[] = [
    [300, 3, 0],
    [1, 3, 1],
    [211, 0, -1],
  ];
  expect(scaledRuns(runs, 1024)).toEqual([
    [600, 3, 0],
    [2, 3, 1],
    [422, 0, -1],
  ]);
  expect(scaledRuns(runs, 10)).toEqual([
    [6, 3, 0],
    [4, 0, -1],
  ]);
  expect(scaledRuns([], 10)).toEqual([]);
});
