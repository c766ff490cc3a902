import { describe, expect, test } from 'vitest';
import { basicAuthorization, parseLogin } from '../../src/wire/http-auth.js';
import { dispositionFileName } from '../../src/wire/http-content-disposition.js';
import { cookieMatches, parseCookieFile, parseSetCookie } from '../../src/wire/http-cookies.js';
import { parseHttpDate, parseRetryAfter } from '../../src/wire/http-date.js';
import { parseDigest, parseReprDigest } from '../../src/wire/http-digest.js';
import { HttpHeaders } from '../../src/wire/http-head.js';
import { parseContentRange, parseUnsatisfiedRange, rangeHeader } from '../../src/wire/http-range.js';
import { encodeRequest } from '../../src/wire/http-request.js';
import { compareVersions, ifRangeValue, readValidators, type Validators } from '../../src/wire/http-validators.js';
import { netrcLogin, parseNetrc } from '../../src/wire/netrc.js';
import { Socks5Handshake } from '../../src/wire/socks5.js';

describe('a range', () => {
  test('is written with an inclusive end and read with an exclusive one', () => {
    expect(rangeHeader(0, 1)).toBe('bytes=0-0');
    expect(rangeHeader(5)).toBe('bytes=5-');
    expect(parseContentRange('bytes 0-0/1')).toEqual({ start: 0, end: 1, totalBytes: 1 });
    expect(parseContentRange('Bytes 5-9/*')).toEqual({ start: 5, end: 10, totalBytes: undefined });
  });

  test.each([
    '',
    'bytes',
    'bytes */5',
    'bytes 9-5/10',
    'bytes=0-1/2',
    'items 0-1/2',
    'bytes 0-99999999999999999/x',
    'bytes -1-2/3',
  ])('is not "%s"', (value) => {
    expect(parseContentRange(value)).toBeUndefined();
  });

  test('that cannot be had states the size', () => {
    expect(parseUnsatisfiedRange('bytes */7')).toBe(7);
    expect(parseUnsatisfiedRange('bytes 0-1/7')).toBeUndefined();
    expect(parseUnsatisfiedRange(undefined)).toBeUndefined();
  });
});

describe('a date', () => {
  const expected = Date.UTC(1994, 10, 6, 8, 49, 37);

  test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'is %s',
    (text) => {
      expect(parseHttpDate(text, Date.UTC(1999, 0, 1))).toBe(expected);
    },
  );

  test('of two digits is at most 50 years ahead', () => {
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(2026, 0, 1))).toBe(expected);
    expect(parseHttpDate('Sunday, 06-Nov-30 08:49:37 GMT', Date.UTC(2026, 0, 1))).toBe(
      Date.UTC(2030, 10, 6, 8, 49, 37),
    );
  });

  test.each([
    '',
    'now',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 32 Nov 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    '1994-11-06',
  ])('is not "%s"', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });

  test('or seconds say when to come back', () => {
    const now = Date.UTC(2026, 10, 22);
    expect(parseRetryAfter('120', now)).toBe(120_000);
    expect(parseRetryAfter(new Date(now + 5000).toUTCString(), now)).toBe(5000);
    expect(parseRetryAfter(new Date(now - 5000).toUTCString(), now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter('-1', now)).toBeUndefined();
    expect(parseRetryAfter(undefined, now)).toBeUndefined();
  });
});

describe('a validator', () => {
  const of = (headers: Record<string, string>): Validators => {
    const all = new HttpHeaders();
    for (const [name, value] of Object.entries(headers)) all.add(name, value);
    return readValidators(all);
  };
  const dated = { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT', Date: 'Sun, 06 Nov 1994 08:50:37 GMT' };

  test('is sent as If-Range only where it is strong', () => {
    expect(ifRangeValue(of({ ETag: '"a"' }))).toBe('"a"');
    expect(ifRangeValue(of({ ETag: 'W/"a"', ...dated }))).toBeUndefined();
    expect(ifRangeValue(of(dated))).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    expect(ifRangeValue(of({ ...dated, Date: 'Sun, 06 Nov 1994 08:49:40 GMT' }))).toBeUndefined();
    expect(ifRangeValue(of({ ETag: 'unquoted' }))).toBeUndefined();
  });

  test('says same, other, or nothing', () => {
    expect(compareVersions(of({ ETag: '"a"' }), of({ ETag: '"a"' }))).toBe('same');
    expect(compareVersions(of({ ETag: '"a"' }), of({ ETag: '"b"' }))).toBe('other');
    expect(compareVersions(of({ ETag: 'W/"a"' }), of({ ETag: 'W/"a"' }))).toBe('unknown');
    expect(compareVersions(of({ ETag: 'W/"a"' }), of({ ETag: 'W/"b"' }))).toBe('other');
    expect(compareVersions(of(dated), of(dated))).toBe('unknown');
    expect(compareVersions(of(dated), of({ 'Last-Modified': 'Sun, 06 Nov 1994 08:49:38 GMT' }))).toBe('other');
    expect(compareVersions(of({ ETag: '"a"', ...dated }), of({ ETag: '"a"' }))).toBe('same');
    expect(compareVersions(of({ ETag: '"a"' }), of({}))).toBe('unknown');
  });
});

describe('a request', () => {
  test('is written as it is sent', () => {
    expect(Buffer.from(encodeRequest('GET', '/a?b', [['Host', 'x']])).toString()).toBe(
      'GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n',
    );
  });

  test.each([
    ['/a b', 'Host', 'x'],
    ['/a\r\nX: y', 'Host', 'x'],
    ['/', 'Ho st', 'x'],
    ['/', 'Host', 'x\r\nY: z'],
    ['/', 'Host', '\u20ac'],
  ])('cannot be broken apart by %j, %j or %j', (target, name, value) => {
    expect(() => encodeRequest('GET', target, [[name, value]])).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('the name in a Content-Disposition', () => {
  test.each([
    ['attachment; filename="a b.txt"', 'a b.txt'],
    ['attachment; filename=plain.txt', 'plain.txt'],
    ['attachment; filename="a\\"b.txt"', 'a"b.txt'],
    ["attachment; filename=x; filename*=UTF-8'en'%e2%82%ac%20rates", '€ rates'],
    ["inline; filename*=iso-8859-1'en'%A3", '£'],
    ["attachment; filename=ok.txt; filename*=UTF-8''%FF%FE", 'ok.txt'],
    ["attachment; filename=ok.txt; filename*=KOI8-R''x", 'ok.txt'],
    ['attachment; filename="na\u00c3\u00afve.txt"', 'naïve.txt'],
    ['attachment; filename="caf\u00e9.txt"', 'café.txt'],
    ['attachment; FILENAME=a; filename=b', 'a'],
    ['attachment; name="filename=x"', undefined],
    ['attachment', undefined],
    ['attachment; filename=""', undefined],
  ])('of %j is %j', (value, name) => {
    expect(dispositionFileName(value)).toBe(name);
  });
});

describe('a digest in a header', () => {
  const base64 = Buffer.alloc(32, 7).toString('base64');
  const hex = '07'.repeat(32);

  test('is read from Repr-Digest and from Digest', () => {
    expect(parseReprDigest(`sha-256=:${base64}:, unknown=:AA==:`)).toEqual(new Map([['sha-256', hex]]));
    expect(parseDigest(`md5=AAAA, SHA-256=${base64}`)).toEqual(new Map([['sha-256', hex]]));
  });

  test.each([undefined, '', 'sha-256=AAAA', 'sha-256=:AAAA:', 'sha-256=:*:', `sha-256=${base64}`])(
    'is not in %j',
    (value) => {
      expect(parseReprDigest(value).size).toBe(0);
    },
  );
});

describe('a login', () => {
  test('is written for Basic in UTF-8, and split at the first colon', () => {
    expect(basicAuthorization({ user: 'Aladdin', password: 'open sesame' })).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
    expect(basicAuthorization({ user: 'test', password: '123\u00a3' })).toBe('Basic dGVzdDoxMjPCow==');
    expect(parseLogin('a:b:c')).toEqual({ user: 'a', password: 'b:c' });
    expect(parseLogin('a')).toEqual({ user: 'a', password: '' });
    expect(() => basicAuthorization({ user: 'a:b', password: '' })).toThrow('colon');
  });

  test('is found in a netrc file', () => {
    const netrc = parseNetrc(
      '# hosts\nmachine A.example login me password "p \\" q"\nmachine b.example login x\n\tpassword y account z\n' +
        'macdef init\nmachine evil login e password e\n\nmachine a.example login second password no\ndefault login anonymous password guest',
    );
    expect(netrcLogin(netrc, 'a.EXAMPLE', true)).toEqual({ user: 'me', password: 'p " q' });
    expect(netrcLogin(netrc, 'b.example', true)).toEqual({ user: 'x', password: 'y' });
    expect(netrcLogin(netrc, 'evil', true)).toEqual({ user: 'anonymous', password: 'guest' });
    expect(netrcLogin(netrc, 'evil', false)).toBeUndefined();
    expect(netrcLogin(netrc, 'a.example', false)).toMatchObject({ user: 'me' });
    expect(netrcLogin(netrc, 'a.example', false, 'second')).toEqual({ user: 'second', password: 'no' });
    expect(netrcLogin(netrc, 'a.example', true, 'third')).toBeUndefined();
    expect(netrcLogin(netrc, 'evil', true, 'anonymous')).toMatchObject({ password: 'guest' });
    expect(netrcLogin(parseNetrc(''), 'a', true)).toBeUndefined();
  });
});

describe('a cookie', () => {
  const at = (url: string): URL => new URL(url);

  test('of a file goes where its line says', () => {
    const text = [
      '# comment',
      '.example.org\tTRUE\t/a\tFALSE\t0\tbelow\t1',
      '#HttpOnly_example.org\tFALSE\t/\tTRUE\t2000000000\tsecure\t2',
      'broken line',
      'example.org\tFALSE\t/\tFALSE\t1\texpired\t3',
    ].join('\r\n');
    const { cookies, badLines } = parseCookieFile(text);
    expect(badLines).toEqual([4]);
    const sent = (url: string): string[] => cookies.filter((c) => cookieMatches(c, at(url), 1e12)).map((c) => c.name);
    expect(sent('http://example.org/a')).toEqual(['below']);
    expect(sent('http://www.example.org/a/b')).toEqual(['below']);
    expect(sent('http://example.org/ab')).toEqual([]);
    expect(sent('https://example.org/')).toEqual(['secure']);
    expect(sent('https://www.example.org/')).toEqual([]);
    expect(sent('https://badexample.org/a')).toEqual([]);
  });

  test.each(['', '0', '-1', '1500000000.25'])('may end at "%s" by its line', (expires) => {
    const { cookies, badLines } = parseCookieFile(`h\tFALSE\t/\tFALSE\t${expires}\tname\tv`);
    expect(badLines).toEqual([]);
    expect(cookies.map((c) => cookieMatches(c, at('http://h/'), 1.5e12))).toEqual([true]);
    expect(cookies.map((c) => cookieMatches(c, at('http://h/'), 1.6e12))).toEqual([!expires.includes('.')]);
  });

  test('that a server sets goes back to that host alone, whatever its Domain says', () => {
    const cookie = parseSetCookie('a=b; Domain=org; Path=/x; Secure', at('https://example.org/x/y'), 0);
    expect(cookie).toMatchObject({ domain: 'example.org', hostOnly: true, path: '/x', secure: true });
    expect(parseSetCookie('a=b', at('http://h/x/y'), 0)?.path).toBe('/x');
    const ends = (attributes: string): number | undefined =>
      parseSetCookie(`a=b; ${attributes}`, at('http://h/'), 1e12)?.expiresMs;
    expect(ends('Max-Age=0')).toBe(0);
    expect(ends('Expires=Thu, 01-Jan-1970 00:00:01 GMT')).toBe(0);
    expect(ends('expires=Thu, 1 Jan 1970 00:00:01 GMT; Max-Age=60')).toBeUndefined();
    expect(ends('Expires=Thu, 01 Jan 2099 00:00:01 GMT')).toBeUndefined();
    expect(ends('Expires=soon')).toBeUndefined();
    for (const line of ['', '=x', 'a', 'a b=c', 'a=b\r\nX: y'])
      expect(parseSetCookie(line, at('http://h/'), 0)).toBeUndefined();
  });
});

describe('a SOCKS5 handshake', () => {
  const target = { host: 'example.org', port: 443, user: undefined, password: undefined };
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

  test('opens a tunnel, byte by byte, and hands on what came behind it', () => {
    const socks = new Socks5Handshake(target);
    expect(socks.greeting()).toEqual(bytes(5, 1, 0));
    expect(socks.push(bytes(5))).toEqual({ kind: 'wait' });
    const step = socks.push(bytes(0));
    expect(step.kind === 'send' && Buffer.from(step.bytes).toString('latin1')).toContain('example.org');
    expect(socks.push(bytes(5, 0, 0, 1, 0, 0, 0, 0, 0))).toEqual({ kind: 'wait' });
    expect(socks.push(bytes(0, 9, 8))).toEqual({ kind: 'open', rest: bytes(9, 8) });
  });

  test('logs in where the proxy wants that', () => {
    const socks = new Socks5Handshake({ ...target, user: 'me', password: 'pw' });
    expect(socks.greeting()).toEqual(bytes(5, 2, 0, 2));
    expect(socks.push(bytes(5, 2))).toEqual({ kind: 'send', bytes: bytes(1, 2, 109, 101, 2, 112, 119) });
    expect(socks.push(bytes(1, 1)).kind).toBe('refused');
  });

  test('writes addresses as addresses', () => {
    const sent = (host: string): number[] => {
      const socks = new Socks5Handshake({ ...target, host });
      const step = socks.push(bytes(5, 0));
      return step.kind === 'send' ? [...step.bytes.subarray(3, -2)] : [];
    };
    expect(sent('10.0.0.1')).toEqual([1, 10, 0, 0, 1]);
    expect(sent('2001:db8::1')).toEqual([4, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(sent('::1')).toEqual([4, ...Array.from({ length: 15 }, () => 0), 1]);
  });

  test('says why it is refused', () => {
    const refused = (...answers: Uint8Array[]): string => {
      const socks = new Socks5Handshake(target);
      let reason = '';
      for (const answer of answers) {
        const step = socks.push(answer);
        if (step.kind === 'refused') reason = step.reason;
      }
      return reason;
    };
    expect(refused(bytes(72, 84))).toContain('does not speak SOCKS5');
    expect(refused(bytes(5, 255))).toContain('password');
    expect(refused(bytes(5, 0), bytes(5, 4, 0, 1, 0))).toContain('cannot be reached');
  });
});
