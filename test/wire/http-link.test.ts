import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HttpHeaders } from '../../src/wire/http-head.js';
import { isMetalinkType, linkLimits, parseLinks, readHashes, readPublication } from '../../src/wire/http-link.js';

const at = new URL('http://a.example/pub/f.iso');

function headers(lines: readonly (readonly [string, string])[]): HttpHeaders {
  const made = new HttpHeaders();
  for (const [name, value] of lines) made.add(name, value);
  return made;
}

function published(...links: string[]): ReturnType<typeof readPublication> {
  return readPublication(headers(links.map((link) => ['Link', link] as const)), at);
}

describe('links', () => {
  test('are read with all that RFC 6249 puts there, several in a line', () => {
    const [first, second, ...others] = parseLinks([
      '<http://www2.example.com/example.ext>; rel=duplicate; pri=1; geo=gb; depth=1; pref, </f,g.meta4>;REL="describedby Other";type="application/metalink4+xml"',
    ]);
    expect(others).toEqual([]);
    expect(first?.target).toBe('http://www2.example.com/example.ext');
    expect([...(first?.params ?? [])]).toEqual([
      ['rel', 'duplicate'],
      ['pri', '1'],
      ['geo', 'gb'],
      ['depth', '1'],
      ['pref', ''],
    ]);
    expect(second).toMatchObject({ target: '/f,g.meta4', rels: ['describedby', 'other'] });
  });

  test('may have spaces, empty elements, quoted pairs and parameters that are missing', () => {
    expect(parseLinks([' , <a> ; rel = "x" ;; title="a\\"b, <c>" ; , ,<b>;rel=y'])).toMatchObject([
      { target: 'a', rels: ['x'] },
      { target: 'b', rels: ['y'] },
    ]);
    expect(parseLinks(['<a>; title="a\\"b"'])[0]?.params.get('title')).toBe('a"b');
  });

  test('count with the first of two parameters of one name', () => {
    expect(parseLinks(['<a>; rel=first; rel=second'])[0]?.rels).toEqual(['first']);
  });

  test.each([
    'a; rel=x',
    '<a; rel=x',
    '<a b>; rel=x',
    '<a> rel=x',
    '<a>; rel=',
    '<a>; rel="x',
    '<a>; rel="x"y',
    '<a>; rel=x <b>; rel=y',
    '<a>; =x',
    '<a\u0001>; rel=x',
    '<ä>; rel=x',
  ])('are none where a line is "%s"', (line) => {
    expect(parseLinks([line])).toEqual([]);
    expect(parseLinks([line, '<good>; rel=x'])).toHaveLength(1);
  });

  test('are not read without bound', () => {
    expect(parseLinks([`<${'a'.repeat(linkLimits.targetCharsMax + 1)}>; rel=x`])).toEqual([]);
    expect(parseLinks(new Array<string>(1000).fill('<a>; rel=x'))).toHaveLength(linkLimits.linksMax);
  });

  const tokens = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
  const texts = fc.stringMatching(/^[\t -~]{0,20}$/);
  const targets = fc.stringMatching(/^[!#-;=?-[\]_a-z~]{0,30}$/);

  test('that were written are read again, whatever is in them', () => {
    const params = fc.uniqueArray(fc.tuple(tokens, texts), { selector: ([name]) => name.toLowerCase(), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(targets, params), { maxLength: 6 }), (wanted) => {
        const line = wanted
          .map(([to, pairs]) => {
            const rest = pairs.map(([name, value]) => `; ${name}="${value.replace(/(["\\])/g, '\\$1')}"`);
            return `<${to}>${rest.join('')}`;
          })
          .join(', ');
        const read = parseLinks([line]);
        expect(read.map((link) => link.target)).toEqual(wanted.map(([to]) => to));
        read.forEach((link, i) => {
          expect([...link.params]).toEqual(wanted[i]?.[1].map(([name, value]) => [name.toLowerCase(), value]));
        });
      }),
    );
  });

  test('come out of any text without a fault, and never with what a target must not hold', () => {
    const pieces = fc.constantFrom('<', '>', ';', ',', '=', '"', '\\', ' ', 'rel', 'a', '\t', '\u0000', 'ü');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        for (const link of parseLinks([parts.join('')])) expect(link.target).toMatch(/^[^\s<>"\\]*$/);
      }),
    );
  });
});

describe('a publication', () => {
  test('has the duplicates by preference and priority, as whole addresses without logins', () => {
    const { duplicates } = published(
      '<http://b.example/f>; rel=duplicate; pri=20; geo=DE',
      '<mirror/f.iso>; rel=duplicate; pri=10, <ftp://c.example/f>; rel=duplicate; pri=abc',
      '<https://user:secret@d.example/f#x>; rel=duplicate; pri=30; pref; depth=2',
      '<http://e.example/other>; rel=next',
      '<http://a.example/pub/f.iso>; rel=duplicate',
    );
    expect(duplicates.map((link) => [link.url.href, link.priority])).toEqual([
      ['https://d.example/f', 30],
      ['http://a.example/pub/mirror/f.iso', 10],
      ['http://b.example/f', 20],
      ['ftp://c.example/f', 999_999],
    ]);
    expect(duplicates[2]?.location).toBe('de');
    expect(duplicates[0]).toMatchObject({ isPreferred: true, depth: 2 });
  });

  test('has the Metalink, and no other description', () => {
    const signature = '<f.asc>; rel=describedby; type="application/pgp-signature"';
    expect(published(signature).manifest).toBeUndefined();
    const both = published(signature, '<f.meta4>; rel=describedby; type="application/metalink4+xml"');
    expect(both.manifest?.href).toBe('http://a.example/pub/f.meta4');
    expect(published('<f.meta4>; rel=describedby').manifest).toBeUndefined();
  });

  test('has what is promised of the pieces in the Metalink, where that is a number', () => {
    const link = '<f.meta4>; rel=describedby; type="application/metalink4+xml"';
    expect(published(link).manifestPieceBytes).toBeUndefined();
    expect(published(`${link}; piece-length=16777216`).manifestPieceBytes).toBe(16_777_216);
    for (const wrong of ['-1', '1.5', '0x10', '12345678901', '""']) {
      expect(published(`${link}; piece-length=${wrong}`).manifestPieceBytes).toBeUndefined();
    }
    expect(published(link, `${link}; piece-length=4`).manifestPieceBytes).toBeUndefined();
  });

  test('leaves out links that are about something else', () => {
    expect(published('<http://b.example/f>; rel=duplicate; anchor="/other"').duplicates).toEqual([]);
    expect(published('<http://b.example/f>; rel=duplicate; anchor="f.iso"').duplicates).toHaveLength(1);
  });

  test('has the digests of both headers, Repr-Digest before Digest', () => {
    const base64 = (byte: number, length: number): string => Buffer.alloc(length, byte).toString('base64');
    const hashes = readHashes(
      headers([
        ['Digest', `SHA-256=${base64(1, 32)},SHA=${base64(2, 20)},unixsum=30637`],
        ['Repr-Digest', `sha-256=:${base64(3, 32)}:, sha-512=:${base64(4, 64)}:`],
      ]),
    );
    expect(hashes).toEqual({ sha256: '03'.repeat(32), sha512: '04'.repeat(64), sha1: '02'.repeat(20) });
  });
});

test('a Metalink is told by its type', () => {
  expect(isMetalinkType('application/metalink4+xml')).toBe(true);
  expect(isMetalinkType('Application/Metalink+XML; charset=utf-8')).toBe(true);
  expect(isMetalinkType('application/metalink4+xmlx')).toBe(false);
  expect(isMetalinkType('text/xml')).toBe(false);
  expect(isMetalinkType(undefined)).toBe(false);
});
