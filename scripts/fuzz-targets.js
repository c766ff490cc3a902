// @ts-check
// What `scripts/fuzz.js` feeds: every codec that reads bytes of somebody else. A target says how good input looks, and
// reads any input to a trace: the messages, then how it ended. Stream codecs are given in how many pieces the bytes come.
import { parseChecksumFile } from '../dist/wire/checksum-file.js';
import { parseChecksum } from '../dist/wire/checksum.js';
import { parseAuthParams, parseChallenges } from '../dist/wire/http-challenge.js';
import { ChunkedDecoder } from '../dist/wire/http-chunked.js';
import { dispositionFileName } from '../dist/wire/http-content-disposition.js';
import { parseCookieFile, parseSetCookie } from '../dist/wire/http-cookies.js';
import { parseHttpDate, parseRetryAfter } from '../dist/wire/http-date.js';
import { strongestDigest } from '../dist/wire/http-digest-auth.js';
import { parseDigest, parseReprDigest } from '../dist/wire/http-digest.js';
import { bodyFraming, HttpHeadParser } from '../dist/wire/http-head.js';
import { parseLinks } from '../dist/wire/http-link.js';
import { MultipartReader } from '../dist/wire/http-multipart-reader.js';
import { parseContentRange, parseUnsatisfiedRange } from '../dist/wire/http-range.js';
import { HttpReader } from '../dist/wire/http-reader.js';
import { announcesBody, HttpRequestParser } from '../dist/wire/http-request-head.js';
import { readTarget } from '../dist/wire/http-request-target.js';
import { planRanges } from '../dist/wire/http-server-ranges.js';
import { parseInputFile } from '../dist/wire/input-file.js';
import { JournalDecoder } from '../dist/wire/journal-decoder.js';
import { MetalinkParser } from '../dist/wire/metalink.js';
import { encodePreamble, FrameReader } from '../dist/wire/mgp-frame.js';
import { encodeMessage, readMessage } from '../dist/wire/mgp-messages.js';
import { parseNetrc } from '../dist/wire/netrc.js';
import { nameFault } from '../dist/wire/safe-name.js';
import { Socks5Handshake } from '../dist/wire/socks5.js';
import { goodJournal, journalTrace } from './fuzz-journal.js';
import { rpcTrace, signatureSamples, signatureTrace } from './fuzz-trust.js';

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {readonly Uint8Array[]} samples Good input.
 * @property {boolean} isStream Cut anywhere, the trace is the same.
 * @property {number} [share] Of the runs, against 1 for others.
 * @property {(pieces: readonly Uint8Array[]) => unknown[] | Promise<unknown[]>} read
 */

const text = (/** @type {string} */ s) => Buffer.from(s, 'latin1');
const peer = 'server x:1';

/** @param {readonly Uint8Array[]} pieces */
const whole = (pieces) => Buffer.concat(pieces);

/** @param {readonly Uint8Array[]} pieces */
function mgpTrace(pieces) {
  /** @type {unknown[]} */
  const trace = [];
  const memory = new Uint8Array(64);
  let open = -1;
  const handler = {
    /** @param {any} header @param {Uint8Array} payload */
    frame: (header, payload) => {
      trace.push(['frame', header, Buffer.from(payload).toString('hex')]);
      for (const read of Object.values(readMessage)) {
        try {
          trace.push(read(payload, peer));
        } catch (error) {
          if (/** @type {Error} */ (error).name !== 'ManygetError') throw error;
        }
      }
    },
    /** @param {number} id @param {number} offset @param {number} bytes */
    dataStart: (id, offset, bytes) => {
      trace.push(['data', id, offset, bytes, '']);
      open = trace.length - 1;
    },
    /** @param {number} max */
    dataTarget: (max) => memory.subarray(0, Math.min(max, memory.length)),
    /** @param {number} bytes */
    dataFilled: (bytes) => {
      const data = /** @type {unknown[]} */ (trace[open]);
      data[4] = `${String(data[4])}${Buffer.from(memory.subarray(0, bytes)).toString('hex')}`;
    },
  };
  const reader = new FrameReader(handler, { acceptsData: true, peer, controlBytesMax: 65_536 });
  return ending(trace, () => {
    for (const piece of pieces) reader.push(piece);
    trace.push(reader.atBoundary);
  });
}

/** @param {unknown[]} trace @param {() => void} run */
function ending(trace, run) {
  try {
    run();
  } catch (error) {
    const { name, code } = /** @type {Error & { code?: string }} */ (error);
    if (name !== 'ManygetError') throw error;
    trace.push(['error', code]);
  }
  return trace;
}

/** @param {readonly Uint8Array[]} pieces */
function answersTrace(pieces) {
  /** @type {unknown[]} */
  const trace = [];
  const memory = new Uint8Array(97);
  let body = '';
  const reader = new HttpReader(
    {
      head: (head, framing) => {
        body = '';
        trace.push([head.status, framing]);
      },
      bodyTarget: (max) => memory.subarray(0, Math.min(max, memory.length)),
      bodyFilled: (bytes) => (body += Buffer.from(memory.subarray(0, bytes)).toString('latin1')),
      bodyEnded: () => trace.push(['body', body]),
    },
    peer,
  );
  return ending(trace, () => {
    for (const piece of pieces) reader.push(piece);
  });
}

/** @param {readonly Uint8Array[]} pieces */
function requestsTrace(pieces) {
  /** @type {unknown[]} */
  const trace = [];
  let parser = new HttpRequestParser(peer);
  return ending(trace, () => {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        at += parser.push(piece.subarray(at));
        const { head } = parser;
        if (head === undefined) continue;
        trace.push([head.method, head.target, head.minor, head.headers.all('host'), head.headers.get('range')]);
        parser = new HttpRequestParser(peer);
        trace.push(announcesBody(head, peer), readTarget(head, peer));
        trace.push(planRanges(head.headers.get('range'), 1_000_000));
      }
    }
  });
}

/** @param {string} name @param {readonly (string | Uint8Array)[]} samples @param {(bytes: Buffer) => unknown} read @returns {Target} */
const document = (name, samples, read) => ({
  name,
  samples: samples.map((s) => (typeof s === 'string' ? text(s) : s)),
  isStream: false,
  read: (pieces) => {
    /** @type {unknown[]} */
    const trace = [];
    return ending(trace, () => trace.push(read(whole(pieces))));
  },
});

const sha = 'a'.repeat(64);
const metalink = `<?xml version="1.0" encoding="UTF-8"?><metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a.iso"><size>1048577</size><hash type="sha-256">${sha}</hash><pieces length="1048576" type="sha-256"><hash>${sha}</hash><hash>${sha}</hash></pieces><url location="de" priority="1">http://a.example/a.iso</url><url>https://b.example/a.iso</url></file></metalink>`;

/** @type {readonly Target[]} */
export const targets = [
  {
    name: 'mgp frames',
    isStream: true,
    samples: [
      whole([
        encodePreamble(),
        encodeMessage.hello(/** @type {any} */ ({ agent: 'x/1' })),
        encodeMessage.stat(1, /** @type {any} */ ({ name: 'a' })),
        encodeMessage.range(2, 0, /** @type {any} */ ({ end: 10 })),
        encodeMessage.ping(7),
        Uint8Array.from([0x11, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
      ]),
      whole([encodePreamble(), encodeMessage.goodbye(/** @type {any} */ ({ reason: 'bye' })), encodeMessage.end(1, 9)]),
    ],
    read: mgpTrace,
  },
  {
    name: 'http answers',
    isStream: true,
    samples: [
      'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 0-4/10\r\nETag: "x"\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest',
    ].map(text),
    read: answersTrace,
  },
  {
    name: 'http requests',
    isStream: true,
    samples: [
      'GET /a%20b?c HTTP/1.1\r\nHost: x:1\r\nRange: bytes=0-9,20-29,-5\r\nIf-Range: "x"\r\n\r\nHEAD / HTTP/1.0\r\n\r\n',
      'GET http://x/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
      '\r\n\r\nPOST * HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
    ].map(text),
    read: requestsTrace,
  },
  {
    name: 'chunked bodies',
    isStream: true,
    samples: [text('4\r\nWiki\r\n6;a="b"\r\npedia \r\n0\r\nX: y\r\n\r\n'), text('0\r\n\r\n'), text('ffffffffff\r\n')],
    read: (pieces) => {
      /** @type {unknown[]} */
      const trace = [];
      const decoder = new ChunkedDecoder(peer);
      let data = '';
      ending(trace, () => {
        for (const piece of pieces) {
          for (let at = 0; at < piece.length && !decoder.isDone;) {
            if (decoder.dataLeft === 0) at += decoder.pushFraming(piece.subarray(at));
            else {
              const n = Math.min(decoder.dataLeft, piece.length - at);
              data += Buffer.from(piece.subarray(at, at + n)).toString('latin1');
              decoder.tookData(n);
              at += n;
            }
          }
        }
      });
      return [...trace, data, decoder.isDone];
    },
  },
  {
    name: 'multipart bodies',
    isStream: true,
    samples: [
      text(
        '\r\n--b\r\nContent-Type: x/y\r\nContent-Range: bytes 3-6/99\r\n\r\nabcd\r\n--b\r\nContent-Range: bytes 9-9/99\r\n\r\nz\r\n--b--\r\n',
      ),
    ],
    read: (pieces) => {
      /** @type {unknown[]} */
      const trace = [];
      const reader = new MultipartReader('b', peer, 4096);
      return ending(trace, () => {
        for (const piece of pieces) {
          reader.push(piece, ({ range, bytes }) => trace.push([range, Buffer.from(bytes).toString('hex')]));
        }
      });
    },
  },
  {
    name: 'journal records',
    isStream: true,
    samples: [goodJournal()],
    read: (pieces) => {
      /** @type {unknown[]} */
      const trace = [];
      const decoder = new JournalDecoder('journal');
      return ending(trace, () => {
        for (const piece of pieces) {
          decoder.push(piece);
          for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
            trace.push('sha256' in record ? { ...record, sha256: Buffer.from(record.sha256).toString('hex') } : record);
          }
        }
        trace.push(decoder.damaged, decoder.position.bytes);
      });
    },
  },
  { name: 'journals after a crash', isStream: false, share: 0, samples: [goodJournal()], read: journalTrace },
  {
    name: 'metalink',
    isStream: true,
    samples: [text(metalink), text(metalink.replace('urn:ietf:params:xml:ns:metalink', 'http://www.metalinker.org/'))],
    read: (pieces) => {
      /** @type {unknown[]} */
      const trace = [];
      const parser = new MetalinkParser('x.meta4');
      ending(trace, () => {
        for (const piece of pieces) parser.push(piece);
        trace.push(JSON.stringify(parser.end()));
      });
      // Of two faults the one that is met first is told: which one that is depends on how much is decoded at once.
      return trace.map((item) => (Array.isArray(item) ? 'error' : item));
    },
  },
  {
    name: 'socks5 answers',
    isStream: true,
    samples: [
      Uint8Array.of(5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 80),
      Uint8Array.of(5, 2, 1, 0, 5, 0, 0, 3, 1, 97, 0, 80),
      Uint8Array.of(5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0),
    ],
    read: (pieces) => {
      /** @type {unknown[]} */
      const trace = [];
      const handshake = new Socks5Handshake({ host: 'h', port: 1, user: 'u', password: 'p' });
      for (const piece of pieces) {
        let step = handshake.push(piece);
        // What came too early is taken up in the next step.
        for (; step.kind === 'send'; step = handshake.push(new Uint8Array(0))) {
          trace.push(Buffer.from(/** @type {any} */ (step).bytes ?? []).toString('hex'));
        }
        if (step.kind === 'open' || step.kind === 'refused') {
          trace.push(step.kind);
          break;
        }
      }
      return trace;
    },
  },
  document(
    'checksum files',
    [`${sha}  a.iso\n${sha} *b.iso\nSHA256 (c) = ${sha}\n`, '\\' + sha + '  a\\nb\n'],
    (bytes) => parseChecksumFile(bytes, 'SHA256SUMS'),
  ),
  document('checksums', [`sha-256=${sha}`, 'md5=d41d8cd98f00b204e9800998ecf8427e'], (bytes) =>
    parseChecksum(bytes.toString('utf8'), '--checksum'),
  ),
  document('lists of files', ['http://a/x\thttp://b/x\n  out=y\n  checksum=sha-256=' + sha + '\n# c\n'], (bytes) =>
    parseInputFile(bytes, 'list'),
  ),
  document('signatures and keys', signatureSamples, signatureTrace),
  {
    name: 'json-rpc',
    isStream: false,
    samples: [
      '{"jsonrpc":"2.0","id":"1","method":"aria2.addUri","params":["token:t",["http://a/x"],{"out":"y"}]}',
      '[{"id":1,"method":"system.multicall","params":[[{"methodName":"aria2.addUri","params":["token:t"]}]]}]',
      '{"id":null,"method":"system.listMethods"}',
    ].map(text),
    read: (pieces) => rpcTrace(whole(pieces)),
  },
  document('netrc', ['machine a login b password c\ndefault login d password "e f"\nmacdef x\n\n'], (bytes) =>
    parseNetrc(bytes.toString('utf8')),
  ),
  document(
    'cookies',
    ['# Netscape HTTP Cookie File\n.a.example\tTRUE\t/\tFALSE\t0\tn\tv\n', 'a=b; Path=/; Domain=a.example; Secure'],
    (bytes) => {
      const s = bytes.toString('latin1');
      return [parseCookieFile(s), parseSetCookie(s, new URL('http://a.example/x'), 1e12)];
    },
  ),
  document(
    'header values',
    [
      'bytes 0-9/100',
      'bytes */100',
      'bytes=0-9,5-,-1',
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'sha-256=:AAAA:',
      'attachment; filename="a"; filename*=UTF-8\'\'b%20c',
      '120',
      'Negotiate a==, Digest realm="a\\"b", nonce="n", qop="auth, auth-int", algorithm=SHA-256-sess, Basic realm="r"',
      '<http://a/b>; rel="duplicate"; pri=1, </c>; rel=describedby; type="application/metalink4+xml"',
    ],
    (bytes) => {
      const s = bytes.toString('latin1');
      const plan = planRanges(s, 1000);
      if (plan.kind === 'parts') {
        for (const { start, end } of plan.ranges)
          if (start >= end || end > 1000) throw new Error(`the range ${start}-${end}`);
      }
      return [
        parseContentRange(s),
        parseUnsatisfiedRange(s),
        parseHttpDate(s),
        parseRetryAfter(s, 5),
        [...parseReprDigest(s)],
        [...parseDigest(s)],
        dispositionFileName(s),
        strongestDigest(parseChallenges(s)),
        [...parseAuthParams(s)],
        parseLinks([s]),
        plan,
        nameFault(s),
      ];
    },
  ),
  document(
    'response heads',
    ['HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    (bytes) => {
      const parser = new HttpHeadParser(peer);
      parser.push(bytes);
      return parser.head === undefined ? 'no head' : bodyFraming(parser.head, peer);
    },
  ),
];
