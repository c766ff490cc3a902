/**
 * Colours and glyphs of the views. Every colour has a relative luminance of about 0.2 (WCAG 2), so that it stands out
 * on black (5:1) as well as on white (4:1); no meaning is carried by colour alone.
 */
import type { ColorChoice } from '../options/report-options.js';

/** None, the 16 of every terminal, the 256 of xterm, or 24 bits. */
type ColorDepth = 0 | 16 | 256 | 'truecolor';

export interface Glyphs {
  readonly swatch: string;
  readonly barFull: string;
  readonly barHalf: string;
  readonly barRest: string;
  readonly spark: readonly string[];
  readonly verified: string;
  readonly received: string;
  readonly inFlight: string;
  readonly missing: string;
  readonly good: string;
  readonly bad: string;
  readonly times: string;
}

const unicodeGlyphs: Glyphs = {
  swatch: '■',
  barFull: '━',
  barHalf: '╸',
  barRest: '─',
  spark: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  verified: '█',
  received: '▓',
  inFlight: '░',
  missing: '·',
  good: '✓',
  bad: '✗',
  times: '×',
};

const asciiGlyphs: Glyphs = {
  swatch: '*',
  barFull: '=',
  barHalf: '-',
  barRest: '.',
  spark: [' ', '_', '.', ':', '-', '=', '+', '*', '#'],
  verified: '#',
  received: 'o',
  inFlight: '-',
  missing: '.',
  good: 'ok',
  bad: 'x',
  times: 'x',
};

type Rgb = readonly [number, number, number];

/** One colour at each depth: SGR number of the 16, index of the 256, and 24 bits. */
interface Color {
  readonly basic: number;
  readonly indexed: number;
  readonly rgb: Rgb;
}

/** The hues of sources; neighbours are far apart. From OKLCH, lightness chosen for a luminance of 0.2. */
const sourceColors: readonly Color[] = [
  { basic: 94, indexed: 32, rgb: [10, 122, 234] },
  { basic: 31, indexed: 166, rgb: [199, 93, 1] },
  { basic: 32, indexed: 28, rgb: [1, 144, 37] },
  { basic: 35, indexed: 133, rgb: [185, 81, 192] },
  { basic: 36, indexed: 30, rgb: [10, 137, 143] },
  { basic: 91, indexed: 100, rgb: [151, 120, 7] },
  { basic: 34, indexed: 98, rgb: [121, 104, 235] },
  { basic: 95, indexed: 167, rgb: [221, 67, 81] },
  { basic: 94, indexed: 63, rgb: [103, 109, 238] },
  { basic: 31, indexed: 130, rgb: [171, 111, 2] },
  { basic: 32, indexed: 29, rgb: [4, 141, 105] },
  { basic: 35, indexed: 168, rgb: [207, 71, 153] },
  { basic: 36, indexed: 31, rgb: [3, 135, 166] },
  { basic: 91, indexed: 64, rgb: [125, 129, 1] },
  { basic: 34, indexed: 134, rgb: [160, 91, 217] },
  { basic: 95, indexed: 202, rgb: [214, 80, 0] },
];

const good: Color = { basic: 32, indexed: 28, rgb: [1, 144, 37] };
const warn: Color = { basic: 35, indexed: 166, rgb: [199, 93, 1] };
const bad: Color = { basic: 31, indexed: 160, rgb: [214, 60, 60] };

/** Ways to mark text. Each returns its text with the same columns, unchanged where there is no colour. */
export interface Theme {
  readonly glyphs: Glyphs;
  readonly source: (id: number, text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
}

export function makeTheme(depth: ColorDepth, unicode: boolean): Theme {
  const glyphs = unicode ? unicodeGlyphs : asciiGlyphs;
  const style = (on: string, off: string) => (text: string) =>
    depth === 0 || text === '' ? text : `\u001b[${on}m${text}\u001b[${off}m`;
  const paints = sourceColors.map((color) => style(sgrOf(color, depth), '39'));
  const plain = (text: string): string => text;
  return {
    glyphs,
    source: (id, text) => (id < 0 ? text : (paints[id % paints.length] ?? plain)(text)),
    strong: style('1', '22'),
    faint: style('2', '22'),
    good: style(sgrOf(good, depth), '39'),
    warn: style(sgrOf(warn, depth), '39'),
    bad: style(sgrOf(bad, depth), '39'),
  };
}

function sgrOf(color: Color, depth: ColorDepth): string {
  if (depth === 'truecolor') return `38;2;${color.rgb.join(';')}`;
  return depth === 256 ? `38;5;${color.indexed}` : String(color.basic);
}

type Env = Readonly<Record<string, string | undefined>>;

/** How many colours to use on an output. NO_COLOR (no-color.org) rules over all but an explicit `always`. */
export function colorDepth(choice: ColorChoice, env: Env, isTerminal: boolean): ColorDepth {
  if (choice === 'never') return 0;
  if (choice === 'auto') {
    const off = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
    if (off || !isTerminal || env['TERM'] === 'dumb') return 0;
  }
  if (/^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '')) return 'truecolor';
  return /256|direct|kitty|ghostty|alacritty/.test(env['TERM'] ?? '') ? 256 : 16;
}

/** Whether the locale says that the terminal shows Unicode; no locale at all is taken for yes, as in containers. */
export function showsUnicode(env: Env): boolean {
  if (env['TERM'] === 'dumb') return false;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}
