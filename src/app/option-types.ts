import { ManygetError } from '../base/errors.js';

/** The option types that a caller without a compiler gets wrong, and how each is called in a sentence. */
const kinds = {
  strings: 'an array of strings',
  numbers: 'an array of numbers',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  signal: 'an AbortSignal',
} as const;

export type OptionKind = keyof typeof kinds;

/**
 * Looks at the types of options: with a wrong one they would mean something else (the letters of a path as paths), or
 * fail where nobody can tell why. Knows nothing of values.
 * @param required Those that may not be left out.
 * @throws ManygetError `usage`.
 */
export function checkOptionTypes(
  options: unknown,
  types: Readonly<Record<string, OptionKind>>,
  required: readonly string[],
): void {
  if (typeof options !== 'object' || options === null) {
    throw new ManygetError('usage', `expected an object of options, received ${described(options)}`);
  }
  for (const [name, kind] of Object.entries(types)) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined ? !required.includes(name) : isOf(kind, value)) continue;
    throw new ManygetError('usage', `expected ${kinds[kind]} as the option ${name}, received ${described(value)}`);
  }
}

function isOf(kind: OptionKind, value: unknown): boolean {
  switch (kind) {
    case 'strings':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'numbers':
      return Array.isArray(value) && value.every((each) => typeof each === 'number');
    case 'number':
      return typeof value === 'number' && !Number.isNaN(value);
    case 'signal':
      // Not instanceof: that of another realm, or of a library, does as well.
      return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
    case 'string':
    case 'boolean':
      return typeof value === kind;
  }
}

function described(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (Number.isNaN(value)) return 'NaN';
  if (Array.isArray(value)) return 'an array of something else';
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`;
}
