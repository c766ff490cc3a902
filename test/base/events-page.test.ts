import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const quotedIn = (cell: string, quote: string): string[] => cell.split(quote).filter((_, index) => index % 2 === 1);

/** Every type of an event with its own fields, as the source declares them. */
function declared(): [string, string][] {
  const source = text('src/base/events.ts');
  return source.split(/\{\s*readonly type:/).flatMap((variant, index) => {
    const [types = '', ...fields] = variant.slice(0, variant.indexOf('}')).split(';');
    const names = fields.flatMap((field) => /readonly (\w+):/.exec(field)?.[1] ?? []);
    const own = names.filter((name) => name !== 'reason').join(' ');
    return index === 0 ? [] : quotedIn(types, "'").map((type): [string, string] => [type, own]);
  });
}

test('docs/json-output.md names every event with its fields', () => {
  const page = text('docs/json-output.md');
  const table = page.slice(page.indexOf('its fields'), page.indexOf('`report`: `name`'));
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) => {
    const [, types = '', fields = ''] = row.split('|');
    return quotedIn(types, '`').map((type): [string, string] => [type, quotedIn(fields, '`').join(' ')]);
  });
  expect(declared().length).toBeGreaterThan(10);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(declared()));
});
