import type { MapRun } from '../../src/base/queue-snapshot.js';
import { faded, serverColor, type Theme } from './palette.js';
import { clearSharp } from './sharp-canvas.js';

/**
 * Paints the file as a field of cells: who delivered which part, and how sure it is. A cell that has just come flashes
 * and settles; one that is asked for breathes. Painting costs the same for a file of any size.
 */
const missing = 0;
const inFlight = 1;
const received = 2;
const flashMs = 700;

interface Cell {
  state: number;
  source: number;
  changedAtMs: number;
}

export interface MapLook {
  readonly theme: Theme;
  readonly calm: boolean;
  /** Only this source's cells in full colour; -1 for all. */
  readonly spotlight: number;
}

export class MapPainter {
  #cells: Cell[] = [];

  /** What the daemon says now. */
  update(runs: readonly MapRun[], nowMs: number): void {
    const total = runs.reduce((sum, [count]) => sum + count, 0);
    const isNew = total !== this.#cells.length;
    if (isNew) this.#cells = Array.from({ length: total }, () => ({ state: -1, source: -1, changedAtMs: 0 }));
    let at = 0;
    for (const [count, state, source] of runs) {
      for (const end = at + count; at < end; at += 1) {
        const cell = this.#cells[at];
        if (cell === undefined || (cell.state === state && cell.source === source)) continue;
        const arrived = !isNew && state > inFlight && cell.state <= inFlight;
        cell.state = state;
        cell.source = source;
        if (arrived) cell.changedAtMs = nowMs;
      }
    }
  }

  /** True where something still moves: paint again with the next frame. */
  paint(canvas: HTMLCanvasElement, look: MapLook, nowMs: number): boolean {
    const sharp = clearSharp(canvas);
    if (sharp === undefined) return false;
    const { context, width, height } = sharp;
    const { columns, across, down } = this.#layout(width, height);
    const gap = Math.max(1, Math.min(across, down) * 0.18);
    const [cellWidth, cellHeight] = [across - gap, down - gap];
    const empty = look.theme === 'dark' ? '#ffffff12' : '#0f172a14';
    let moves = false;
    this.#cells.forEach((cell, n) => {
      const x = (n % columns) * across;
      const y = Math.floor(n / columns) * down;
      const color = serverColor(cell.source, look.theme);
      const dim = look.spotlight >= 0 && cell.source !== look.spotlight ? 0.16 : 1;
      if (cell.state <= missing) context.fillStyle = empty;
      else if (cell.state === inFlight) {
        moves = true;
        const breath = look.calm ? 0.34 : 0.3 + 0.14 * Math.sin(nowMs / 260 - n * 0.35);
        context.fillStyle = faded(color, breath * dim);
      } else context.fillStyle = faded(color, (cell.state === received ? 0.68 : 1) * dim);
      context.beginPath();
      context.roundRect(x, y, cellWidth, cellHeight, Math.min(cellWidth, cellHeight) * 0.26);
      context.fill();
      const age = nowMs - cell.changedAtMs;
      if (look.calm || cell.changedAtMs === 0 || age > flashMs) return;
      moves = true;
      const glow = 1 - age / flashMs;
      context.fillStyle = faded(look.theme === 'dark' ? '#ffffff' : '#fffbe6', 0.85 * glow * glow * dim);
      context.fill();
    });
    return moves;
  }

  /** The cell under a point; undefined outside. */
  at(
    x: number,
    y: number,
    width: number,
    height: number,
  ): { index: number; source: number; state: number } | undefined {
    const { columns, across, down } = this.#layout(width, height);
    const column = Math.floor(x / across);
    const index = Math.floor(y / down) * columns + column;
    const cell = this.#cells[index];
    return cell === undefined || column >= columns ? undefined : { index, source: cell.source, state: cell.state };
  }

  get length(): number {
    return this.#cells.length;
  }

  /** Cells that fill the room, as square as can be. */
  #layout(width: number, height: number): { columns: number; across: number; down: number } {
    const count = Math.max(1, this.#cells.length);
    let columns = Math.max(1, Math.floor(Math.sqrt((count * width) / Math.max(1, height))));
    // A number of columns near by that leaves the least of the last row empty.
    const emptiness = (n: number): number => (n - (count % n)) % n;
    for (let n = Math.max(1, columns - 3); n <= columns + 4; n += 1) if (emptiness(n) < emptiness(columns)) columns = n;
    return { columns, across: width / columns, down: height / Math.ceil(count / columns) };
  }
}
