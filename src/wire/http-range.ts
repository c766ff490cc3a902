/** Byte ranges as HTTP writes them (RFC 9110 14). Ends are exclusive here, inclusive on the wire. */

export interface ContentRange {
  readonly start: number;
  readonly end: number;
  /** Size of the whole file; undefined where the server does not know it ("*"). */
  readonly totalBytes: number | undefined;
}

/** The value of a Range header for [start, end); without an end: all from `start` on. */
export function rangeHeader(start: number, end?: number): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

/** The value of a Range header for several ranges, in their order. */
export function rangesHeader(ranges: readonly { readonly start: number; readonly end: number }[]): string {
  let text = 'bytes=';
  for (let i = 0; i < ranges.length; i += 1) {
    const range = ranges[i];
    if (range !== undefined) text += `${i === 0 ? '' : ','}${range.start}-${range.end - 1}`;
  }
  return text;
}

/** `bytes 0-9/100` or `bytes 0-9/*`; undefined for anything else, as an empty range or one beyond the total. */
export function parseContentRange(value: string): ContentRange | undefined {
  const match = /^bytes[ \t]+(\d{1,16})[ \t]*-[ \t]*(\d{1,16})[ \t]*\/[ \t]*(\d{1,16}|\*)$/i.exec(value.trim());
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  const totalBytes = match[3] === '*' ? undefined : Number(match[3]);
  if (!Number.isSafeInteger(end) || start >= end) return undefined;
  if (totalBytes !== undefined && !Number.isSafeInteger(totalBytes)) return undefined;
  return { start, end, totalBytes };
}

/** The size in the `bytes *\/100` of a 416; undefined where it is not stated. */
export function parseUnsatisfiedRange(value: string | undefined): number | undefined {
  const size = /^bytes[ \t]+\*[ \t]*\/[ \t]*(\d{1,16})$/i.exec(value?.trim() ?? '')?.[1];
  return size === undefined || !Number.isSafeInteger(Number(size)) ? undefined : Number(size);
}
