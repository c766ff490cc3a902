import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc32 } from '../../src/store/crc32-combine.js';
import { JournalState, type JournalReplay } from '../../src/store/journal-state.js';
import { JournalDecoder } from '../../src/wire/journal-decoder.js';
import { JournalEncoder, mixedSources, type JournalHeader, type JournalRecord } from '../../src/wire/journal-record.js';

const sizeBytes = 4000;
const pieceBytes = 256;
const header: JournalHeader = {
  type: 'header',
  sizeBytes,
  pieceBytes,
  name: 'a.bin',
  id: '00'.repeat(16),
  createdMs: 0,
};
const content = Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 7919) >>> 3);

function extent(start: number, end: number, source = 0): JournalRecord & { readonly type: 'extent' } {
  return { type: 'extent', start, end, crc32: crc32(content.subarray(start, end)), source };
}

function piece(index: number): JournalRecord {
  return { type: 'piece', index, sha256: new Uint8Array(32).fill(index), source: mixedSources };
}

function fold(...records: JournalRecord[]): JournalReplay {
  const state = new JournalState(header);
  for (const record of records) expect(state.apply(record)).toBe(true);
  return state.replay(undefined);
}

function spans(replay: JournalReplay): number[][] {
  return replay.extents.map(({ start, end, source }) => [start, end, source]);
}

/** One for each byte that the replay claims. */
function claimedBytes(replay: JournalReplay): Uint8Array {
  const claimed = new Uint8Array(sizeBytes);
  for (const { start, end } of replay.extents) claimed.fill(1, start, end);
  for (const index of replay.pieces.keys()) claimed.fill(1, index * pieceBytes, (index + 1) * pieceBytes);
  return claimed;
}

const range = fc
  .tuple(fc.integer({ min: 0, max: sizeBytes - 1 }), fc.integer({ min: 1, max: 600 }))
  .map(([start, bytes]) => ({ start, end: Math.min(start + bytes, sizeBytes) }));
const anyRecord: fc.Arbitrary<JournalRecord> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(range, fc.nat(2)).map(([r, source]) => extent(r.start, r.end, source)) },
  { weight: 2, arbitrary: fc.nat(Math.ceil(sizeBytes / pieceBytes) - 1).map(piece) },
  { weight: 2, arbitrary: range.map((r) => ({ type: 'forget' as const, ...r })) },
  { weight: 1, arbitrary: range.map((r) => ({ type: 'segment' as const, connection: r.start % 5, source: 0, ...r })) },
  { weight: 1, arbitrary: fc.constant({ type: 'speed' as const, source: 1, bytesPerSec: 1e6, firstByteMs: 3.5 }) },
  { weight: 1, arbitrary: fc.constant({ type: 'source' as const, index: 1, url: 'mgp://127.0.0.1:9001/a' }) },
  { weight: 1, arbitrary: fc.constant({ type: 'content' as const, contentId: 'ab'.repeat(32) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'end-of-run' as const }) },
);

describe('the state that a journal adds up to', () => {
  it('replaces an extent by a later one that covers it, or that it covers', () => {
    expect(spans(fold(extent(10, 20), extent(0, 50, 1)))).toEqual([[0, 50, 1]]);
    expect(spans(fold(extent(0, 50), extent(10, 20, 1)))).toEqual([[10, 20, 1]]);
    expect(spans(fold(extent(0, 50), extent(0, 50, 1)))).toEqual([[0, 50, 1]]);
    expect(spans(fold(extent(0, 50), extent(0, 20, 1)))).toEqual([[0, 20, 1]]);
    expect(spans(fold(extent(0, 100), extent(10, 110), extent(20, 90, 1)))).toEqual([[20, 90, 1]]);
  });

  it('keeps both of two extents that only overlap, since the bytes can confirm both', () => {
    expect(spans(fold(extent(0, 50), extent(40, 90, 1)))).toEqual([
      [0, 50, 0],
      [40, 90, 1],
    ]);
  });

  it('keeps the extents of a piece apart from the others', () => {
    const replay = fold(
      extent(0, 100),
      extent(200, 300),
      extent(256, 512),
      extent(300, 310, 1),
      piece(1),
      extent(512, 600),
    );
    expect(spans(replay)).toEqual([
      [0, 100, 0],
      [200, 300, 0],
      [512, 600, 0],
    ]);
    expect(replay.extentsInPieces.map(({ start, end }) => [start, end])).toEqual([[300, 310]]);
    expect([...replay.pieces.keys()]).toEqual([1]);
  });

  it('drops every claim that has a forgotten byte', () => {
    const replay = fold(extent(0, 50), extent(40, 90), extent(100, 120), piece(1), piece(2), {
      type: 'forget',
      start: 45,
      end: 300,
    });
    expect(spans(replay)).toEqual([]);
    expect([...replay.pieces.keys()]).toEqual([2]);
    expect(spans(fold({ type: 'forget', start: 45, end: 300 }, extent(40, 90)))).toEqual([[40, 90, 0]]);
  });

  it('is told in fewer records as far as a sync has settled it', () => {
    const state = new JournalState(header);
    for (const record of [extent(0, 100), extent(200, 256), extent(100, 200), extent(256, 300)]) state.apply(record);
    for (const record of [extent(512, 600), piece(2), extent(300, 310, 1), extent(768, 800)]) state.apply(record);
    state.settle(state.mark());
    for (const record of [extent(800, 850), piece(3), extent(1024, 1030), extent(1030, 1040)]) state.apply(record);
    const encoder = new JournalEncoder();
    state.encodeTo(encoder);
    const replay = state.replay(undefined);
    expect(spans(replay)).toEqual([
      [0, 256, 0],
      [256, 300, 0],
      [300, 310, 1],
      [1024, 1030, 0],
      [1030, 1040, 0],
    ]);
    expect(replay.extents[0]?.crc32).toBe(crc32(content.subarray(0, 256)));
    expect(replay.extentsInPieces.map(({ start, end }) => [start, end])).toEqual([
      [768, 800],
      [800, 850],
    ]);
    expect([...replay.pieces.keys()]).toEqual([2, 3]);
  });

  it('ended cleanly only while nothing comes after the end', () => {
    expect(fold({ type: 'end-of-run' }).endedCleanly).toBe(true);
    expect(fold({ type: 'end-of-run' }, extent(0, 1)).endedCleanly).toBe(false);
  });

  it('refuses what cannot be true of this file', () => {
    const state = new JournalState(header);
    const impossible: JournalRecord[] = [
      header,
      { type: 'extent', start: 0, end: sizeBytes + 1, crc32: 0, source: 0 },
      { type: 'extent', start: 5, end: 5, crc32: 0, source: 0 },
      { type: 'extent', start: -1, end: 5, crc32: 0, source: 0 },
      { type: 'extent', start: 0.5, end: 5, crc32: 0, source: 0 },
      { type: 'extent', start: 0, end: 5, crc32: 0, source: mixedSources },
      { type: 'piece', index: 16, sha256: new Uint8Array(32), source: 0 },
      { type: 'piece', index: 0, sha256: new Uint8Array(31), source: 0 },
      { type: 'forget', start: 3, end: Infinity },
      { type: 'speed', source: 0, bytesPerSec: NaN, firstByteMs: 0 },
      { type: 'source', index: 0, url: 'x'.repeat(8193) },
      { type: 'content', contentId: 'AB' },
    ];
    for (const record of impossible) expect(state.apply(record), JSON.stringify(record)).toBe(false);
    expect(state.replay(undefined)).toEqual(new JournalState(header).replay(undefined));
  });

  it('claims only bytes that were reported since they were last forgotten, with the right CRC, in order', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 60 }), (records) => {
        const state = new JournalState(header);
        const claimed = new Uint8Array(sizeBytes);
        for (const record of records) {
          expect(state.apply(record)).toBe(true);
          if (record.type === 'extent') claimed.fill(1, record.start, record.end);
          if (record.type === 'forget') claimed.fill(0, record.start, record.end);
        }
        const replay = state.replay(undefined);
        const extents = [...replay.extents, ...replay.extentsInPieces].sort((a, b) => a.start - b.start);
        for (const [i, { start, end, crc32: sum }] of extents.entries()) {
          expect(claimed.subarray(start, end).includes(0)).toBe(false);
          expect(sum).toBe(crc32(content.subarray(start, end)));
          const next = extents[i + 1];
          if (next !== undefined) expect(next.start > start && next.end > end).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('says the same after it was written down in its shortest form and read again', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 60 }), fc.nat(60), (records, settled) => {
        const state = new JournalState(header);
        for (const record of records) state.apply(record);
        const before = state.replay(undefined);
        state.settle(settled);
        const encoder = new JournalEncoder();
        state.encodeTo(encoder);
        const decoder = new JournalDecoder('the journal');
        decoder.push(encoder.pending());
        expect(decoder.next()).toEqual(header);
        const again = new JournalState(header);
        for (let record = decoder.next(); record !== undefined; record = decoder.next()) again.apply(record);
        expect(again.replay(undefined)).toEqual(state.replay(undefined));
        expect(Buffer.compare(claimedBytes(again.replay(undefined)), claimedBytes(before))).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('combineCrc32', () => {
  it('is the CRC of both strings together', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const both = Uint8Array.from([...first, ...second]);
        expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(both));
      }),
    );
    const zeros = new Uint8Array(50_000_001);
    expect(combineCrc32(crc32('x'), crc32(zeros), zeros.length)).toBe(crc32(zeros, crc32('x')));
  });
});
