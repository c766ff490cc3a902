const cellsMax = 8192;

/** In how many parts somebody wants to see the map of a file: 1 to 8192, `usual` where that is not said. */
export function askedCells(query: string | undefined, usual: number): number {
  return Math.min(cellsMax, Math.max(1, Math.floor(Number(query ?? usual) || usual)));
}
