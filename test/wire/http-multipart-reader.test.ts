import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpLimits } from '../../src/wire/http-limits.js';
import { MultipartReader, type RangePart } from '../../src/wire/http-multipart-reader.js';

function bodyOf(
  parts: readonly { start: number; bytes: Uint8Array; line?: string; total?: number }[],
  boundary = 'b',
): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ start, bytes, line = '', total = 999999 }) => [
      Buffer.from(
        `\r\n--${boundary}\r\n${line}Content-Range: bytes ${start}-${start + bytes.length - 1}/${total}\r\n\r\n`,
      ),
      bytes,
    ]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

describe('a multipart body of short parts', () => {
  it('is the same however it is cut', () => {
    const part = fc.record({
      start: fc.integer({ min: 0, max: 9000 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (parts, step) => {
        const body = bodyOf(parts);
        const reader = new MultipartReader('b', 'peer', 64);
        const got: RangePart[] = [];
        for (let at = 0; at < body.length; at += step) {
          reader.push(body.subarray(at, at + step), (part) => got.push(part));
        }
        expect(got.map((p) => ({ start: p.range.start, bytes: [...p.bytes] }))).toEqual(
          parts.map((p) => ({ start: p.start, bytes: [...p.bytes] })),
        );
        expect(reader.isDone).toBe(true);
      }),
    );
  });

  it('is read whether or not its heads are alike', () => {
    const part = fc.record({
      start: fc.integer({ min: 0, max: 900_000 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
      line: fc.constantFrom('', 'Content-Type: a/b\r\n', 'X-Other: 1-2/3\r\n'),
      total: fc.constantFrom(999_999, 1_000_001),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const got: RangePart[] = [];
        new MultipartReader('b', 'peer', 64).push(bodyOf(parts), (p) => got.push(p));
        expect(got.map((p) => [p.range.start, p.range.end, p.range.totalBytes, ...p.bytes])).toEqual(
          parts.map((p) => [p.start, p.start + p.bytes.length, p.total, ...p.bytes]),
        );
      }),
    );
  });

  it('is refused for so many empty lines before its first part', () => {
    const reader = new MultipartReader('b', 'peer', 64);
    const bytes = Buffer.from('\r\n'.repeat(httpLimits.partHeadBytesMax));
    const pushAll = (): void => {
      for (let at = 0; at < bytes.length; at += 1000) reader.push(bytes.subarray(at, at + 1000), () => undefined);
    };
    expect(pushAll).toThrow('too long a head');
  });

  it('is refused for a part that is too long behind heads that were alike', () => {
    const body = bodyOf([10, 20, 30].map((start) => ({ start, bytes: Buffer.alloc(start === 30 ? 65 : 4) })));
    expect(() => new MultipartReader('b', 'peer', 64).push(body, () => undefined)).toThrow(/longer part/);
  });

  it.each([
    ['another delimiter', Buffer.from('--other\r\nContent-Range: bytes 0-1/2\r\n\r\nab')],
    ['a part without a Content-Range', Buffer.from('--b\r\nX: y\r\n\r\nab')],
    ['a part that is too long', Buffer.from('--b\r\nContent-Range: bytes 0-99999/100000\r\n\r\nab')],
    ['a head without an end', Buffer.alloc(100_000, 97)],
  ])('with %s is refused', (_name, body) => {
    expect(() => new MultipartReader('b', 'peer', 64).push(body, () => undefined)).toThrow(/multipart/);
  });
});
