import type { PieceIndex } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import type { ResumeCheck } from '../store/resume-check.js';
import type { Transfer } from './transfer.js';

/** What of an earlier run's bytes is used. */
export interface EarlierResult {
  readonly resumedBytes: number;
  readonly sentence: string;
}

/** Takes over what the check of an earlier run's bytes has proved; what it has not is fetched again. */
export function applyEarlierRun(transfer: Transfer, found: ResumeCheck, claimedBytes: number): EarlierResult {
  const { ledger, verifier } = transfer;
  let rejected = 0;
  for (const range of found.rejected) {
    rejected += range.end - range.start;
    transfer.refetch(range.start, range.end, undefined);
  }
  for (const piece of found.verifiedPieces) verifier.checkedEarlier(piece.index as PieceIndex, piece.sha256);
  // Pieces that are complete by extents alone, or by extents and new bytes, have no digest yet.
  for (let i = 0; i < ledger.pieceCount; i += 1) {
    const piece = i as PieceIndex;
    if (ledger.pieceState(piece) === 'complete' && !verifier.isPending(piece)) verifier.checkOnDisk(piece);
  }
  const resumedBytes = claimedBytes - rejected;
  const again = rejected === 0 ? '' : `; ${formatBytes(rejected)} were not as written down and are fetched again`;
  return { resumedBytes, sentence: `${formatBytes(resumedBytes)} of an earlier run are used${again}` };
}
