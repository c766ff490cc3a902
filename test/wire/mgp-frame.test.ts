import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import {
  encodeFrame,
  encodePreamble,
  frameHeaderBytes,
  FrameReader,
  frameType,
  preambleBytes,
  writeFrameHeader,
  type FrameType,
} from '../../src/wire/mgp-frame.js';
import { mgpLimits } from '../../src/wire/mgp-limits.js';
import { errorOf } from '../support/error-of.js';
import { concat, cutAt, FrameLog, readParts } from '../support/frame-log.js';

const peer = 'server 127.0.0.1:9001';
const utf8 = new TextEncoder();

function readerOf(log = new FrameLog(), acceptsData = true): FrameReader {
  return new FrameReader(log, { acceptsData, peer });
}

function greetedReader(log = new FrameLog(), acceptsData = true): FrameReader {
  const reader = readerOf(log, acceptsData);
  reader.push(encodePreamble());
  return reader;
}

function targetOf(reader: FrameReader): Uint8Array {
  const target = reader.target();
  if (target === undefined) throw new Error('expected a target, there is no room');
  return target;
}

/** A header with fields that an encoder of ours would never write. */
function rawHeader(fields: { word?: number; requestId?: number; payloadBytes?: number; high?: number; low?: number }) {
  const view = new DataView(new ArrayBuffer(frameHeaderBytes));
  view.setUint32(0, fields.word ?? frameType.ping * 0x1000000);
  view.setUint32(4, fields.requestId ?? 0);
  view.setUint32(8, fields.payloadBytes ?? 0);
  view.setUint32(12, fields.high ?? 0);
  view.setUint32(16, fields.low ?? 0);
  return new Uint8Array(view.buffer);
}

const controlTypes = Object.values(frameType).filter((type) => type !== frameType.data);
const requestIds = fc.integer({ min: 0, max: 0xffff_ffff });
const offsets = fc.maxSafeNat();
const controlFrames = fc.record({
  type: fc.constantFrom<FrameType>(...controlTypes),
  requestId: requestIds,
  offset: offsets,
  payload: fc.uint8Array({ maxLength: 60 }),
});
const dataFrames = fc.record({
  type: fc.constant(frameType.data),
  requestId: requestIds,
  offset: offsets,
  payload: fc.uint8Array({ minLength: 1, maxLength: 60 }),
});
const streams = fc
  .array(fc.oneof(controlFrames, dataFrames), { maxLength: 6 })
  .map((frames) => ({ frames, bytes: streamOf(frames) }));

interface PlainFrame {
  readonly type: FrameType;
  readonly requestId: number;
  readonly offset: number;
  readonly payload: Uint8Array;
}

function streamOf(frames: readonly PlainFrame[]): Uint8Array {
  return concat(encodePreamble(), ...frames.map((f) => encodeFrame(f.type, f.requestId, f.offset, f.payload)));
}

describe('a stream of frames', () => {
  test('comes back as it was written, whatever the types, numbers and payloads', () => {
    fc.assert(
      fc.property(streams, ({ frames, bytes }) => {
        const expected = frames.map(({ type, requestId, offset, payload }) => {
          const text = Buffer.from(payload).toString('hex');
          if (type === frameType.data) return { kind: 'data', requestId, offset, bytes: text };
          return { kind: 'frame', header: { type, requestId, payloadBytes: payload.length, offset }, payload: text };
        });
        expect(readParts([bytes])).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('means the same whole, byte by byte, and cut anywhere', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 8 }), ({ bytes }, cuts) => {
        const whole = readParts([bytes]);
        expect(readParts(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
        expect(readParts(cutAt(bytes, cuts))).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  test('means the same when it is filled in place as when it is pushed', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(streams, steps, fc.integer({ min: 1, max: 64 }), ({ bytes }, sizes, targetBytesMax) => {
        const log = new FrameLog(targetBytesMax);
        const reader = readerOf(log);
        let at = 0;
        for (let i = 0; at < bytes.length; i += 1) {
          const target = targetOf(reader);
          expect(target.length).toBeGreaterThan(0);
          const n = Math.min(target.length, bytes.length - at, sizes[i % sizes.length] ?? 1);
          target.set(bytes.subarray(at, at + n));
          reader.filled(n);
          at += n;
        }
        expect(log.entries).toEqual(readParts([bytes]));
        expect(reader.atBoundary).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('puts bulk data into the very memory that the handler gave', () => {
    const log = new FrameLog();
    const reader = greetedReader(log);
    reader.push(encodeFrame(frameType.data, 1, 4096, Uint8Array.of(1, 2, 3, 4)).subarray(0, frameHeaderBytes));
    const target = targetOf(reader);
    expect(target).toBe(log.targets[0]);
    target.set([1, 2, 3, 4]);
    reader.filled(4);
    expect(log.entries).toEqual([{ kind: 'data', requestId: 1, offset: 4096, bytes: '01020304' }]);
  });

  test('stops at bulk data that there is no room for, and goes on where it stopped', () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 64 }), ({ bytes }, targetBytesMax) => {
        const log = new FrameLog(targetBytesMax);
        const reader = readerOf(log);
        let at = 0;
        while (at < bytes.length) {
          log.hasRoom = false;
          at += reader.push(bytes.subarray(at));
          if (at === bytes.length) break;
          expect(reader.target()).toBeUndefined();
          log.hasRoom = true;
          const taken = reader.push(bytes.subarray(at, at + 1));
          expect(taken).toBe(1);
          at += taken;
        }
        expect(log.entries).toEqual(readParts([bytes]));
      }),
      { numRuns: 1000 },
    );
  });

  test('hands a control payload over for good: the next frame does not write into it', () => {
    const payloads: Uint8Array[] = [];
    const reader = readerOf(Object.assign(new FrameLog(), { frame: (_: unknown, p: Uint8Array) => payloads.push(p) }));
    reader.push(encodePreamble());
    for (const word of ['first', 'other']) reader.push(encodeFrame(frameType.stat, 1, 0, utf8.encode(word)));
    expect(payloads.map((payload) => Buffer.from(payload).toString())).toEqual(['first', 'other']);
  });

  test('knows a cut frame from a whole one', () => {
    const reader = readerOf();
    expect([reader.greeted, reader.atBoundary]).toEqual([false, false]);
    const bytes = concat(encodePreamble(), encodeFrame(frameType.stat, 1, 0, utf8.encode('{}')));
    const boundaries: number[] = [];
    bytes.forEach((byte, i) => {
      reader.push(Uint8Array.of(byte));
      expect(reader.greeted).toBe(i + 1 >= preambleBytes);
      if (reader.atBoundary) boundaries.push(i + 1);
    });
    expect(boundaries).toEqual([preambleBytes, bytes.length]);
  });
});

describe('a header', () => {
  test('is 20 bytes, big-endian: type, reserved, request, length, offset', () => {
    const frame = encodeFrame(frameType.end, 0x01020304, 0x1f_0102_0304_0506);
    expect(Buffer.from(frame).toString('hex')).toBe('8600000001020304' + '00000000' + '001f010203040506');
    expect(encodePreamble()).toEqual(Uint8Array.of(0x89, 0x4d, 0x47, 0x50, 0x0d, 0x0a, 1, 0x0a));
  });

  test('can be written anywhere in a buffer, and touches nothing else', () => {
    const out = new Uint8Array(64).fill(0xee);
    const view = out.subarray(10);
    writeFrameHeader(view, 5, { type: frameType.ping, requestId: 7, payloadBytes: 0, offset: 0 });
    expect(out.subarray(15, 35)).toEqual(encodeFrame(frameType.ping, 7));
    expect([...out.subarray(0, 15), ...out.subarray(35)].every((byte) => byte === 0xee)).toBe(true);
  });
});

describe('limits', () => {
  test.each([
    ['a control payload over the limit', rawHeader({ payloadBytes: mgpLimits.controlBytesMax + 1 })],
    ['a control payload of 4 GiB', rawHeader({ payloadBytes: 0xffff_ffff })],
    [
      'a DATA frame over the limit',
      rawHeader({ word: frameType.data * 0x1000000, payloadBytes: mgpLimits.dataBytesMax + 1 }),
    ],
    ['an empty DATA frame', rawHeader({ word: frameType.data * 0x1000000 })],
    ['an offset of 2^53', rawHeader({ high: 0x20_0000 })],
    ['an offset of 2^64 - 1', rawHeader({ high: 0xffff_ffff, low: 0xffff_ffff })],
    ['an unknown type', rawHeader({ word: 0x44000000 })],
    ['a reserved bit', rawHeader({ word: frameType.ping * 0x1000000 + 1 })],
  ])('%s ends the conversation with the header, before anything is allocated', (_what, header) => {
    const log = new FrameLog();
    const reader = greetedReader(log);
    reader.push(header.subarray(0, frameHeaderBytes - 1));
    const before = process.memoryUsage().arrayBuffers;
    const error = errorOf(() => reader.push(header.subarray(frameHeaderBytes - 1)));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 * 1024);
    expect(error.code).toBe('protocol-violation');
    expect(error.message).toMatch(/^server 127\.0\.0\.1:9001 sent /);
    expect(log.entries).toEqual([]);
  });

  test('the largest payloads that are allowed are taken', () => {
    const log = new FrameLog();
    const reader = greetedReader(log);
    reader.push(encodeFrame(frameType.hashesAnswer, 1, 0, new Uint8Array(mgpLimits.controlBytesMax)));
    reader.push(encodeFrame(frameType.data, 1, Number.MAX_SAFE_INTEGER, new Uint8Array(mgpLimits.dataBytesMax)));
    expect(log.entries.map((entry) => entry.kind)).toEqual(['frame', 'data']);
    expect(reader.atBoundary).toBe(true);
  });

  test('a server takes no bulk data', () => {
    const reader = greetedReader(new FrameLog(), false);
    const error = errorOf(() => reader.push(encodeFrame(frameType.data, 1, 0, Uint8Array.of(1))));
    expect(error.code).toBe('protocol-violation');
    expect(error.message).toContain('a DATA frame where none is expected');
  });
});

describe('a stranger', () => {
  test.each([
    ['an HTTP server', utf8.encode('HTTP/1.1 400 Bad Request\r\n'), 'not-mgp'],
    ['an HTTP client', utf8.encode('GET / HTTP/1.1\r\n'), 'not-mgp'],
    ['an SSH server', utf8.encode('SSH-2.0-OpenSSH_9.2p1\r\n'), 'not-mgp'],
    ['a mail server', utf8.encode('220 mail.example ESMTP\r\n'), 'not-mgp'],
    ['a TLS server', Uint8Array.of(0x16, 0x03, 0x03, 0x00, 0x7a, 0x02, 0x00, 0x00), 'not-mgp'],
    ['a TLS alert', Uint8Array.of(0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28), 'not-mgp'],
    ['zeros', new Uint8Array(8), 'not-mgp'],
    ['a link that turns CR LF into LF', Uint8Array.of(0x89, 0x4d, 0x47, 0x50, 0x0a, 1, 0x0a, 0), 'not-mgp'],
    ['a link of 7 bits', Uint8Array.of(0x09, 0x4d, 0x47, 0x50, 0x0d, 0x0a, 1, 0x0a), 'not-mgp'],
    ['an mgp/2 server', encodePreamble(2), 'version-unsupported'],
    ['an mgp/0 server', encodePreamble(0), 'version-unsupported'],
  ] as const)('%s is told apart', (_who, bytes, code) => {
    expect(errorOf(() => readerOf().push(bytes)).code).toBe(code);
    const byteByByte = readerOf();
    const error = errorOf(() => bytes.forEach((byte) => byteByByte.push(Uint8Array.of(byte))));
    expect(error.code).toBe(code);
    expect(error.message).toContain(peer);
  });

  test('is told apart at the first byte that is wrong, not once eight have come', () => {
    expect(errorOf(() => readerOf().push(utf8.encode('H'))).code).toBe('not-mgp');
    expect(errorOf(() => readerOf().push(Uint8Array.of(0x89, 0x4d, 0x47, 0x51))).code).toBe('not-mgp');
  });

  test('of HTTP is called so, in one sentence, whenever its word came in one piece', () => {
    const error = errorOf(() => readerOf().push(utf8.encode('HTTP/1.0 200 OK\r\n')));
    expect(error.message).toBe(`${peer} does not speak mgp: it answered as an HTTP server`);
  });

  test('cannot move the cursor through an error message', () => {
    const error = errorOf(() => readerOf().push(utf8.encode('\u001b[2Jhi\r\n\u0007')));
    expect(error.message).toContain('\\u{1b}[2Jhi\\u{d}\\u{a}');
  });
});

describe('garbage', () => {
  const documented = ['not-mgp', 'version-unsupported', 'protocol-violation'];

  /** Reads until the reader objects; anything but a documented error fails the test. */
  function survive(parts: readonly Uint8Array[]): void {
    const reader = readerOf(new FrameLog(16));
    try {
      for (const part of parts) reader.push(part);
    } catch (error) {
      if (!(error instanceof ManygetError) || !documented.includes(error.code)) throw error;
      expect(error.message.length).toBeLessThan(300);
    }
  }

  test('is answered with a documented error or with patience, never with anything else', () => {
    const garbage = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 });
    fc.assert(
      fc.property(garbage, fc.boolean(), (parts, greeted) => {
        survive(greeted ? [encodePreamble(), ...parts] : parts);
      }),
      { numRuns: 1500 },
    );
  });

  test('in one byte of a good stream is answered in the same way', () => {
    fc.assert(
      fc.property(streams, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ bytes }, at, flip) => {
        const bad = bytes.slice();
        bad[at % bad.length] = (bad[at % bad.length] ?? 0) ^ flip;
        survive([bad]);
      }),
      { numRuns: 1500 },
    );
  });
});
