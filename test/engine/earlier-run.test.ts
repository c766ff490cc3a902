import { describe, expect, it } from 'vitest';
import type { PieceIndex, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { fromEarlierRun } from '../../src/core/provenance.js';
import type { DownloadOutput } from '../../src/engine/download-output.js';
import { EarlierCheck } from '../../src/engine/earlier-run.js';
import type { Transfer } from '../../src/engine/transfer.js';
import type { ResumeCheck } from '../../src/store/resume-check.js';

const pieceBytes = 65_536;
const alice = 0 as SourceId;
const nothingFound: ResumeCheck = { verifiedPieces: [], verifiedExtents: [], rejected: [] };

/** An earlier run has left three pieces; what the check finds out comes when the test says so. */
function world() {
  const ledger = new Ledger(3 * pieceBytes, pieceBytes);
  ledger.receive(0, 3 * pieceBytes, fromEarlierRun);
  const said: string[] = [];
  const verifier = {
    checkedEarlier: (piece: PieceIndex) => {
      said.push(`${piece} was read`);
      ledger.verify(piece);
    },
    checkOnDisk: (piece: PieceIndex) => said.push(`${piece} is to be read`),
    isPending: () => false,
  };
  const refetch = (start: number, end: number): void => {
    said.push(`${start}-${end} again`);
    ledger.forget(start, end);
  };
  let find: (found: ResumeCheck) => void = () => undefined;
  const output = { checkEarlier: () => new Promise<ResumeCheck>((resolve) => (find = resolve)) };
  const check = new EarlierCheck();
  const transfer = { ledger, verifier, refetch } as unknown as Transfer;
  const sentence = check.run(transfer, output as unknown as DownloadOutput, new AbortController().signal);
  /** Another version of it came meanwhile. */
  const replace = (start: number, end: number): void => {
    ledger.forget(start, end);
    ledger.receive(start, end, alice);
  };
  const end = async (found: Partial<ResumeCheck>): Promise<string> => {
    find({ ...nothingFound, ...found });
    return sentence;
  };
  return { ledger, said, check, replace, end };
}

const read = (...pieces: number[]): ResumeCheck['verifiedPieces'] =>
  pieces.map((index) => ({ index, sha256: new Uint8Array(32), source: 0 }));

describe('what an earlier run left', () => {
  it('is used as far as it is as it was written down', async () => {
    const w = world();
    expect(w.check.isRunning).toBe(true);
    const rejected = [{ start: 2 * pieceBytes, end: 3 * pieceBytes, reason: 'changed' }];
    expect(await w.end({ verifiedPieces: read(0, 1), rejected })).toContain('64.0 KiB were not as written down');
    expect(w.said).toEqual([`${2 * pieceBytes}-${3 * pieceBytes} again`, '0 was read', '1 was read']);
    expect(w.check.resumedBytes).toBe(2 * pieceBytes);
    expect(w.check.isRunning).toBe(false);
  });

  it('says nothing of bytes that came in its place while it was being read', async () => {
    const w = world();
    w.replace(0, pieceBytes);
    w.replace(pieceBytes, pieceBytes + 100);
    await w.end({ verifiedPieces: read(0, 1, 2) });
    expect(w.said).toEqual(['2 was read', '0 is to be read', '1 is to be read']);
    expect(w.check.resumedBytes).toBe(2 * pieceBytes - 100);
  });

  it('takes none of those bytes back where it was found to be wrong', async () => {
    const w = world();
    w.replace(0, 1000);
    const rejected = [{ start: 0, end: pieceBytes, reason: 'changed' }];
    await w.end({ verifiedPieces: read(1, 2), rejected });
    expect(w.said[0]).toBe(`1000-${pieceBytes} again`);
    expect(w.ledger.deliveredBy(alice)).toEqual([{ start: 0, end: 1000, source: alice }]);
  });
});
