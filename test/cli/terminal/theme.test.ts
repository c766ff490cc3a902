import { describe, expect, test } from 'vitest';

import { colorDepth, makeTheme, showsUnicode } from '../../../src/cli/terminal/theme.js';
import { withoutColor } from '../../../src/cli/terminal/text-width.js';

describe('how many colours', () => {
  test.each([
    ['auto', {}, true, 16],
    ['auto', { TERM: 'xterm-256color' }, true, 256],
    ['auto', { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, true, 'truecolor'],
    ['auto', { TERM: 'dumb' }, true, 0],
    ['auto', { NO_COLOR: '1', COLORTERM: 'truecolor' }, true, 0],
    ['auto', { NO_COLOR: '' }, true, 16],
    ['auto', { TERM: 'xterm-256color' }, false, 0],
    ['always', { NO_COLOR: '1', TERM: 'xterm-256color' }, false, 256],
    ['never', { COLORTERM: 'truecolor' }, true, 0],
  ] as const)('--color %s, %j, terminal %s: %s', (choice, env, isTerminal, depth) => {
    expect(colorDepth(choice, env, isTerminal)).toBe(depth);
  });
});

test.each([
  [{}, true],
  [{ LANG: 'C.UTF-8' }, true],
  [{ LANG: 'en_US.utf8' }, true],
  [{ LANG: 'C' }, false],
  [{ LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }, false],
  [{ TERM: 'dumb' }, false],
])('with %j Unicode is shown: %s', (env, shown) => {
  expect(showsUnicode(env)).toBe(shown);
});

test('without colours nothing but the text is written', () => {
  const theme = makeTheme(0, true);
  expect([theme.good('a'), theme.source(3, 'b'), theme.faint('c'), theme.strong('')]).toEqual(['a', 'b', 'c', '']);
});

test('a mark ends where its text ends, and source colours repeat after the last', () => {
  const theme = makeTheme(256, true);
  expect(theme.strong('x')).toBe('\u001b[1mx\u001b[22m');
  expect(theme.source(16, 'x')).toBe(theme.source(0, 'x'));
  expect(theme.source(-2, 'x')).toBe('x');
  expect(withoutColor(theme.bad('x'))).toBe('x');
});

/** Relative luminance of WCAG 2. */
function luminance(rgb: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The colour that xterm has at `index` of its 6x6x6 cube. */
function cubeColor(index: number): number[] {
  const steps = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  return [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((step) => steps[step] ?? 0);
}

test.each(['truecolor', 256] as const)(
  'every colour at %s contrasts at least 3:1 with black and with white',
  (depth) => {
    const theme = makeTheme(depth, true);
    const painted = [
      ...Array.from({ length: 16 }, (_, id) => theme.source(id, 'x')),
      theme.good('x'),
      theme.warn('x'),
      theme.bad('x'),
    ];
    expect(new Set(painted.slice(0, 16)).size).toBe(16);
    for (const text of painted) {
      // eslint-disable-next-line no-control-regex -- a colour begins with the escape character
      const [, parameters = ''] = /^\u001b\[38;[25];([0-9;]+)m/.exec(text) ?? [];
      const numbers = parameters.split(';').map(Number);
      const light = luminance(depth === 256 ? cubeColor(numbers[0] ?? 0) : numbers);
      expect((light + 0.05) / 0.05, text).toBeGreaterThanOrEqual(3);
      expect(1.05 / (light + 0.05), text).toBeGreaterThanOrEqual(3);
    }
  },
);
