import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyFraming, HttpHeadParser, keepsAlive, type HttpHead } from '../../src/wire/http-head.js';
import { httpLimits } from '../../src/wire/http-limits.js';

const good =
  'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nX-Empty:\r\nSet-Cookie: a=1\r\nset-cookie:  b=2 \t\r\n\r\n';

function parse(text: string): HttpHead | undefined {
  const parser = new HttpHeadParser('server x:1');
  parser.push(Buffer.from(text, 'latin1'));
  return parser.head;
}

function framingOf(...lines: string[]): ReturnType<typeof bodyFraming> {
  const head = parse(`HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
  if (head === undefined) throw new Error('no head');
  return bodyFraming(head, 'server x:1');
}

describe('a response head', () => {
  test('is read with its status, reason and headers', () => {
    const head = parse(good);
    expect([head?.status, head?.reason, head?.minor]).toEqual([206, 'Partial Content', 1]);
    expect(head?.headers.get('CONTENT-length')).toBe('5');
    expect(head?.headers.get('x-empty')).toBe('');
    expect(head?.headers.all('Set-Cookie')).toEqual(['a=1', 'b=2']);
    expect(head?.headers.get('missing')).toBeUndefined();
  });

  test('means the same in whatever portions it comes, and takes nothing of what follows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }), (portions) => {
        const bytes = Buffer.from(`${good}BODY`, 'latin1');
        const parser = new HttpHeadParser('x');
        let at = 0;
        for (const portion of [...portions, bytes.length]) {
          if (parser.head !== undefined) break;
          const slice = bytes.subarray(at, at + portion);
          at += parser.push(slice);
        }
        expect(at).toBe(good.length);
        expect(parser.head?.headers.get('content-length')).toBe('5');
      }),
    );
  });

  test('may lack a reason', () => {
    expect(parse('HTTP/1.1 200\r\n\r\n')?.status).toBe(200);
    expect(parse('HTTP/1.0 200 \r\n\r\n')?.minor).toBe(0);
  });

  test.each([
    ['a line feed alone', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
    ['a carriage return inside of a line', 'HTTP/1.1 200 OK\r\nA: b\rc: d\r\n\r\n'],
    ['a line that is continued', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n'],
    ['no colon', 'HTTP/1.1 200 OK\r\nABC\r\n\r\n'],
    ['an empty name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['another minor version', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['too long a line', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(httpLimits.lineBytesMax)}\r\n\r\n`],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(httpLimits.headersMax + 1)}\r\n`],
    ['too much of everything', `HTTP/1.1 200 OK\r\n${`A: ${'x'.repeat(8000)}\r\n`.repeat(9)}\r\n`],
  ])('is refused for %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'protocol-violation' }));
  });

  test.each(['SSH-2.0-OpenSSH_9.2\r\n', '\u0089MGP\r\n', 'HTTP/2 200\r\n', '<html>', '\r\nHTTP/1.1 200 OK'])(
    'that is none is told from its first bytes: %j',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'not-http' }));
    },
  );

  test('never throws anything but a known error, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const parser = new HttpHeadParser('x');
        try {
          parser.push(Buffer.concat([Buffer.from('HTTP/1.1 '), bytes]));
        } catch (error) {
          expect(error).toMatchObject({ name: 'ManygetError' });
        }
      }),
    );
  });
});

describe('the end of a body', () => {
  test('is told by its length, by chunks, or by the end of the connection', () => {
    expect(framingOf('Content-Length: 5')).toEqual({ kind: 'length', bytes: 5 });
    expect(framingOf('Content-Length: 5', 'content-length: 5')).toEqual({ kind: 'length', bytes: 5 });
    expect(framingOf('Content-Length: 5, 5')).toEqual({ kind: 'length', bytes: 5 });
    expect(framingOf('Transfer-Encoding: Chunked')).toEqual({ kind: 'chunked' });
    expect(framingOf()).toEqual({ kind: 'until-close' });
  });

  test.each([
    [['Content-Length: 5', 'Content-Length: 6']],
    [['Content-Length: 5, 6']],
    [['Content-Length: +5']],
    [['Content-Length: 5x']],
    [['Content-Length: ']],
    [['Content-Length: 99999999999999999999']],
    [['Content-Length: 9007199254740993']],
    [['Transfer-Encoding: chunked', 'Content-Length: 5']],
    [['Transfer-Encoding: gzip, chunked']],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    [['Transfer-Encoding: xchunked']],
  ])('is refused where it can be read in two ways: %j', (lines) => {
    expect(() => framingOf(...lines)).toThrow(expect.objectContaining({ code: 'protocol-violation' }));
  });

  test('is no reason to end the connection, unless the head says so or the end tells', () => {
    const alive = (text: string): boolean | undefined => {
      const head = parse(text);
      return head === undefined ? undefined : keepsAlive(head, bodyFraming(head, 'x'));
    };
    expect(alive('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')).toBe(true);
    expect(alive('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: foo, Close\r\n\r\n')).toBe(false);
    expect(alive('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n')).toBe(false);
    expect(alive('HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n')).toBe(true);
    expect(alive('HTTP/1.1 200 OK\r\n\r\n')).toBe(false);
  });
});
