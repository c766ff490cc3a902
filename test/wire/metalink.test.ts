import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { hashAlgorithms, strongestFirst } from '../../src/base/hash-algorithm.js';
import { lowestPriority, type Manifest, type ManifestDocument } from '../../src/base/manifest.js';
import { metalinkLimits } from '../../src/wire/metalink-limits.js';
import { writeMetalink } from '../../src/wire/metalink-writer.js';
import { MetalinkParser, parseMetalink } from '../../src/wire/metalink.js';

const utf8 = new TextEncoder();
const parse = (text: string): ManifestDocument => parseMetalink(utf8.encode(text), 'a.meta4');
const inMetalink4 = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">${inner}</metalink>`;
const inFile4 = (inner: string): string => inMetalink4(`<file name="f.bin">${inner}</file>`);
const inFile3 = (inner: string): string =>
  `<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="f.bin">${inner}</file></files></metalink>`;
const refusal = (code: string, words: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(words) as string });

describe('Metalink 4', () => {
  test('the example of RFC 5854 is read', () => {
    const document = parse(`<?xml version="1.0" encoding="UTF-8"?>
      <metalink xmlns="urn:ietf:params:xml:ns:metalink">
        <published>2009-05-15T12:23:23Z</published>
        <file name="example.ext">
          <size>14471447</size>
          <identity>Example</identity>
          <version>1.0</version>
          <language>en</language>
          <description>A description of the example file for download.</description>
          <hash type="sha-256">f0ad929cd259957e160ea442eb80986b5f01aaaaaaaaaaaaaaaaaaaaaaaaaaaa</hash>
          <url location="de" priority="1">ftp://ftp.example.com/example.ext</url>
          <url location="FR" priority="1">http://example.com/example.ext</url>
          <metaurl mediatype="torrent" priority="2">http://example.com/example.ext.torrent</metaurl>
        </file>
      </metalink>`);
    expect(document).toEqual({
      files: [
        {
          name: 'example.ext',
          sizeBytes: 14471447,
          hashes: { sha256: 'f0ad929cd259957e160ea442eb80986b5f01aaaaaaaaaaaaaaaaaaaaaaaaaaaa' },
          pieces: undefined,
          sources: [
            { url: 'ftp://ftp.example.com/example.ext', priority: 1, location: 'de' },
            { url: 'http://example.com/example.ext', priority: 1, location: 'fr' },
          ],
        },
      ],
      notices: ['metalink "a.meta4": torrents are left out'],
    });
  });

  test('sources come by priority, those without one last, each once', () => {
    const [file] = parse(
      inFile4(
        '<url>http://c/</url><url priority="7">http://b/</url><url priority="2">http://a/</url><url priority="9">http://a/</url>',
      ),
    ).files;
    expect(file?.sources.map(({ url, priority }) => [url, priority])).toEqual([
      ['http://a/', 2],
      ['http://b/', 7],
      ['http://c/', lowestPriority],
    ]);
  });

  test('of several lists of piece hashes the strongest counts', () => {
    const md5 = '<pieces length="1" type="md5"><hash>'.concat('0'.repeat(32), '</hash></pieces>');
    const sha256 = `<pieces length="1" type="sha-256"><hash>${'ab'.repeat(32)}</hash></pieces>`;
    const [file] = parse(inFile4(`<size>1</size>${md5}${sha256}`)).files;
    expect(file?.pieces).toEqual({ algorithm: 'sha256', pieceBytes: 1, digests: new Uint8Array(32).fill(0xab) });
  });

  test('elements and attributes of other vocabularies count for nothing', () => {
    const [file] = parse(
      inFile4(
        '<x:size xmlns:x="urn:x">5</x:size><x:box xmlns:x="urn:x"><size>6</size></x:box><size x:type="y" xmlns:x="urn:x">7</size>',
      ),
    ).files;
    expect(file?.sizeBytes).toBe(7);
  });

  test('text may come as CDATA, with entities and with comments in it', () => {
    const [file] = parse(inFile4('<url>http://a/?x=1&amp;y=<!-- c --><![CDATA[2&z]]>&#x33;</url>')).files;
    expect(file?.sources[0]?.url).toBe('http://a/?x=1&y=2&z3');
  });

  test('what is not known is left out and told, what is wrong in one address as well', () => {
    const document = parse(
      inFile4('<hash type="tiger">00</hash><pieces length="3" type="crc"><hash>1</hash></pieces><url>nowhere</url>'),
    );
    expect(document.files[0]).toMatchObject({ hashes: {}, pieces: undefined, sources: [] });
    expect(document.notices).toHaveLength(3);
  });
});

describe('Metalink 3', () => {
  test('a document with verification and resources is read', () => {
    const document = parse(
      inFile3(`<size>3</size>
        <verification>
          <hash type="sha1">${'AB'.repeat(20)}</hash>
          <pieces length="2" type="sha1"><hash piece="0">${'01'.repeat(20)}</hash><hash piece="1">${'02'.repeat(20)}</hash></pieces>
          <signature type="pgp">x</signature>
        </verification>
        <resources>
          <url type="http" preference="90">http://second/</url>
          <url type="http" location="US" preference="100">http://first/</url>
          <url type="bittorrent" preference="100">http://first/f.bin.torrent</url>
        </resources>`),
    );
    expect(document.files[0]).toEqual({
      name: 'f.bin',
      sizeBytes: 3,
      hashes: { sha1: 'ab'.repeat(20) },
      pieces: {
        algorithm: 'sha1',
        pieceBytes: 2,
        digests: Uint8Array.from({ length: 40 }, (_, i) => (i < 20 ? 1 : 2)),
      },
      sources: [
        { url: 'http://first/', priority: 1, location: 'us' },
        { url: 'http://second/', priority: 11, location: undefined },
      ],
    });
    expect(document.notices).toEqual([
      'metalink "a.meta4": a signature is not checked',
      'metalink "a.meta4": torrents are left out',
    ]);
  });

  test('pieces out of their order are refused', () => {
    const text = inFile3(`<verification><pieces length="2" type="sha1"><hash piece="1">${'0'.repeat(40)}</hash>`);
    expect(() => parse(text)).toThrow(refusal('manifest-malformed', 'has piece number 1 where number 0 was expected'));
  });
});

describe('what is refused', () => {
  test.each([
    ['<!DOCTYPE metalink [<!ENTITY a "b">]><metalink/>', 'manifest-refused', 'has a DOCTYPE'],
    ['<!DOCTYPE metalink SYSTEM "file:///etc/passwd"><metalink/>', 'manifest-refused', 'has a DOCTYPE'],
    [inFile4('<url>&bomb;</url>'), 'manifest-malformed', 'not well-formed XML'],
    ['<html/>', 'manifest-malformed', 'begins with <html>'],
    ['<metalink/>', 'manifest-malformed', 'begins with <metalink> of the namespace ""'],
    ['not XML', 'manifest-malformed', 'not well-formed XML'],
    ['', 'manifest-malformed', 'not well-formed XML'],
    [inFile4('<size>1</size>').slice(0, -20), 'manifest-malformed', 'not well-formed XML'],
    [
      '<?xml version="1.0" encoding="UTF-16"?><metalink xmlns="urn:ietf:params:xml:ns:metalink"/>',
      'manifest-malformed',
      'in the encoding UTF-16',
    ],
    [inMetalink4(''), 'manifest-malformed', 'holds no file'],
    [inMetalink4('<file/>'), 'manifest-refused', 'which is empty'],
    [inMetalink4('<file name="../x"/>'), 'manifest-refused', 'the part ".."'],
    [inMetalink4('<file name="C:x"/>'), 'manifest-refused', 'a drive letter'],
    [inMetalink4('<file name="lpt1.txt"/>'), 'manifest-refused', 'a device'],
    [inMetalink4('<file name="a"/><file name="a"/>'), 'manifest-malformed', 'names the file "a" twice'],
    [inFile4('<size>-1</size>'), 'manifest-malformed', 'states the size "-1"'],
    [inFile4('<size>9007199254740992</size>'), 'manifest-malformed', 'states the size'],
    [inFile4('<size>1</size><size>2</size>'), 'manifest-malformed', 'states two sizes'],
    [inFile4('<hash type="md5">12</hash>'), 'manifest-malformed', 'expected 32 hexadecimal digits'],
    [inFile4('<pieces length="0" type="md5"/>'), 'manifest-malformed', 'pieces of length "0"'],
    [inFile4('<pieces length="4294967296" type="md5"/>'), 'manifest-refused', 'expected at most 4294967295'],
    [inFile4('<pieces length="1" type="md5"/><pieces length="2" type="md5"/>'), 'manifest-malformed', 'two lists'],
    [inFile4('<size>5</size><pieces length="2" type="md5"/>'), 'manifest-malformed', 'has 0 piece hashes, expected 3'],
    [inFile4(`<x>${'<x>'.repeat(40)}`), 'manifest-refused', 'more than 32 elements within each other'],
    [inFile4(`<url>${'u'.repeat(9000)}</url>`), 'manifest-refused', 'more than 8192 characters in one <url>'],
    [
      inFile4(Array.from({ length: metalinkLimits.urlsMax + 1 }, (_, i) => `<url>http://h${i}/</url>`).join('')),
      'manifest-refused',
      'more than 1000 addresses',
    ],
  ])('$1: $2', (text, code, words) => {
    expect(() => parse(text)).toThrow(refusal(code, words));
  });

  test('a document that is not UTF-8, or beyond the limit, is refused', () => {
    expect(() => parseMetalink(Uint8Array.of(0xff, 0xfe, 0x3c, 0), 'x')).toThrow(
      refusal('manifest-malformed', 'is not UTF-8'),
    );
    const parser = new MetalinkParser('x');
    const spaces = new Uint8Array(16 * 1024 * 1024).fill(0x20);
    parser.push(utf8.encode('<metalink xmlns="urn:ietf:params:xml:ns:metalink">'));
    expect(() => {
      for (let i = 0; i < 5; i += 1) parser.push(spaces);
    }).toThrow(refusal('manifest-refused', `more than ${metalinkLimits.bytesMax} bytes`));
  });

  test('a message cannot move the cursor of a terminal', () => {
    expect(() => parse(inMetalink4('<file name="a&#x9b;2J/../b"/>'))).toThrow(
      refusal('manifest-refused', 'a\\u{9b}2J'),
    );
  });
});

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((digest) => Buffer.from(digest).toString('hex'));

const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    name: fc.constantFrom('video.mp4', 'a/b/c.iso', 'x & <y> "z"', 'ünï\u{1f600}.bin', '-dash', '.hidden'),
    sizeBytes: fc.option(fc.nat(1000), { nil: undefined }),
    algorithms: fc.uniqueArray(fc.constantFrom(...strongestFirst)),
    pieces: fc.option(
      fc.record({ algorithm: fc.constantFrom(...strongestFirst), pieceBytes: fc.integer({ min: 1, max: 400 }) }),
      {
        nil: undefined,
      },
    ),
    sources: fc.uniqueArray(
      fc.record({
        url: fc.webUrl({ withQueryParameters: true, withFragments: true }),
        priority: fc.integer({ min: 1, max: lowestPriority }),
        location: fc.constantFrom(undefined, 'de', 'us'),
      }),
      { selector: (source) => source.url, maxLength: 4 },
    ),
  })
  .chain(({ name, sizeBytes, algorithms, pieces, sources }) =>
    fc
      .record({
        hashes: fc.tuple(...algorithms.map((algorithm) => hex(hashAlgorithms[algorithm].bytes))),
        digests: fc.uint8Array({
          minLength: digestBytes(sizeBytes, pieces),
          maxLength: digestBytes(sizeBytes, pieces),
        }),
      })
      .map((made) => ({
        name,
        sizeBytes,
        hashes: Object.fromEntries(algorithms.map((algorithm, i) => [algorithm, made.hashes[i]])),
        pieces: pieces === undefined || made.digests.length === 0 ? undefined : { ...pieces, digests: made.digests },
        sources: [...sources].sort((a, b) => a.priority - b.priority),
      })),
  );

function digestBytes(
  sizeBytes: number | undefined,
  pieces: { algorithm: keyof typeof hashAlgorithms; pieceBytes: number } | undefined,
): number {
  if (pieces === undefined) return 0;
  return Math.ceil((sizeBytes ?? 700) / pieces.pieceBytes) * hashAlgorithms[pieces.algorithm].bytes;
}

describe('properties', () => {
  test('what is written is read back, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(manifests, fc.array(fc.nat(), { maxLength: 8 }), (manifest, cuts) => {
        const bytes = utf8.encode(writeMetalink(manifest, { generator: 'manyget/1 <&>' }));
        const parser = new MetalinkParser('x');
        const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
        for (const [i, place] of [...places, bytes.length].entries())
          parser.push(bytes.slice(places[i - 1] ?? 0, place));
        expect(parser.end()).toEqual({ files: [manifest], notices: [] });
      }),
    );
  });

  test('several files are written in one document', () => {
    const one = { sizeBytes: 0, hashes: {}, pieces: undefined, sources: [] };
    const files = [
      { name: 'a', ...one },
      { name: 'b/c', ...one },
    ];
    expect(parse(writeMetalink(files)).files).toEqual(files);
  });

  test('whatever is read, nothing but a ManygetError of a manifest is thrown, the same for every cut', () => {
    const scrap = fc.constantFrom(
      ...['<file name="a">', '</file>', '<size>', '</size>', '12', '<hash type="md5">', '</hash>', '<url>', '</url>'],
      ...[
        '<pieces length="2" type="sha-1">',
        '</pieces>',
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
        '&lt;',
        '&x;',
        '<?p',
        '?>',
      ],
      ...['<!DOCTYPE a', '>', '<files>', '</files>', '"', '\0', 'ü', '<x:a xmlns:x="u">', '</x:a>', 'xmlns="u"', '<'],
    );
    const text = fc.oneof(
      fc.array(scrap, { maxLength: 20 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, fc.boolean(), fc.nat(), (inner, wrapped, cut) => {
        const bytes = utf8.encode(wrapped ? inMetalink4(inner) : inner);
        const at = cut % (bytes.length + 1);
        const whole = outcome(bytes);
        expect(outcome(bytes.slice(0, at), bytes.slice(at))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});

/** The document, or the code of the error; anything else that is thrown fails the test. */
function outcome(...parts: Uint8Array[]): unknown {
  const parser = new MetalinkParser('x');
  try {
    for (const part of parts) parser.push(part);
    return parser.end();
  } catch (error) {
    if (!(error instanceof ManygetError)) throw error;
    expect(error.code).toMatch(/^manifest-/);
    return error.code;
  }
}
