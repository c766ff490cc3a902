import type { PieceIndex } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import type { ResumeCheck } from '../store/resume-check.js';
import type { DownloadOutput } from './download-output.js';
import type { Transfer } from './transfer.js';

/** What of an earlier run's bytes is used. */
export interface EarlierResult {
  readonly resumedBytes: number;
  readonly sentence: string;
}

/** Takes over what the check of an earlier run's bytes has proved; what it has not is fetched again. */
function applyEarlierRun(transfer: Transfer, found: ResumeCheck, claimedBytes: number): EarlierResult {
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

/** Has what an earlier run left read again, while new bytes already come in. */
export class EarlierCheck {
  #isRunning = false;
  #resumedBytes = 0;

  /** Nothing is final before what is there was read. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Bytes of an earlier run that are used. */
  get resumedBytes(): number {
    return this.#resumedBytes;
  }

  /** Returns, in a sentence, what became of them. Rejects with `io-failed`, or `aborted` for the signal. */
  async run(transfer: Transfer, output: DownloadOutput, signal: AbortSignal): Promise<string> {
    this.#isRunning = true;
    const claimedBytes = transfer.ledger.receivedBytes;
    this.#resumedBytes = claimedBytes;
    const found = await output.checkEarlier(signal, () => undefined);
    if (signal.aborted) return '';
    const result = applyEarlierRun(transfer, found, claimedBytes);
    this.#resumedBytes = result.resumedBytes;
    this.#isRunning = false;
    return result.sentence;
  }
}
