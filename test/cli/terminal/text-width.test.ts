import { describe, expect, test } from 'vitest';

import {
  cutEnd,
  cutMiddle,
  cutStart,
  fitLeft,
  fitRight,
  textWidth,
  withoutColor,
} from '../../../src/cli/terminal/text-width.js';

test.each([
  ['', 0],
  ['video.mp4', 9],
  ['été', 3],
  ['e\u0301te\u0301', 3],
  ['日本語', 6],
  ['한국어', 6],
  ['ｆｕｌｌ', 8],
  ['🎬.mp4', 6],
  ['━╸─█▓░·■', 8],
])('%j takes %i columns', (text, width) => {
  expect(textWidth(text)).toBe(width);
});

describe('cutting', () => {
  test.each([
    ['video.mp4', 9, 'video.mp4'],
    ['video.mp4', 5, 'vide…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['e\u0301te\u0301', 2, 'e\u0301…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('the end of %j to %i columns gives %j', (text, width, cut) => {
    expect(cutEnd(text, width)).toBe(cut);
    expect(textWidth(cut)).toBeLessThanOrEqual(width);
  });

  test.each([
    ['host.example:9001', 6, '…:9001'],
    ['日本語', 4, '…語'],
    ['xe\u0301', 1, '…'],
    ['xxe\u0301', 2, '…e\u0301'],
    ['abc', 0, ''],
  ])('the start of %j to %i columns gives %j', (text, width, cut) => {
    expect(cutStart(text, width)).toBe(cut);
    expect(textWidth(cut)).toBeLessThanOrEqual(width);
  });

  test('a name that is cut in the middle keeps its beginning and its end', () => {
    expect(cutMiddle('short.mp4', 9)).toBe('short.mp4');
    expect(cutMiddle('a series of films, part 12.mp4', 20)).toBe('a series o…rt 12.mp4');
    for (const text of ['a series of films, part 12.mp4', '日本語のとても長い名前.mkv', 'e\u0301'.repeat(40)]) {
      for (let width = 1; width < 30; width += 1) expect(textWidth(cutMiddle(text, width))).toBeLessThanOrEqual(width);
    }
  });

  test('fitted text has exactly the columns asked for', () => {
    for (const text of ['', 'ab', '日本語', 'very long text']) {
      for (const width of [1, 4, 7]) {
        expect(textWidth(fitLeft(text, width))).toBe(width);
        expect(textWidth(fitRight(text, width))).toBe(width);
      }
    }
    expect([fitLeft('日本語', 4), fitRight('ab', 4)]).toEqual(['日… ', '  ab']);
  });
});

test('colours are taken off', () => {
  expect(withoutColor('\u001b[1ma\u001b[22m \u001b[38;2;1;2;3mb\u001b[39m')).toBe('a b');
});
