/** One range of a file as a player asks for it (RFC 9110, 14.1.2). Several ranges at once get the whole file. */
export type AskedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'outside' };

const digitsMax = 15;

/** @param header The value of Range; undefined where there is none. `end` is exclusive. */
export function askedRange(header: string | undefined, sizeBytes: number): AskedRange {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first.length > digitsMax || last.length > digitsMax) return { kind: 'outside' };
  if (first === '') {
    const start = Math.max(0, sizeBytes - Number(last));
    return Number(last) === 0 || sizeBytes === 0 ? { kind: 'outside' } : { kind: 'part', start, end: sizeBytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  if (start >= sizeBytes) return { kind: 'outside' };
  return { kind: 'part', start, end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
}
