import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { JournalDecoder } from '../../src/wire/journal-decoder.js';
import {
  encodeJournalPreamble,
  JournalEncoder,
  journalPreambleBytes,
  mixedSources,
  type JournalHeader,
  type JournalRecord,
} from '../../src/wire/journal-record.js';

const header: JournalHeader = {
  type: 'header',
  sizeBytes: 5_000_000_000,
  pieceBytes: 1024 * 1024,
  name: 'video.mp4',
  id: '000102030405060708090a0b0c0d0e0f',
  createdMs: 1_790_000_000_000,
};

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const index = fc.integer({ min: 0, max: 0xffff_fffe });
const offset = fc.oneof(fc.maxSafeNat(), fc.integer({ min: 0, max: 1 << 24 }));
const range = fc
  .tuple(offset, offset)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const measure = fc.double({ min: 0, max: 1e15, noNaN: true, noDefaultInfinity: true });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString('hex'));
const url = fc.string({ unit: 'grapheme', maxLength: 60 }).map((s) => `mgp://host.example:9001/${s}`);

const anyHeader: fc.Arbitrary<JournalRecord> = fc.record({
  type: fc.constant('header' as const),
  sizeBytes: fc.integer({ min: 0, max: 2 ** 42 }),
  pieceBytes: fc.integer({ min: 1024 * 1024, max: 0xffff_ffff }),
  name: fc.string({ unit: 'grapheme', maxLength: 60 }),
  id: hex(16),
  createdMs: fc.maxSafeNat(),
});

const anyRecord: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ type: fc.constant('source' as const), index: uint32, url }),
  fc.record({ type: fc.constant('content' as const), contentId: hex(32) }),
  fc.tuple(range, uint32, uint32).map(([r, crc32, source]) => ({ type: 'extent' as const, ...r, crc32, source })),
  fc.record({
    type: fc.constant('piece' as const),
    index: uint32,
    sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    source: fc.oneof(index, fc.constant(mixedSources)),
  }),
  range.map((r) => ({ type: 'forget' as const, ...r })),
  fc
    .tuple(range, uint32, uint32)
    .map(([r, connection, source]) => ({ type: 'segment' as const, connection, source, ...r })),
  fc.record({ type: fc.constant('speed' as const), source: uint32, bytesPerSec: measure, firstByteMs: measure }),
  fc.constant({ type: 'end-of-run' as const }),
);
const anyJournal = fc.tuple(anyHeader, fc.array(anyRecord, { maxLength: 12 })).map(([h, rest]) => [h, ...rest]);

function encode(records: readonly JournalRecord[]): { bytes: Uint8Array; ends: number[] } {
  const encoder = new JournalEncoder();
  const ends = [encoder.pendingBytes];
  for (const record of records) {
    encoder.push(record);
    ends.push(encoder.pendingBytes);
  }
  return { bytes: encoder.pending().slice(), ends };
}

function decode(bytes: Uint8Array, stepBytes = bytes.length): { records: JournalRecord[]; decoder: JournalDecoder } {
  const decoder = new JournalDecoder('the journal');
  const records: JournalRecord[] = [];
  for (let at = 0; at < bytes.length; at += stepBytes) {
    decoder.push(bytes.subarray(at, at + stepBytes));
    for (let record = decoder.next(); record !== undefined; record = decoder.next()) records.push(record);
  }
  return { records, decoder };
}

/** Records that are wholly within the first `bytes` bytes. */
function wholeRecords(ends: readonly number[], bytes: number): number {
  return Math.max(0, ends.filter((end) => end <= bytes).length - 1);
}

describe('journal records', () => {
  it('come out as they went in, whatever the steps', () => {
    fc.assert(
      fc.property(anyJournal, fc.integer({ min: 1, max: 200 }), (records, stepBytes) => {
        const { bytes } = encode(records);
        const decoded = decode(bytes, stepBytes);
        expect(decoded.records).toEqual(records);
        expect(decoded.decoder.damaged).toBe(false);
        expect(decoded.decoder.position.bytes).toBe(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('are whole up to any byte at which the journal is cut', () => {
    fc.assert(
      fc.property(anyJournal, (records) => {
        const { bytes, ends } = encode(records);
        for (let cut = 0; cut <= bytes.length; cut += 1) {
          const decoded = decode(bytes.subarray(0, cut));
          const whole = wholeRecords(ends, cut);
          expect(decoded.records.length).toBe(whole);
          expect(decoded.decoder.damaged).toBe(false);
          if (cut >= journalPreambleBytes) expect(decoded.decoder.position.bytes).toBe(ends[whole]);
        }
        expect(decode(bytes).records).toEqual(records);
      }),
      { numRuns: 60 },
    );
  });

  it('never come out of damaged bytes, and all before the damage do', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyJournal, damage, fc.boolean(), (records, flips, zeroTail) => {
        const { bytes, ends } = encode(records);
        const damaged = bytes.slice();
        if (zeroTail) damaged.fill(0, (flips[0]?.[0] ?? 0) % bytes.length);
        else for (const [at, mask] of flips) damaged[at % bytes.length] = (damaged[at % bytes.length] ?? 0) ^ mask;
        const firstDamage = damaged.findIndex((byte, i) => byte !== bytes[i]);
        if (firstDamage === -1) return;
        let decoded;
        try {
          decoded = decode(damaged);
        } catch (error) {
          // Two flips that fit make another version of it: refused by name, which is right as well.
          expect(error).toBeInstanceOf(ManygetError);
          expect((error as ManygetError).code).toBe('journal-version');
          expect(firstDamage).toBeLessThan(journalPreambleBytes);
          return;
        }
        const whole = firstDamage < journalPreambleBytes ? 0 : wholeRecords(ends, firstDamage);
        expect(decoded.records).toEqual(records.slice(0, whole));
        if (firstDamage >= journalPreambleBytes) expect(decoded.decoder.position.bytes).toBe(ends[whole]);
      }),
      { numRuns: 10_000 },
    );
  });

  it('never come out of random bytes, and nothing but the documented error is thrown', () => {
    const preamble = encodeJournalPreamble();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, withPreamble) => {
        const bytes = withPreamble ? Uint8Array.from([...preamble, ...noise]) : noise;
        expect(decode(bytes).records).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  it('count only behind the records that they were written behind', () => {
    const { bytes, ends } = encode([
      header,
      { type: 'forget', start: 0, end: 10 },
      { type: 'forget', start: 5, end: 9 },
    ]);
    const [, afterHeader = 0, afterFirst = 0, afterSecond = 0] = ends;
    const swapped = Uint8Array.from([
      ...bytes.subarray(0, afterHeader),
      ...bytes.subarray(afterFirst, afterSecond),
      ...bytes.subarray(afterHeader, afterFirst),
    ]);
    expect(decode(swapped).records).toEqual([header]);
    const other = encode([{ ...header, id: 'ff'.repeat(16) }]).bytes;
    const grafted = Uint8Array.from([...other, ...bytes.subarray(afterHeader)]);
    expect(decode(grafted).records).toEqual([{ ...header, id: 'ff'.repeat(16) }]);
  });

  it('go on behind an existing journal', () => {
    const first = encode([header]);
    const position = decode(first.bytes).decoder.position;
    const encoder = new JournalEncoder(position);
    encoder.push({ type: 'end-of-run' });
    const joined = Uint8Array.from([...first.bytes, ...encoder.pending()]);
    expect(decode(joined).records).toEqual([header, { type: 'end-of-run' }]);
  });

  it('of an unknown type are skipped where their checksum holds', () => {
    // The layout by hand: type 200, 3 bytes, CRC going on from the one before.
    const encoder = new JournalEncoder();
    encoder.push(header);
    const start = encoder.pending().slice();
    const unknown = Uint8Array.of(200, 0, 0, 3, 1, 2, 3);
    const chain = crcOf(unknown, encoder.chain);
    const sum = new DataView(new ArrayBuffer(4));
    sum.setUint32(0, chain);
    const rest = new JournalEncoder({ bytes: start.length + 11, chain });
    rest.push({ type: 'end-of-run' });
    const bytes = Uint8Array.from([...start, ...unknown, ...new Uint8Array(sum.buffer), ...rest.pending()]);
    expect(decode(bytes).records).toEqual([header, { type: 'end-of-run' }]);
    bytes[start.length + 5] = 9;
    expect(decode(bytes).records).toEqual([header]);
  });

  it('of another version are refused with both versions named', () => {
    expect(() => decode(encodeJournalPreamble(7))).toThrow('the journal is a journal of version 7, expected version 1');
    const half = encodeJournalPreamble(7);
    half[7] = 0xfe;
    expect(decode(half).decoder.damaged).toBe(true);
  });

  it('hold no user names and passwords', () => {
    const { bytes } = encode([header, { type: 'source', index: 0, url: 'https://user:p%40ss@host.example/a?b=c@d' }]);
    expect(decode(bytes).records[1]).toEqual({ type: 'source', index: 0, url: 'https://host.example/a?b=c@d' });
  });
});

/** CRC-32, bit by bit: a second opinion. */
function crcOf(bytes: Uint8Array, before: number): number {
  let crc = ~before >>> 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
