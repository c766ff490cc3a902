import { rangeBytes, type ByteRange } from '../base/byte-range.js';
import { httpRequestLimits } from './http-request-limits.js';

/** What a Range header comes to, for a file of a known size (RFC 9110 14.2). */
export type RangePlan =
  /** The whole file, as if there was no Range header. */
  | { readonly kind: 'whole' }
  /** At least one range, none empty, none sharing a byte with another, in the order in which they were asked for. */
  | { readonly kind: 'parts'; readonly ranges: readonly [ByteRange, ...ByteRange[]] }
  /** None of the bytes asked for exists: 416. */
  | { readonly kind: 'unsatisfiable' };

const whole: RangePlan = { kind: 'whole' };

/**
 * Plans the answer to the Range header `value` over `sizeBytes` bytes. What is malformed, of another unit, of too many
 * ranges, or adds up to more than the file is not worth an error: the whole file is the right answer to it.
 */
export function planRanges(value: string | undefined, sizeBytes: number): RangePlan {
  const specs = value === undefined ? undefined : parseRangeSpecs(value);
  if (specs === undefined) return whole;
  const ranges: ByteRange[] = [];
  let sumBytes = 0;
  for (const spec of specs) {
    const range = resolveSpec(spec, sizeBytes);
    if (range === undefined) continue;
    // The last n bytes of an empty file are there, and no Content-Range can say which ones.
    if (sizeBytes === 0) return whole;
    ranges.push(range);
    sumBytes += rangeBytes(range);
  }
  if (sumBytes > sizeBytes) return whole;
  const [first, ...others] = coalesce(ranges);
  return first === undefined ? { kind: 'unsatisfiable' } : { kind: 'parts', ranges: [first, ...others] };
}

/** One element of a Range header: first and last byte; without a first one, the number of last bytes. */
interface RangeSpec {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

function parseRangeSpecs(value: string): RangeSpec[] | undefined {
  const list = /^bytes[ \t]*=(.*)$/i.exec(value.trim())?.[1];
  if (list === undefined) return undefined;
  const specs: RangeSpec[] = [];
  for (const element of list.split(',')) {
    const text = element.replace(/^[ \t]+|[ \t]+$/g, '');
    if (text === '') continue; // Empty elements of lists count for nothing (RFC 9110 5.6.1.2).
    const match = /^(\d*)-(\d*)$/.exec(text);
    if (match === null || text === '-') return undefined;
    const first = match[1] === '' ? undefined : Number(match[1]);
    const last = match[2] === '' ? undefined : Number(match[2]);
    if (first !== undefined && last !== undefined && last < first) return undefined;
    specs.push({ first, last });
    if (specs.length > httpRequestLimits.rangesMax) return undefined;
  }
  return specs.length === 0 ? undefined : specs;
}

/** The bytes that `spec` means; undefined where it is unsatisfiable. Numbers beyond 2^53 are beyond any file, too. */
function resolveSpec({ first, last }: RangeSpec, sizeBytes: number): ByteRange | undefined {
  if (first === undefined) {
    const suffixBytes = last ?? 0;
    return suffixBytes === 0 ? undefined : { start: Math.max(0, sizeBytes - suffixBytes), end: sizeBytes };
  }
  if (first >= sizeBytes) return undefined;
  return { start: first, end: last === undefined || last >= sizeBytes ? sizeBytes : last + 1 };
}

/** Joins ranges that overlap or touch; a joined one stands where the first of its parts stood. */
function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = [];
  for (const range of ranges) {
    let { start, end } = range;
    let at = joined.length;
    // Those in `joined` are apart; the new one may bridge several of them.
    for (let i = joined.length - 1; i >= 0; i -= 1) {
      const other = joined[i];
      if (other === undefined || other.start > range.end || range.start > other.end) continue;
      start = Math.min(start, other.start);
      end = Math.max(end, other.end);
      joined.splice(i, 1);
      at = i;
    }
    joined.splice(at, 0, { start, end });
  }
  return joined;
}
