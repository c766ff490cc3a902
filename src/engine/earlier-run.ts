import type { PieceIndex } from '../base/ids.js';
import { formatBytes } from '../base/units.js';
import { fromEarlierRun, type Run } from '../core/provenance.js';
import type { ResumeCheck } from '../store/resume-check.js';
import type { DownloadOutput } from './download-output.js';
import type { Transfer } from './transfer.js';

/** What of an earlier run's bytes is used. */
interface EarlierResult {
  readonly resumedBytes: number;
  readonly sentence: string;
}

/**
 * Takes over what the check of an earlier run's bytes has proved; what it has not is fetched again. What was fetched
 * again in the meantime is none of them any more: the check says nothing of it.
 */
function applyEarlierRun(transfer: Transfer, found: ResumeCheck): EarlierResult {
  const { ledger, verifier } = transfer;
  const isEarlier = (run: Run): boolean => run.source === fromEarlierRun;
  let rejected = 0;
  for (const range of found.rejected) {
    for (const { start, end } of ledger.runs(range.start, range.end).filter(isEarlier)) {
      rejected += end - start;
      transfer.refetch(start, end, undefined);
    }
  }
  for (const { index, sha256 } of found.verifiedPieces) {
    const piece = index as PieceIndex;
    const { start, end } = ledger.pieceRange(piece);
    if (ledger.runs(start, end).every(isEarlier)) verifier.checkedEarlier(piece, sha256);
  }
  // Pieces that are complete by extents alone, or by extents and new bytes, have no digest yet.
  for (let i = 0; i < ledger.pieceCount; i += 1) {
    const piece = i as PieceIndex;
    if (ledger.pieceState(piece) === 'complete' && !verifier.isPending(piece)) verifier.checkOnDisk(piece);
  }
  const resumedBytes = ledger.deliveredBy(fromEarlierRun).reduce((sum, run) => sum + run.end - run.start, 0);
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
    this.#resumedBytes = transfer.ledger.receivedBytes;
    const found = await output.checkEarlier(signal);
    if (signal.aborted) return '';
    const result = applyEarlierRun(transfer, found);
    this.#resumedBytes = result.resumedBytes;
    this.#isRunning = false;
    return result.sentence;
  }
}
