import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wantsKeepAlive } from '../../src/wire/http-head.js';
import { announcesBody, HttpRequestParser, type HttpRequestHead } from '../../src/wire/http-request-head.js';
import { httpRequestLimits } from '../../src/wire/http-request-limits.js';
import { HttpRequestRefusal } from '../../src/wire/http-request-refusal.js';

function parse(text: string): HttpRequestHead {
  const parser = new HttpRequestParser('the client');
  parser.push(Buffer.from(text, 'latin1'));
  if (parser.head === undefined) throw new Error('the head is not whole');
  return parser.head;
}

function refusedWith(text: string): number {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof HttpRequestRefusal) return error.status;
    throw error;
  }
  return 0;
}

const get = (...lines: string[]): string => ['GET /a HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n');

describe('a request head', () => {
  it('is read to its end and not beyond, however it is cut', () => {
    const first = get('Range: bytes=0-1', 'X-Note:\t ä b \t');
    const text = `\r\n${first}\r\nHEAD /b HTTP/1.0\r\n\r\nrest`;
    const whole = Buffer.from(text, 'latin1');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const heads: HttpRequestHead[] = [];
        let parser = new HttpRequestParser('the client');
        let left = '';
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const chunk = whole.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
          let taken = 0;
          while (taken < chunk.length && heads.length < 2) {
            taken += parser.push(chunk.subarray(taken));
            if (parser.head === undefined) continue;
            heads.push(parser.head);
            parser = new HttpRequestParser('the client');
          }
          left += chunk.subarray(taken).toString();
          at += chunk.length;
        }
        expect(heads.map((h) => [h.method, h.target, h.minor])).toEqual([
          ['GET', '/a', 1],
          ['HEAD', '/b', 0],
        ]);
        expect(heads[0]?.headers.get('range')).toBe('bytes=0-1');
        expect(heads[0]?.headers.get('x-note')).toBe('ä b');
        expect(left).toBe('rest');
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['a bare carriage return', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n'],
    ['a line feed behind two carriage returns', 'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n'],
    ['a continued line', get('X: a', ' b')],
    ['a space before the colon', get('X : a')],
    ['a header without a colon', get('X')],
    ['a NUL in a value', get('X: a\0b')],
    ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a control character in the target', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no version', 'GET /\r\n\r\n'],
    ['a version of two digits', 'GET / HTTP/1.10\r\n\r\n'],
    ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['nothing but empty lines', '\r\n'.repeat(httpRequestLimits.emptyLinesMax + 1)],
  ])('with %s is refused', (_, text) => {
    expect(refusedWith(text)).toBe(400);
  });

  it('of another major version is refused as such', () => {
    expect(refusedWith('PRI * HTTP/2.0\r\n\r\n')).toBe(505);
  });

  it('is taken up to each limit and refused beyond it', () => {
    const { headersMax, targetBytesMax, headBytesMax } = httpRequestLimits;
    const headers = (count: number): string => get(...Array.from({ length: count - 1 }, (_, i) => `X-${i}: a`));
    expect(refusedWith(headers(headersMax))).toBe(0);
    expect(refusedWith(headers(headersMax + 1))).toBe(431);
    const target = (bytes: number): string => `GET /${'a'.repeat(bytes - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`;
    expect(refusedWith(target(targetBytesMax))).toBe(0);
    expect(refusedWith(target(targetBytesMax + 1))).toBe(414);
    expect(refusedWith(target(headBytesMax + 1))).toBe(414);
    const padded = (bytes: number): string => get(`X: ${'a'.repeat(bytes - get('X: ').length)}`);
    expect(padded(headBytesMax)).toHaveLength(headBytesMax);
    expect(refusedWith(padded(headBytesMax))).toBe(0);
    expect(refusedWith(padded(headBytesMax + 1))).toBe(431);
  });

  it('is never read as anything else than a head or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const parser = new HttpRequestParser('the client');
        try {
          expect(parser.push(noise)).toBeLessThanOrEqual(noise.length);
        } catch (error) {
          expect(error).toBeInstanceOf(HttpRequestRefusal);
        }
      }),
    );
  });
});

describe('a body behind a request', () => {
  it.each([
    [get(), false],
    [get('Content-Length: 0'), false],
    [get('Content-Length: 5'), true],
    [get('Transfer-Encoding: chunked'), true],
  ])('%j: %s', (text, expected) => {
    expect(announcesBody(parse(text), 'the client')).toBe(expected);
  });

  it.each([
    get('Content-Length: 5', 'Content-Length: 6'),
    get('Content-Length: 5', 'Content-Length: 5'),
    get('Content-Length: +5'),
    get('Content-Length: 5, 5'),
    get('Content-Length:'),
    get('Content-Length: 5', 'Transfer-Encoding: chunked'),
  ])('that could be framed in two ways is refused: %j', (text) => {
    expect(() => announcesBody(parse(text), 'the client')).toThrow(HttpRequestRefusal);
  });
});

describe('a connection', () => {
  it.each([
    [get(), true],
    [get('Connection: close'), false],
    [get('Connection: Keep-Alive, Close'), false],
    ['GET / HTTP/1.0\r\n\r\n', false],
    ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', true],
  ])('after %j goes on: %s', (text, expected) => {
    expect(wantsKeepAlive(parse(text))).toBe(expected);
  });
});
