import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpRequestParser } from '../../src/wire/http-request-head.js';
import { encodePath, readTarget, type HttpRequestTarget } from '../../src/wire/http-request-target.js';
import { HttpRequestRefusal } from '../../src/wire/http-request-refusal.js';

function read(target: string, host = 'Host: a.example:80\r\n', version = 'HTTP/1.1'): HttpRequestTarget {
  const parser = new HttpRequestParser('the client');
  parser.push(Buffer.from(`GET ${target} ${version}\r\n${host}\r\n`, 'latin1'));
  if (parser.head === undefined) throw new Error('the head is not whole');
  return readTarget(parser.head, 'the client');
}

describe('a target', () => {
  it.each([
    ['/', ''],
    ['/a.bin', 'a.bin'],
    ['/folder/a%20b.bin', 'folder/a b.bin'],
    ['/folder/', 'folder/'],
    ['/a?download', 'a'],
    ['/100%25', '100%'],
    ['/%2541', '%41'],
    ['/%C3%BC', 'ü'],
    [Buffer.from('/ü').toString('latin1'), 'ü'],
    ['/%EF%BB%BFa', '\ufeffa'],
    ['/a+b', 'a+b'],
    ['/%2e%2e/a', '../a'],
    ['//a', '/a'],
  ])('%s names %j, decoded once', (target, name) => {
    expect(read(target).name).toBe(name);
  });

  it.each([
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%00',
    '/a%2fb',
    '/..%2F..%2Fetc',
    '/%ff',
    '/%C3',
    '/%ED%A0%80',
    '/a#b',
    'a',
    '*',
    'http:/a',
  ])('%s is refused', (target) => {
    expect(() => read(target)).toThrow(HttpRequestRefusal);
  });

  it('in absolute form brings its own host', () => {
    expect(read('http://b.example:9001/a?x', 'Host: other\r\n')).toEqual({
      name: 'a',
      query: 'x',
      host: 'b.example:9001',
    });
    expect(read('HTTP://b.example?x').name).toBe('');
    expect(() => read('http://user@b.example/a')).toThrow(HttpRequestRefusal);
    expect(() => read('ftp://b.example/a')).toThrow(HttpRequestRefusal);
  });

  it('encoded again is the same name', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/[/\0]|\p{Surrogate}/u.test(s));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = encodePath(segments.join('/'));
        expect(path).toMatch(/^[A-Za-z0-9%/._~-]+$/);
        expect(read(`/${path}`).name).toBe(segments.join('/'));
      }),
    );
  });
});

describe('a host', () => {
  it('must be there in HTTP/1.1, once', () => {
    expect(() => read('/a', '')).toThrow(/Host/);
    expect(read('/a', '', 'HTTP/1.0').host).toBeUndefined();
    expect(() => read('/a', 'Host: a\r\nHost: a\r\n')).toThrow(/Host/);
    expect(read('/a', 'Host:\r\n').host).toBeUndefined();
  });

  it.each(['a.example', '[::1]:9001', '127.0.0.1:80', 'a:'])('may be %s', (host) => {
    expect(read('/a', `Host: ${host}\r\n`).host).toBe(host);
  });

  it.each(['a b', 'a/b', 'user@a', '[::1', 'a:port', 'a:123456', '<a>', 'a"', 'ä'])('is refused as %s', (host) => {
    expect(() => read('/a', `Host: ${host}\r\n`)).toThrow(HttpRequestRefusal);
  });
});
