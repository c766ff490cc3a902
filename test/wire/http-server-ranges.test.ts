import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpRequestLimits } from '../../src/wire/http-request-limits.js';
import { planRanges, type RangePlan } from '../../src/wire/http-server-ranges.js';

/** A plan in short: "whole", "none", or the ranges as [start, end). */
function short(plan: RangePlan): string {
  if (plan.kind === 'whole') return 'whole';
  return plan.kind === 'unsatisfiable' ? 'none' : plan.ranges.map((r) => `${r.start}..${r.end}`).join(' ');
}

const plan = (value: string, size = 100): string => short(planRanges(value, size));

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', '0..1'],
    ['bytes=0-9', '0..10'],
    ['bytes=10-', '10..100'],
    ['bytes=99-', '99..100'],
    ['bytes=90-200', '90..100'],
    ['bytes=-1', '99..100'],
    ['bytes=-100', '0..100'],
    ['bytes=-500', '0..100'],
    ['Bytes = 0-0', '0..1'],
    ['bytes=,0-0 ,\t, 5-6,', '0..1 5..7'],
    ['bytes=50-59,0-9', '50..60 0..10'],
    ['bytes=0-9,500-,20-29', '0..10 20..30'],
    ['bytes=0-10,5-20', '0..21'],
    ['bytes=0-9,10-19', '0..20'],
    ['bytes=30-39,0-9,5-34', '0..40'],
    ['bytes=60-69,30-39,0-9,35-64', '30..70 0..10'],
    ['bytes=0-18446744073709551616', '0..100'],
  ])('%s of 100 bytes is %s', (value, expected) => {
    expect(plan(value)).toBe(expected);
  });

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=100-,200-', 'bytes=99999999999999999999-'])(
    '%s of 100 bytes cannot be satisfied',
    (value) => {
      expect(plan(value)).toBe('none');
    },
  );

  it.each([
    ['is of another unit', 'items=0-1'],
    ['is empty', 'bytes='],
    ['has empty elements alone', 'bytes=,,'],
    ['has no dash', 'bytes=5'],
    ['is a dash', 'bytes=-'],
    ['runs backwards', 'bytes=5-4'],
    ['runs backwards in one of its parts', 'bytes=0-1,5-4'],
    ['has a sign', 'bytes=+1-2'],
    ['has a fraction', 'bytes=0.5-2'],
    ['is hexadecimal', 'bytes=0x1-2'],
    ['has a space within', 'bytes=1 - 2'],
    ['comes twice', 'bytes=0-1, bytes=3-4'],
    ['adds up to more than the file', 'bytes=0-,0-'],
    ['adds up to more than the file by one byte', 'bytes=0-49,0-50'],
    [
      'has one range too many',
      `bytes=${Array.from({ length: httpRequestLimits.rangesMax + 1 }, (_, i) => `${i}-${i}`).join()}`,
    ],
  ])('that %s gets the whole file', (_, value) => {
    expect(plan(value)).toBe('whole');
  });

  it('may have as many ranges as the limit says', () => {
    const many = Array.from({ length: httpRequestLimits.rangesMax }, (_, i) => `${i * 2}-${i * 2}`);
    const planned = planRanges(`bytes=${many.join()}`, 1000);
    expect(planned.kind === 'parts' && planned.ranges.length).toBe(httpRequestLimits.rangesMax);
  });

  it('of an empty file is unsatisfiable, unless it asks for the last bytes', () => {
    expect([plan('bytes=0-', 0), plan('bytes=0-0', 0), plan('bytes=-0', 0)]).toEqual(['none', 'none', 'none']);
    expect(plan('bytes=-5', 0)).toBe('whole');
  });

  it('is not there: the whole file', () => {
    expect(planRanges(undefined, 100)).toEqual({ kind: 'whole' });
  });

  it('means exactly the bytes that a naive reading of it means', () => {
    const number = fc.integer({ min: 0, max: 70 });
    const spec = fc.oneof(
      fc.tuple(number, number).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) })),
      number.map((first) => ({ first, last: undefined })),
      number.map((last) => ({ first: undefined, last })),
    );
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 64 }), (specs, size) => {
        const header = `bytes=${specs.map((s) => `${s.first ?? ''}-${s.last ?? ''}`).join(',')}`;
        const asked = specs.map(({ first, last }) => {
          const wanted = (at: number): boolean =>
            first === undefined ? at >= size - (last ?? 0) : at >= first && at <= (last ?? size);
          return Array.from({ length: size }, (_, at) => at).filter(wanted);
        });
        const sum = asked.reduce((bytes, list) => bytes + list.length, 0);
        const planned = planRanges(header, size);
        if (sum > size) expect(planned.kind).toBe('whole');
        else if (sum === 0) expect(planned.kind).toBe('unsatisfiable');
        else {
          const ranges = planned.kind === 'parts' ? planned.ranges : [];
          const sent = ranges.flatMap((r) => Array.from({ length: r.end - r.start }, (_, i) => r.start + i));
          expect(sent.toSorted((a, b) => a - b)).toEqual([...new Set(asked.flat())].sort((a, b) => a - b));
          // Each part begins no earlier in the answer than the first range of it did in the request.
          const order = ranges.map((r) => asked.findIndex((list) => list.some((at) => at >= r.start && at < r.end)));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 500 },
    );
  });
});
