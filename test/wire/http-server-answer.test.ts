import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { declinesReprDigest, legacyDigest, reprDigest, wantsLegacyDigest } from '../../src/wire/http-server-digest.js';
import { encodeAnswerHead, formatHttpDate } from '../../src/wire/http-server-head.js';
import { mediaType } from '../../src/wire/http-server-media-type.js';
import { frameParts } from '../../src/wire/http-server-multipart.js';
import { parseHttpDate } from '../../src/wire/http-date.js';
import { parseDigest, parseReprDigest } from '../../src/wire/http-digest.js';

describe('the head of an answer', () => {
  it('holds its lines in order', () => {
    expect(encodeAnswerHead(206, [['A', 'b']])).toBe('HTTP/1.1 206 Partial Content\r\nA: b\r\n\r\n');
  });

  it.each(['a\r\nSet-Cookie: x', 'a\nb', 'ü', 'a\0'])('is never made with the value %j', (value) => {
    expect(() => encodeAnswerHead(200, [['A', value]])).toThrow(/break/);
  });

  it('has dates that can be read back', () => {
    const ms = Date.UTC(1994, 10, 6, 8, 49, 37);
    expect(formatHttpDate(ms)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    expect(parseHttpDate(formatHttpDate(ms))).toBe(ms);
  });
});

describe('digests', () => {
  const sha256 = createHash('sha256').update('abc').digest('hex');

  it('are read back by the other side', () => {
    expect(parseReprDigest(reprDigest(sha256)).get('sha-256')).toBe(sha256);
    expect(parseDigest(legacyDigest(sha256)).get('sha-256')).toBe(sha256);
  });

  it.each([
    [undefined, false],
    ['sha-256=1', false],
    ['sha-512=3, sha-256=0', true],
    ['sha-256=10', false],
  ])('Want-Repr-Digest %s declines: %s', (value, expected) => {
    expect(declinesReprDigest(value)).toBe(expected);
  });

  it.each([
    [undefined, false],
    ['SHA-512;q=1, SHA-256;q=1, SHA;q=0.1', true],
    ['sha-256', true],
    ['sha-256;q=0', false],
    ['md5', false],
  ])('Want-Digest %s asks: %s', (value, expected) => {
    expect(wantsLegacyDigest(value)).toBe(expected);
  });
});

describe('a multipart body', () => {
  it('is as long as it says', () => {
    const ranges = [
      { start: 0, end: 5 },
      { start: 90, end: 100 },
    ];
    const frame = frameParts(ranges, 100, 'video/mp4', 'b0undary');
    const body = frame.heads.map((head, i) => head + 'x'.repeat(i === 0 ? 5 : 10)).join('') + frame.tail;
    expect(frame.bodyBytes).toBe(body.length);
    expect(frame.heads[1]).toContain('Content-Range: bytes 90-99/100\r\n');
    expect(frame.contentType).toBe('multipart/byteranges; boundary=b0undary');
  });
});

describe('a media type', () => {
  it.each([
    ['a/b.MP4', 'video/mp4'],
    ['a.txt', 'text/plain; charset=utf-8'],
    ['a.tar.gz', 'application/gzip'],
    ['a', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
    ['.mp4/a', 'application/octet-stream'],
  ])('of %s is %s', (name, type) => {
    expect(mediaType(name)).toBe(type);
  });
});
