import type { WorldResult } from './run-world.js';
import { RateCurve } from './rate-curve.js';
import { slotMs } from './world.js';

const left = 150;
const width = 1200;
const rowHeight = 14;
const palette = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377', '#999933', '#882255'];

/** A run as a chart: a row a connection, a bar a segment from its first byte to its end; pale while it waits. */
export function ganttSvg(result: WorldResult): string {
  const { connections, segments } = result.simulation;
  const endMs = result.finished ? result.timeMs : result.simulation.nowMs;
  const x = (ms: number): string => (left + (Math.min(ms, endMs) / endMs) * width).toFixed(1);
  const rows = [...connections].sort((a, b) => a.source - b.source || a.id - b.id);
  const rowOf = new Map(rows.map((c, i) => [c.id, i]));
  const height = 60 + rows.length * rowHeight;
  const out: string[] = [];
  out.push(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 20}" height="${height}" font-family="sans-serif" font-size="10">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="8" y="16" font-size="12">${escape(title(result))}</text>`,
  );
  for (let s = 0; s * 1000 <= endMs; s += Math.max(1, Math.ceil(endMs / 20_000))) {
    out.push(
      `<line x1="${x(s * 1000)}" x2="${x(s * 1000)}" y1="28" y2="${height - 12}" stroke="#ddd"/>`,
      `<text x="${x(s * 1000)}" y="${height - 2}" text-anchor="middle">${s} s</text>`,
    );
  }
  rows.forEach((c, i) => {
    const y = 30 + i * rowHeight;
    const spec = result.world.sources[c.source];
    const label = `${c.source}/${c.id}  ${(((spec?.rate ?? 0) * 8) / 1e6).toFixed(1)} Mbit ${spec?.rttMs ?? 0} ms`;
    out.push(`<text x="8" y="${y + 10}">${escape(label)}</text>`, ...outages(result, c.source, y, x, endMs));
  });
  for (const s of segments) {
    const y = 31 + (rowOf.get(s.connection) ?? 0) * rowHeight;
    const source = connections[s.connection]?.source ?? 0;
    const colour = palette[source % palette.length] ?? 'gray';
    const first = s.firstByteMs ?? s.endedAtMs ?? endMs;
    const end = s.endedAtMs ?? endMs;
    const tip = `<title>${escape(`${s.start} to ${s.position}: ${s.reason}`)}</title>`;
    const bar = (from: number, to: number, opacity: number): string =>
      `<rect x="${x(from)}" y="${y}" width="${Math.max(0.5, Number(x(to)) - Number(x(from))).toFixed(1)}" height="${rowHeight - 3}" fill="${colour}" fill-opacity="${opacity}" stroke="white" stroke-width="0.5">${tip}</rect>`;
    out.push(bar(first, end, 0.85));
    if (first - s.askedAtMs > 1) out.push(bar(s.askedAtMs, first, 0.25));
  }
  out.push('</svg>');
  return out.join('\n');
}

function title(r: WorldResult): string {
  const seconds = `${(r.timeMs / 1000).toFixed(2)} s, bound ${(r.boundMs / 1000).toFixed(2)} s`;
  return `${r.world.name}: ${seconds}, ratio ${r.ratio.toFixed(3)}, waste ${(r.waste * 100).toFixed(2)}%`;
}

/** Where the server of a row was away or silent. */
function outages(r: WorldResult, source: number, y: number, x: (ms: number) => string, endMs: number): string[] {
  const curve = new RateCurve(r.world, source);
  const out: string[] = [];
  for (let slot = 0; slot * slotMs < endMs; slot += 1) {
    const state = curve.state(slot);
    if (state === 'up') continue;
    const [from, to] = [x(slot * slotMs), x((slot + 1) * slotMs)];
    const colour = state === 'down' ? '#f5c6c6' : '#f5e6c6';
    out.push(
      `<rect x="${from}" y="${y}" width="${(Number(to) - Number(from)).toFixed(1)}" height="${rowHeight - 1}" fill="${colour}"/>`,
    );
  }
  return out;
}

function escape(text: string): string {
  return text.replace(/[<>&]/g, (c) => (c === '<' ? '&lt;' : c === '>' ? '&gt;' : '&amp;'));
}
