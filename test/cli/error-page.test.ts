import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { type ErrorCode, errorTable, ManygetError } from '../../src/base/errors.js';
import { errorHint } from '../../src/cli/error-output.js';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `([a-z0-9-]+)`\s*\|\s*(\d+)\s*\|(.*)\|$/gm)].map((row) => [
    row[1],
    { exit: Number(row[2]), rest: row[3] ?? '' },
  ]),
);
const codes = Object.keys(errorTable) as ErrorCode[];

test('the page explains every code, and no other', () => {
  expect([...rows.keys()].sort()).toEqual([...codes].sort());
});

test.each(codes)('%s: the exit status is that of the table, and no cell is empty', (code) => {
  expect(rows.get(code)?.exit).toBe(errorTable[code].exitStatus);
  const cells =
    rows
      .get(code)
      ?.rest.split('|')
      .map((cell) => cell.trim()) ?? [];
  expect(cells).toHaveLength(3);
  expect(cells).not.toContain('');
});

test('a hint that names a command is given only where there is one', () => {
  const error = new ManygetError('gave-up', 'x');
  expect(errorHint(error)).toBeUndefined();
  expect(errorHint(error, 'manyget get x -r')).toBe('go on with: manyget get x -r');
  expect(errorHint(new ManygetError('usage', 'x'), 'manyget get')).toBeUndefined();
});
