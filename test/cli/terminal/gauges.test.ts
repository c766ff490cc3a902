import { describe, expect, test } from 'vitest';

import { bar, mapLines, sparkline } from '../../../src/cli/terminal/gauges.js';
import { makeTheme } from '../../../src/cli/terminal/theme.js';
import { mapCells } from '../../support/scripted-download.js';

const plain = makeTheme(0, true);
const asIs = (text: string): string => text;

test.each([
  [0, '────'],
  [0.1, '╸───'],
  [0.5, '━━──'],
  [0.6, '━━╸─'],
  [1, '━━━━'],
  [7, '━━━━'],
  [-1, '────'],
  [NaN, '────'],
])('a bar of four cells at %d is %s', (share, text) => {
  expect(bar(share, 4, plain.glyphs, asIs, plain)).toBe(text);
});

test('a sparkline shows the newest values against a common highest one', () => {
  expect(sparkline([0, 1, 4, 8], 6, 8, plain.glyphs)).toBe('   ▁▄█');
  expect(sparkline([8, 8, 1, 0.01], 2, 8, plain.glyphs)).toBe('▁▁');
  expect(sparkline([], 3, 0, plain.glyphs)).toBe('   ');
});

describe('the map', () => {
  const cells = mapCells('v0v0r0f1..v-2v-2');

  test('tells its states apart without colour', () => {
    expect(mapLines(cells, 4, plain)).toEqual(['██▓░', '··██']);
  });

  test('tells sources apart by colour, one sequence for a run', () => {
    const theme = makeTheme(16, true);
    const [line] = mapLines(cells, 8, theme);
    const { source, faint } = theme;
    expect(line).toBe(source(0, '██') + source(0, '▓') + source(1, '░') + faint('··') + faint('██'));
  });

  test('needs no Unicode', () => {
    expect(mapLines(cells, 8, makeTheme(0, false))).toEqual(['##o-..##']);
  });
});
