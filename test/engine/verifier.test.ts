import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PieceIndex, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { Verifier } from '../../src/engine/verifier.js';
import type { Block } from '../../src/store/block-pool.js';
import type { Journal } from '../../src/store/journal.js';
import type { PieceHasher } from '../../src/store/piece-hasher.js';
import type { JournalRecord } from '../../src/wire/journal-record.js';

const pieceBytes = 65_536;
const pieces = 3;
const first = 0 as PieceIndex;
const second = 1 as PieceIndex;
const alice = 0 as SourceId;
const bob = 1 as SourceId;

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** A verifier whose digests come when the test says so. */
function world(
  options: {
    on?: boolean;
    mayHear?: boolean;
    onCorrupt?: (world: { ledger: Ledger; verifier: Verifier }) => void;
  } = {},
) {
  const ledger = new Ledger(pieces * pieceBytes, pieceBytes);
  const records: JournalRecord[] = [];
  const blocks: ((digest: Uint8Array) => void)[] = [];
  const files: { resolve: (digest: Uint8Array) => void; reject: (error: Error) => void }[] = [];
  const corrupt: { piece: number; sources: readonly number[] }[] = [];
  const errors: string[] = [];
  let verified = 0;
  const hasher = {
    hashBlock: (block: Block, _bytes: number, done: (digest: Uint8Array, block: Block) => void) =>
      blocks.push((d) => done(d, block)),
    hashFile: () => new Promise<Uint8Array>((resolve, reject) => files.push({ resolve, reject })),
  };
  const verifier: Verifier = new Verifier({
    on: options.on ?? true,
    algorithm: 'sha256',
    ledger,
    journal: { append: (record: JournalRecord) => records.push(record) } as unknown as Journal,
    hasher: hasher as unknown as PieceHasher,
    partPath: 'out.part',
    journalIndex: (source) => source + 10,
    mayHearHashes: () => options.mayHear ?? true,
    onCorrupt: (piece, sources) => {
      corrupt.push({ piece, sources });
      options.onCorrupt?.({ ledger, verifier });
    },
    onVerified: () => (verified += 1),
    onError: (error) => errors.push(error.code),
  });
  return { ledger, records, blocks, files, corrupt, errors, verifier, verified: () => verified };
}

const right = Buffer.concat([digest('0'), digest('1'), digest('2')]);
const block: Block = { bytes: new Uint8Array(pieceBytes) };
const noBlock = (): void => undefined;

describe('a piece', () => {
  it('with the hash that is stated is verified, and recorded with who brought it', () => {
    const w = world();
    w.verifier.setExpected(right);
    w.ledger.receive(0, pieceBytes, alice);
    w.verifier.checkBlock(first, block, pieceBytes, noBlock);
    expect(w.verifier.isPending(first)).toBe(true);
    w.blocks[0]?.(digest('0'));
    expect(w.ledger.pieceState(first)).toBe('verified');
    expect(w.records).toEqual([{ type: 'piece', index: 0, sha256: digest('0'), source: 10 }]);
    expect(w.verifier.isPending(first)).toBe(false);
  });

  it('of two sources is recorded as that', async () => {
    const w = world();
    w.verifier.setExpected(right);
    w.ledger.receive(0, 100, alice);
    w.ledger.receive(100, pieceBytes, bob);
    w.verifier.checkOnDisk(first);
    w.files[0]?.resolve(digest('0'));
    await Promise.resolve();
    expect(w.ledger.pieceState(first)).toBe('verified');
    expect(w.records).toMatchObject([{ type: 'piece', index: 0, source: -1 }]);
  });

  it('is not hashed while nobody could judge it, and is when hashes come after all', () => {
    const w = world({ mayHear: false });
    w.ledger.receive(0, pieceBytes, alice);
    expect(w.verifier.hashesNow).toBe(false);
    w.verifier.checkOnDisk(first);
    expect([w.files.length, w.verifier.unjudgedPieces, w.ledger.verifiedPieces]).toEqual([0, 1, 0]);
    w.verifier.setExpected(right);
    expect([w.files.length, w.verifier.unjudgedPieces, w.verifier.hashesNow]).toEqual([1, 0, true]);
  });

  it('whose digest is there before the hashes waits for them, and is judged when they come', () => {
    const w = world();
    for (const piece of [first, second]) {
      w.ledger.receive(piece * pieceBytes, (piece + 1) * pieceBytes, alice);
      w.verifier.checkBlock(piece, block, pieceBytes, noBlock);
    }
    w.blocks[0]?.(digest('0'));
    w.blocks[1]?.(digest('something else'));
    expect(w.verifier.unjudgedPieces).toBe(2);
    expect(w.ledger.verifiedPieces).toBe(0);
    w.verifier.setExpected(right);
    expect(w.verifier.unjudgedPieces).toBe(0);
    expect(w.ledger.pieceState(first)).toBe('verified');
    expect(w.corrupt).toEqual([{ piece: 1, sources: [alice] }]);
  });

  it('with another hash is missing again, and all who brought it are named', () => {
    const w = world();
    w.verifier.setExpected(right);
    w.ledger.receive(0, 100, alice);
    w.ledger.receive(100, pieceBytes, bob);
    w.verifier.checkBlock(first, block, pieceBytes, noBlock);
    w.blocks[0]?.(digest('wrong'));
    expect(w.corrupt).toEqual([{ piece: 0, sources: [alice, bob] }]);
    expect(w.ledger.receivedBytes).toBe(0);
    expect(w.records.at(-1)).toEqual({ type: 'forget', start: 0, end: pieceBytes });
    expect(w.verified()).toBe(0);
  });

  it('that was forgotten while it was hashed is not judged by the digest of its old bytes', () => {
    const w = world();
    w.verifier.setExpected(right);
    w.ledger.receive(0, pieceBytes, alice);
    w.verifier.checkBlock(first, block, pieceBytes, noBlock);
    w.ledger.forget(0, pieceBytes);
    w.verifier.forget(first, first);
    w.ledger.receive(0, pieceBytes, bob);
    w.verifier.checkBlock(first, block, pieceBytes, noBlock);
    w.blocks[0]?.(digest('wrong'));
    expect(w.corrupt).toEqual([]);
    expect(w.ledger.pieceState(first)).toBe('complete');
    w.blocks[1]?.(digest('0'));
    expect(w.ledger.pieceState(first)).toBe('verified');
  });

  it('gives its block back before it is judged, whatever comes of it', () => {
    const w = world();
    const order: string[] = [];
    w.verifier.setExpected(right);
    w.ledger.receive(0, pieceBytes, alice);
    w.verifier.checkBlock(first, block, pieceBytes, () => order.push(w.ledger.pieceState(first)));
    w.blocks[0]?.(digest('0'));
    expect(order).toEqual(['complete']);
  });

  it('that cannot be read back ends the download, not the process', async () => {
    const w = world();
    w.ledger.receive(0, pieceBytes, alice);
    w.verifier.checkOnDisk(first);
    w.files[0]?.reject(new Error('EIO'));
    await Promise.resolve();
    await Promise.resolve();
    expect(w.errors).toEqual(['io-failed']);
  });
});

describe('a piece of an earlier run', () => {
  it('is judged by the digest that was just taken of it', () => {
    const w = world();
    w.verifier.setExpected(right);
    w.ledger.receive(0, pieceBytes, alice);
    w.verifier.checkedEarlier(first, digest('0'));
    expect(w.ledger.pieceState(first)).toBe('verified');
  });

  it('that is not complete any more is left alone', () => {
    const w = world();
    w.verifier.setExpected(right);
    w.verifier.checkedEarlier(first, digest('wrong'));
    expect(w.corrupt).toEqual([]);
  });
});

describe('hashes that come late', () => {
  it('judge no piece whose bytes were forgotten because of a wrong one before it', () => {
    const w = world({
      onCorrupt: ({ ledger, verifier }) => {
        ledger.forget(0, 2 * pieceBytes);
        verifier.forget(first, second);
      },
    });
    for (const piece of [first, second]) {
      w.ledger.receive(piece * pieceBytes, (piece + 1) * pieceBytes, alice);
      w.verifier.checkDigest(piece, piece === first ? digest('other') : digest('1'));
    }
    w.verifier.setExpected(right);
    expect(w.corrupt).toEqual([{ piece: 0, sources: [alice] }]);
    expect([w.ledger.pieceState(second), w.verifier.unjudgedPieces]).toEqual(['open', 0]);
  });
});

describe('without verification', () => {
  it('a complete piece is never said to be verified, whatever anybody states', () => {
    const w = world({ on: false });
    w.ledger.receive(0, pieceBytes, alice);
    w.verifier.checkOnDisk(first);
    w.ledger.receive(pieceBytes, 2 * pieceBytes, alice);
    w.verifier.checkedEarlier(second, digest('anything'));
    expect([w.verifier.unjudgedPieces, w.verified()]).toEqual([2, 2]);
    w.verifier.setExpected(right);
    expect([w.verifier.unjudgedPieces, w.ledger.verifiedPieces]).toEqual([2, 0]);
    expect(w.files).toEqual([]);
  });
});

describe('once it is closed', () => {
  it('nothing is written down, judged or missed any more', async () => {
    const w = world();
    w.verifier.setExpected(right);
    w.ledger.receive(0, 3 * pieceBytes, alice);
    w.verifier.checkBlock(first, block, pieceBytes, noBlock);
    w.verifier.checkOnDisk(second);
    w.verifier.checkOnDisk(2 as PieceIndex);
    w.verifier.close();
    w.blocks[0]?.(digest('other'));
    w.files[0]?.resolve(digest('other'));
    w.files[1]?.reject(new Error('ENOENT'));
    await new Promise(setImmediate);
    expect([w.records, w.corrupt, w.errors]).toEqual([[], [], []]);
  });
});
