import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PieceIndex, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { fromEarlierRun } from '../../src/core/provenance.js';

const first = 0 as SourceId;
const second = 1 as SourceId;
const piece = (index: number): PieceIndex => index as PieceIndex;

describe('a ledger', () => {
  test('completes a piece with its last byte, and only once', () => {
    const ledger = new Ledger(25, 10);
    expect(ledger.receive(0, 9, first)).toEqual([]);
    expect(ledger.receive(9, 21, second)).toEqual([0, 1]);
    expect(ledger.receive(5, 15, first)).toEqual([]);
    expect(ledger.receive(21, 25, first)).toEqual([2]);
    expect(ledger.isReceived).toBe(true);
    expect(ledger.duplicateBytes).toBe(10);
  });

  test('keeps the first deliverer of a byte that comes twice', () => {
    const ledger = new Ledger(20, 10);
    ledger.receive(0, 10, first);
    ledger.receive(5, 15, second);
    expect(ledger.runs(0, 20)).toEqual([
      { start: 0, end: 10, source: first },
      { start: 10, end: 15, source: second },
    ]);
    expect(ledger.deliveredBy(second)).toEqual([{ start: 10, end: 15, source: second }]);
  });

  test('what an earlier run left is no duplicate', () => {
    const ledger = new Ledger(20, 10);
    ledger.receive(0, 10, fromEarlierRun);
    ledger.receive(0, 10, fromEarlierRun);
    expect(ledger.duplicateBytes).toBe(0);
  });

  test('forgets what is not verified, and keeps what is', () => {
    const ledger = new Ledger(30, 10);
    ledger.receive(0, 30, first);
    ledger.verify(piece(1));
    expect(ledger.forget(5, 25)).toEqual([
      { start: 5, end: 10 },
      { start: 20, end: 25 },
    ]);
    expect(ledger.pieceState(piece(0))).toBe('open');
    expect(ledger.pieceState(piece(1))).toBe('verified');
    expect(ledger.missing(0, 30)).toEqual([
      { start: 5, end: 10 },
      { start: 20, end: 25 },
    ]);
    expect(ledger.receive(5, 10, second)).toEqual([0]);
  });

  test('a piece that is not complete cannot be verified', () => {
    const ledger = new Ledger(20, 10);
    ledger.receive(0, 5, first);
    expect(() => ledger.verify(piece(0))).toThrow('piece 0 is open, expected complete');
  });

  test('an empty file is received and verified from the start', () => {
    const ledger = new Ledger(0, 10);
    expect([ledger.isReceived, ledger.isVerified, ledger.pieceCount]).toEqual([true, true, 0]);
    expect(ledger.map(3)).toHaveLength(3);
  });

  test('agrees with a list of bytes after any deliveries, verifications and doubts', () => {
    const step = fc.record({
      op: fc.constantFrom('receive' as const, 'forget' as const, 'verify' as const),
      start: fc.nat(50),
      length: fc.nat(20),
      source: fc.nat(2),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(step),
        (size, part, steps) => {
          const ledger = new Ledger(size, part);
          const bytes = new Array<number | undefined>(size).fill(undefined);
          const verified = new Set<number>();
          let duplicates = 0;
          for (const { op, start, length, source } of steps) {
            const end = Math.min(size, start + length);
            const from = Math.min(start, end);
            if (op === 'receive') {
              duplicates += bytes.slice(from, end).filter((b) => b !== undefined).length;
              ledger.receive(from, end, source as SourceId);
              for (let i = from; i < end; i += 1) bytes[i] ??= source;
            } else if (op === 'forget') {
              ledger.forget(from, end);
              for (let i = from; i < end; i += 1) if (!verified.has(Math.floor(i / part))) bytes[i] = undefined;
            } else {
              const index = piece(start % ledger.pieceCount);
              if (ledger.pieceState(index) !== 'complete') continue;
              ledger.verify(index);
              verified.add(index);
            }
          }
          const received = bytes.filter((b) => b !== undefined).length;
          expect(ledger.receivedBytes).toBe(received);
          expect(ledger.isReceived).toBe(received === size);
          expect(ledger.duplicateBytes).toBe(duplicates);
          expect(ledger.verifiedPieces).toBe(verified.size);
          for (let i = 0; i < ledger.pieceCount; i += 1) {
            const whole = bytes.slice(i * part, (i + 1) * part).every((b) => b !== undefined);
            expect(ledger.pieceState(piece(i))).toBe(verified.has(i) ? 'verified' : whole ? 'complete' : 'open');
          }
          for (const run of ledger.runs(0, size)) {
            for (let i = run.start; i < run.end; i += 1) expect(bytes[i]).toBe(run.source);
          }
          const verifiedBytes = [...verified].reduce((sum, i) => sum + Math.min(size, (i + 1) * part) - i * part, 0);
          expect(ledger.verifiedBytes).toBe(verifiedBytes);
        },
      ),
    );
  });
});

describe('the map of a file', () => {
  test('shows each cell as what most of it is', () => {
    const ledger = new Ledger(40, 10);
    ledger.receive(0, 10, first);
    ledger.receive(10, 20, second);
    ledger.verify(piece(0));
    const map = ledger.map(4, [{ start: 20, end: 30, source: second }]);
    expect(map).toEqual([
      { state: 'verified', source: first },
      { state: 'received', source: second },
      { state: 'in-flight', source: second },
      { state: 'missing', source: -1 },
    ]);
  });

  test('shows the pieces themselves where there is a cell for each, however short the last one is', () => {
    const ledger = new Ledger(901, 100);
    ledger.receive(500, 600, first);
    ledger.receive(900, 901, first);
    ledger.verify(piece(5));
    ledger.verify(piece(9));
    const verified = ledger.map(10).flatMap(({ state }, cell) => (state === 'verified' ? [cell] : []));
    expect(verified).toEqual([5, 9]);
  });

  test('has as many cells as asked for, also where there are fewer bytes', () => {
    const ledger = new Ledger(3, 10);
    ledger.receive(0, 3, first);
    expect(ledger.map(10)).toHaveLength(10);
  });
});
