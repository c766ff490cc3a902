/** One NDJSON line; a field without a value is `null`, so that every field is always there. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value, (_key, field: unknown) => (field === undefined ? null : field))}\n`;
}

/** Counts up with every incompatible change of the lines; `docs/json-output.md` describes them. */
export const jsonFormatVersion = 1;
