import { describe, expect, it } from 'vitest';
import { HttpHeaders } from '../../src/wire/http-head.js';
import { judgeConditions, namedTag, rangeApplies } from '../../src/wire/http-server-conditions.js';

const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const nowMs = Date.UTC(2026, 5, 1);
const current = { tags: ['"content"', '"version"'], modifiedMs };
const same = 'Fri, 02 Jan 2026 03:04:05 GMT';
const earlier = 'Fri, 02 Jan 2026 03:04:04 GMT';
const later = 'Fri, 02 Jan 2026 03:04:06 GMT';

function headers(lines: Readonly<Record<string, string>>): HttpHeaders {
  const made = new HttpHeaders();
  for (const [name, value] of Object.entries(lines)) made.add(name, value);
  return made;
}

describe('conditions', () => {
  it.each([
    [{}, 'proceed'],
    [{ 'If-Match': '"content"' }, 'proceed'],
    [{ 'If-Match': '"version"' }, 'proceed'],
    [{ 'If-Match': '"x", "version" ,"y"' }, 'proceed'],
    [{ 'If-Match': '*' }, 'proceed'],
    [{ 'If-Match': '"x"' }, 'failed'],
    [{ 'If-Match': 'W/"content"' }, 'failed'],
    [{ 'If-Match': 'content' }, 'failed'],
    [{ 'If-Match': '"x,"content"' }, 'failed'],
    [{ 'If-Unmodified-Since': same }, 'proceed'],
    [{ 'If-Unmodified-Since': later }, 'proceed'],
    [{ 'If-Unmodified-Since': earlier }, 'failed'],
    [{ 'If-Unmodified-Since': 'yesterday' }, 'proceed'],
    [{ 'If-Match': '"content"', 'If-Unmodified-Since': earlier }, 'proceed'],
    [{ 'If-None-Match': '"content"' }, 'not-modified'],
    [{ 'If-None-Match': 'W/"version"' }, 'not-modified'],
    [{ 'If-None-Match': '*' }, 'not-modified'],
    [{ 'If-None-Match': '"x"' }, 'proceed'],
    [{ 'If-None-Match': 'broken' }, 'proceed'],
    [{ 'If-Modified-Since': same }, 'not-modified'],
    [{ 'If-Modified-Since': later }, 'not-modified'],
    [{ 'If-Modified-Since': earlier }, 'proceed'],
    [{ 'If-Modified-Since': 'Friday' }, 'proceed'],
    [{ 'If-None-Match': '"x"', 'If-Modified-Since': same }, 'proceed'],
    [{ 'If-Match': '"x"', 'If-None-Match': '"content"' }, 'failed'],
    [{ 'If-Match': '"content"', 'If-None-Match': '"content"' }, 'not-modified'],
  ] as const)('%j: %s', (lines, verdict) => {
    expect(judgeConditions(headers(lines), current, nowMs)).toBe(verdict);
  });

  it('by date mean nothing for a file without a date', () => {
    const undated = { tags: ['"a"'], modifiedMs: undefined };
    expect(judgeConditions(headers({ 'If-Modified-Since': later }), undated, nowMs)).toBe('proceed');
    expect(judgeConditions(headers({ 'If-Unmodified-Since': earlier }), undated, nowMs)).toBe('proceed');
  });
});

describe('If-Range', () => {
  it.each([
    [undefined, true],
    ['"content"', true],
    ['"version"', true],
    ['"x"', false],
    ['W/"content"', false],
    [same, true],
    [earlier, false],
    [later, false],
    ['Friday, 02-Jan-26 03:04:05 GMT', true],
    ['content', false],
    ['"content", "version"', false],
  ])('%s lets the range count: %s', (value, expected) => {
    const lines = value === undefined ? {} : { 'If-Range': value };
    expect(rangeApplies(headers(lines), current, nowMs)).toBe(expected);
  });
});

describe('the tag that a request names', () => {
  it('is the one that its answer carries', () => {
    expect(namedTag(headers({ 'If-Range': '"version"' }), current.tags)).toBe('"version"');
    expect(namedTag(headers({ 'If-Match': '"x", "content"' }), current.tags)).toBe('"content"');
    expect(namedTag(headers({ 'If-None-Match': 'W/"version"' }), current.tags)).toBe('"version"');
    expect(namedTag(headers({ 'If-Range': '"x"' }), current.tags)).toBeUndefined();
    expect(namedTag(headers({}), current.tags)).toBeUndefined();
  });
});
