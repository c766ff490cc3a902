import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import {
  encodePreamble,
  FrameReader,
  frameType,
  type FrameHandler,
  type FrameHeader,
} from '../../src/wire/mgp-frame.js';
import { mgpLimits } from '../../src/wire/mgp-limits.js';
import { encodeMessage, mgpErrorCodes, readHashes, readMessage } from '../../src/wire/mgp-messages.js';
import { errorOf } from '../support/error-of.js';

const peer = 'server 127.0.0.1:9001';
const id = 'a1'.repeat(32);

/** The one frame that `bytes` hold, as the other side gets it. */
function received(bytes: Uint8Array): { header: FrameHeader; payload: Uint8Array } {
  const frames: { header: FrameHeader; payload: Uint8Array }[] = [];
  const handler = { frame: (header: FrameHeader, payload: Uint8Array) => frames.push({ header, payload }) };
  const reader = new FrameReader(handler as unknown as FrameHandler, { acceptsData: false, peer });
  reader.push(encodePreamble());
  reader.push(bytes);
  expect(reader.atBoundary).toBe(true);
  const frame = frames[0];
  if (frame === undefined || frames.length > 1) throw new Error(`expected one frame, received ${frames.length}`);
  return frame;
}

function payloadOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

const requestIds = fc.integer({ min: 1, max: 0xffff_ffff });
const names = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' });
const versions = fc.string({ minLength: 1, maxLength: 128 });
const texts = fc.string({ maxLength: 200, unit: 'grapheme' });
const times = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n));
const hexIds = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const pieceSizes = fc.integer({ min: 16, max: 26 }).map((power) => 2 ** power);

describe('messages come back as they were written:', () => {
  test('HELLO and its answer, GOODBYE', () => {
    fc.assert(
      fc.property(texts, (agent) => {
        const hello = received(encodeMessage.hello({ agent }));
        expect([hello.header.type, hello.header.requestId]).toEqual([frameType.hello, 0]);
        expect(readMessage.hello(hello.payload, peer)).toEqual({ agent });
        const answer = received(encodeMessage.helloAnswer({ agent }));
        expect(answer.header.type).toBe(frameType.helloAnswer);
        expect(readMessage.hello(answer.payload, peer)).toEqual({ agent });
        const goodbye = received(encodeMessage.goodbye({ reason: agent }));
        expect([goodbye.header.type, goodbye.header.requestId]).toEqual([frameType.goodbye, 0]);
        expect(readMessage.goodbye(goodbye.payload, peer)).toEqual({ reason: agent });
      }),
    );
  });

  test('LIST and its answer', () => {
    const files = fc.array(fc.record({ name: names, size: fc.maxSafeNat(), mtimeMs: times }), { maxLength: 5 });
    fc.assert(
      fc.property(requestIds, fc.option(names, { nil: undefined }), files, fc.boolean(), (n, after, some, more) => {
        const question = after === undefined ? {} : { after };
        const list = received(encodeMessage.list(n, question));
        expect([list.header.type, list.header.requestId]).toEqual([frameType.list, n]);
        expect(readMessage.list(list.payload, peer)).toEqual(question);
        const answer = received(encodeMessage.listAnswer(n, { files: some, more }));
        expect([answer.header.type, answer.header.requestId]).toEqual([frameType.listAnswer, n]);
        expect(readMessage.listAnswer(answer.payload, peer)).toEqual({ files: some, more });
      }),
    );
  });

  test('STAT and its answer', () => {
    const answers = fc.record({
      name: names,
      size: fc.maxSafeNat(),
      mtimeMs: times,
      version: versions,
      pieceBytes: pieceSizes,
      hashedBytes: fc.maxSafeNat(),
      contentId: fc.option(hexIds),
      sha256: fc.option(hexIds),
    });
    fc.assert(
      fc.property(requestIds, answers, fc.boolean(), (n, stat, follow) => {
        const question = received(encodeMessage.stat(n, { name: stat.name, follow }));
        expect([question.header.type, question.header.requestId]).toEqual([frameType.stat, n]);
        expect(readMessage.stat(question.payload, peer)).toEqual({ name: stat.name, follow });
        const answer = received(encodeMessage.statAnswer(n, stat));
        expect([answer.header.type, answer.header.requestId]).toEqual([frameType.statAnswer, n]);
        expect(readMessage.statAnswer(answer.payload, peer)).toEqual(stat);
      }),
    );
  });

  test('HASHES and its answer', () => {
    const first = fc.integer({ min: 0, max: mgpLimits.piecesMax });
    fc.assert(
      fc.property(
        requestIds,
        names,
        versions,
        first,
        fc.integer({ min: 1, max: 40 }),
        (n, name, version, at, count) => {
          const question = received(encodeMessage.hashes(n, at, { name, version, count }));
          expect(question.header).toMatchObject({ type: frameType.hashes, requestId: n, offset: at });
          expect(readMessage.hashes(question.payload, peer)).toEqual({ name, version, count });
          const hashes = new Uint8Array(count * 32).map((_, i) => i);
          const answer = received(encodeMessage.hashesAnswer(n, at, hashes));
          expect(answer.header).toMatchObject({ type: frameType.hashesAnswer, requestId: n, offset: at });
          expect(readHashes(answer.header, answer.payload, { first: at, count }, peer)).toEqual(hashes);
        },
      ),
    );
  });

  test('RANGE, TRIM, END, PING, PONG and ERROR', () => {
    const codes = fc.constantFrom(...mgpErrorCodes);
    fc.assert(
      fc.property(requestIds, fc.maxSafeNat(), names, versions, codes, texts, (n, at, name, version, code, message) => {
        const range = received(encodeMessage.range(n, at, { name, version, end: at }));
        expect(range.header).toMatchObject({ type: frameType.range, requestId: n, offset: at });
        expect(readMessage.range(range.payload, peer)).toEqual({ name, version, end: at });
        for (const word of ['trim', 'end'] as const) {
          const { header } = received(encodeMessage[word](n, at));
          expect(header).toEqual({ type: frameType[word], requestId: n, payloadBytes: 0, offset: at });
        }
        for (const word of ['ping', 'pong'] as const) {
          const { header } = received(encodeMessage[word](n));
          expect(header).toEqual({ type: frameType[word], requestId: n, payloadBytes: 0, offset: 0 });
        }
        const error = received(encodeMessage.error(n, { code, message }));
        expect([error.header.type, error.header.requestId]).toEqual([frameType.error, n]);
        expect(readMessage.error(error.payload, peer)).toEqual({ code, message });
      }),
    );
  });
});

const goodStat = {
  name: 'video.mp4',
  size: 10,
  mtimeMs: 1,
  version: 'v1',
  pieceBytes: 1024 * 1024,
  hashedBytes: 10,
  contentId: id,
  sha256: id,
};

describe('what a peer may not say', () => {
  test.each([
    ['a HELLO without an agent', 'hello', {}],
    ['a HELLO with an endless agent', 'hello', { agent: 'x'.repeat(1001) }],
    ['a HELLO that is a list', 'hello', []],
    ['a HELLO that is null', 'hello', null],
    ['an empty name', 'stat', { name: '' }],
    ['a name of 4097 bytes', 'stat', { name: 'ä'.repeat(2048) + 'x' }],
    ['a name that is a number', 'stat', { name: 5 }],
    ['a "follow" that is a word', 'stat', { name: 'a', follow: 'yes' }],
    ['a negative size', 'statAnswer', { ...goodStat, size: -1 }],
    ['a size of 2^53', 'statAnswer', { ...goodStat, size: 2 ** 53 }],
    ['half a byte', 'statAnswer', { ...goodStat, size: 0.5 }],
    ['an endless time', 'statAnswer', JSON.stringify(goodStat).replace('"mtimeMs":1', '"mtimeMs":1e999')],
    ['a piece size that is no power of two', 'statAnswer', { ...goodStat, pieceBytes: 1024 * 1024 + 1 }],
    ['a piece of 32 KiB', 'statAnswer', { ...goodStat, pieceBytes: 32 * 1024 }],
    ['a piece of 128 MiB', 'statAnswer', { ...goodStat, pieceBytes: 128 * 1024 * 1024 }],
    ['a piece of 0 bytes', 'statAnswer', { ...goodStat, pieceBytes: 0 }],
    ['a content id in capitals', 'statAnswer', { ...goodStat, contentId: id.toUpperCase() }],
    ['half a SHA-256', 'statAnswer', { ...goodStat, sha256: id.slice(32) }],
    ['no SHA-256 at all', 'statAnswer', { ...goodStat, sha256: undefined }],
    ['a version of 129 characters', 'range', { name: 'a', version: 'v'.repeat(129), end: 1 }],
    ['a range that ends at -1', 'range', { name: 'a', version: 'v', end: -1 }],
    ['no hash', 'hashes', { name: 'a', version: 'v', count: 0 }],
    ['32,769 hashes', 'hashes', { name: 'a', version: 'v', count: 32_769 }],
    [
      '1,001 files on one page',
      'listAnswer',
      { files: Array.from({ length: 1001 }, () => ({ name: 'a', size: 1, mtimeMs: 1 })), more: false },
    ],
    ['text that is no JSON', 'hello', '{"agent":'],
    ['two values', 'hello', '{"agent":"a"} {}'],
    ['nothing', 'hello', ''],
  ] as const)('%s is a protocol violation', (_what, word, value) => {
    const error = errorOf(() => readMessage[word](payloadOf(value), peer));
    expect(error.code).toBe('protocol-violation');
    expect(error.message).toMatch(/^server 127\.0\.0\.1:9001 sent an? [A-Z]+( answer| request)? (that|whose) /);
  });

  test('bytes that are not UTF-8 are a protocol violation', () => {
    const bytes = Uint8Array.of(...payloadOf('{"agent":"'), 0xc3, 0x28, ...payloadOf('"}'));
    const error = errorOf(() => readMessage.hello(bytes, peer));
    expect(error.code).toBe('protocol-violation');
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('a name of 4096 bytes is still fine', () => {
    const name = 'ä'.repeat(2048);
    expect(readMessage.stat(payloadOf({ name }), peer).name).toBe(name);
  });

  test('what it said wrongly is shown short and harmless', () => {
    const bad = { ...goodStat, contentId: '\u001b[2J'.repeat(10_000) };
    const { message } = errorOf(() => readMessage.statAnswer(payloadOf(bad), peer));
    expect(message.length).toBeLessThan(400);
    expect(message).toContain('contentId');
    expect(message).not.toContain('\u001b');
  });

  test('members that are not known are left out, "__proto__" among them', () => {
    const hello = readMessage.hello(payloadOf('{"agent":"a","later":1,"__proto__":{"admin":true}}'), peer);
    expect(hello).toEqual({ agent: 'a' });
    expect('admin' in hello).toBe(false);
  });

  test('an error code that is not known is read as "failed"', () => {
    expect(readMessage.error(payloadOf({ code: 'on-fire', message: 'hot' }), peer)).toEqual({
      code: 'failed',
      message: 'hot',
    });
  });

  test('hashes of another number or place are a protocol violation', () => {
    const { header, payload } = received(encodeMessage.hashesAnswer(1, 5, new Uint8Array(64)));
    for (const expected of [
      { first: 4, count: 2 },
      { first: 5, count: 1 },
      { first: 5, count: 3 },
    ]) {
      const error = errorOf(() => readHashes(header, payload, expected, peer));
      expect(error.code).toBe('protocol-violation');
      expect(error.message).toContain(`expected ${expected.count * 32} bytes from piece ${expected.first}`);
    }
  });
});

describe('garbage', () => {
  const words = Object.keys(readMessage) as (keyof typeof readMessage)[];

  function survive(payload: Uint8Array): void {
    for (const word of words) {
      try {
        readMessage[word](payload, peer);
      } catch (error) {
        if (!(error instanceof ManygetError) || error.code !== 'protocol-violation') throw error;
        expect(error.message.length).toBeLessThan(400);
      }
    }
  }

  test('of bytes or of JSON never throws anything but a protocol violation', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(payloadOf)), survive), {
      numRuns: 2000,
    });
  });

  test('in one member of a good message never throws anything else either', () => {
    const members = Object.keys(goodStat);
    fc.assert(
      fc.property(fc.constantFrom(...members), fc.jsonValue(), (member, value) => {
        survive(payloadOf({ ...goodStat, [member]: value }));
      }),
      { numRuns: 2000 },
    );
  });

  test('that is nested a hundred thousand deep does not exhaust the stack', () => {
    survive(payloadOf('['.repeat(100_000) + ']'.repeat(100_000)));
    survive(payloadOf(`{"agent":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`));
  });
});
