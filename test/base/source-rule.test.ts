import { describe, expect, test } from 'vitest';
import { isMeantBy } from '../../src/base/source-rule.js';

describe('a source is meant by', () => {
  test.each([
    ['mgp://a:1/x', 'mgp://a:1/x'],
    ['A', 'mgp://a:1/x'],
    ['a:1', 'mgp://a:1/x'],
    ['::1', 'mgp://[::1]:7/x'],
    ['[::1]:7', 'mgp://[::1]:7/x'],
    ['b', 'https://b/x'],
    ['b:443', 'https://b/x'],
    ['b:80', 'http://b/x'],
    ['b:8080', 'http://b:8080/x'],
  ])('%s: the one at %s', (match, url) => {
    expect(isMeantBy(match, url)).toBe(true);
  });

  test.each([
    ['a:2', 'mgp://a:1/x'],
    ['b:80', 'https://b/x'],
    ['mgp://a:1/y', 'mgp://a:1/x'],
    ['', 'mgp://a:1/x'],
    ['a', 'no address'],
  ])('"%s": not the one at %s', (match, url) => {
    expect(isMeantBy(match, url)).toBe(false);
  });
});
