import type { SpeedSample } from '../../src/base/queue-snapshot.js';
import { speed } from './format.js';
import { faded, serverColor, type Theme } from './palette.js';
import { clearSharp } from './sharp-canvas.js';

/** Paints the speed of every server over time, one on the other: the upper edge is the speed of the download. */
const spanMsMin = 8_000;
const spanMsMax = 120_000;
const axisWidth = 68;
const footHeight = 4;
const labelHeight = 8;
const apartMsMin = 400;

export interface ChartLook {
  readonly theme: Theme;
  readonly spotlight: number;
  readonly sources: readonly number[];
}

export class ChartPainter {
  #peak = 1;

  paint(canvas: HTMLCanvasElement, samples: readonly SpeedSample[], look: ChartLook, nowMs: number): void {
    const sharp = clearSharp(canvas);
    if (sharp === undefined) return;
    const { context, width, height } = sharp;
    const first = samples[0]?.atMs ?? nowMs;
    const span = Math.min(spanMsMax, Math.max(spanMsMin, nowMs - first));
    const shown = apart(samples.filter((sample) => sample.atMs > nowMs - span - 2000));
    const totals = shown.map((sample) => sample.speeds.reduce((sum, value, n) => sum + (n % 2 === 1 ? value : 0), 0));
    const peak = Math.max(1024, ...totals) * 1.15;
    // The scale glides: a jump of the axis would look like a jump of the speed.
    this.#peak += (peak - this.#peak) * (peak > this.#peak ? 0.2 : 0.03);
    const room = { left: axisWidth, width: width - axisWidth, height: height - footHeight };
    const x = (atMs: number): number => room.left + ((atMs - (nowMs - span)) / span) * room.width;
    const y = (value: number): number => room.height - (value / this.#peak) * room.height;
    this.#axis(context, look.theme, room, y);
    context.save();
    context.beginPath();
    context.rect(room.left, 0, room.width, height);
    context.clip();
    this.#areas(context, shown, look, x, y);
    context.restore();
  }

  #axis(
    context: CanvasRenderingContext2D,
    theme: Theme,
    room: { left: number; width: number },
    y: (value: number) => number,
  ): void {
    const step = niceStep(this.#peak / 5);
    context.font = '500 11px ui-sans-serif, system-ui, sans-serif';
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let value = step; value < this.#peak; value += step) {
      const at = Math.round(y(value)) + 0.5;
      if (at < labelHeight) return;
      context.strokeStyle = theme === 'dark' ? '#ffffff14' : '#0f172a17';
      context.beginPath();
      context.moveTo(room.left, at);
      context.lineTo(room.left + room.width, at);
      context.stroke();
      context.fillStyle = theme === 'dark' ? '#93a1b8' : '#55627a';
      context.fillText(speed(value), room.left - 8, at);
    }
  }

  #areas(
    context: CanvasRenderingContext2D,
    shown: readonly SpeedSample[],
    look: ChartLook,
    x: (atMs: number) => number,
    y: (value: number) => number,
  ): void {
    const base = shown.map(() => 0);
    for (const id of look.sources) {
      const lower = [...base];
      shown.forEach((sample, n) => (base[n] = (base[n] ?? 0) + speedOf(sample, id)));
      const color = serverColor(id, look.theme);
      const dim = look.spotlight >= 0 && look.spotlight !== id ? 0.15 : 1;
      const upper = new Path2D();
      line(upper, shown, base, x, y, false);
      const area = new Path2D(upper);
      line(area, shown, lower, x, y, true);
      area.closePath();
      context.fillStyle = faded(color, (look.theme === 'dark' ? 0.5 : 0.6) * dim);
      context.fill(area);
      context.strokeStyle = faded(color, dim);
      context.lineWidth = 1.6;
      context.lineJoin = 'round';
      context.stroke(upper);
    }
  }
}

/** A busy daemon takes two samples at once where one was late: drawn, that would be a cliff. */
function apart(samples: readonly SpeedSample[]): readonly SpeedSample[] {
  let lastMs = -Infinity;
  return samples.filter(({ atMs }) => {
    const isApart = atMs - lastMs >= apartMsMin;
    if (isApart) lastMs = atMs;
    return isApart;
  });
}

function line(
  path: Path2D,
  samples: readonly SpeedSample[],
  values: readonly number[],
  x: (atMs: number) => number,
  y: (value: number) => number,
  backwards: boolean,
): void {
  const indices = samples.map((_, n) => (backwards ? samples.length - 1 - n : n));
  let before: { x: number; y: number } | undefined;
  for (const n of indices) {
    const point = { x: x(samples[n]?.atMs ?? 0), y: y(values[n] ?? 0) };
    const middle = before === undefined ? 0 : (before.x + point.x) / 2;
    if (before !== undefined) path.bezierCurveTo(middle, before.y, middle, point.y, point.x, point.y);
    else if (backwards) path.lineTo(point.x, point.y);
    else path.moveTo(point.x, point.y);
    before = point;
  }
}

function speedOf(sample: SpeedSample, id: number): number {
  for (let n = 0; n < sample.speeds.length; n += 2) if (sample.speeds[n] === id) return sample.speeds[n + 1] ?? 0;
  return 0;
}

/** 1, 2 or 5 of a binary unit, at least `least`. */
function niceStep(least: number): number {
  let unit = 1;
  while (unit * 1024 <= least) unit *= 1024;
  for (const factor of [1, 2, 5, 10, 20, 50, 100, 200, 500]) if (unit * factor >= least) return unit * factor;
  return unit * 1024;
}
