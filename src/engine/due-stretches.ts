import type { ByteRange } from '../base/byte-range.js';
import type { PieceIndex } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import { sampleLimits, stretchCount } from '../core/sample-plan.js';

const { stretchBytes } = sampleLimits;

/**
 * Which stretches of the file are to be compared next: each once, when its bytes are here. Says where, and asks nobody.
 *
 * Invariant: a piece that is `#done` has no stretch that was not handed out.
 */
export class DueStretches {
  readonly #ledger: Ledger;
  readonly #done: Uint8Array;
  readonly #handedOut: Uint8Array;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#done = new Uint8Array(ledger.pieceCount);
    this.#handedOut = new Uint8Array(stretchCount(ledger.sizeBytes));
  }

  /**
   * Ranges of whole stretches that are here and were not handed out: those of complete pieces. With `isEnding` also each
   * that is there by itself: at the end dozens of pieces lack a few bytes, and would all have to be compared after the last one.
   */
  take(isEnding: boolean): ByteRange[] {
    const due: ByteRange[] = [];
    for (let i = 0; i < this.#done.length; i += 1) {
      if (this.#done[i] !== 0) continue;
      const state = this.#ledger.pieceState(i as PieceIndex);
      if (state === 'complete') this.#done[i] = 1;
      if (state === 'complete' || (state === 'open' && isEnding)) this.#takeOf(i as PieceIndex, due);
    }
    return due;
  }

  #takeOf(piece: PieceIndex, due: ByteRange[]): void {
    const range = this.#ledger.pieceRange(piece);
    let from = range.start;
    for (let start = range.start; start < range.end; start += stretchBytes) {
      const end = Math.min(range.end, start + stretchBytes);
      const stretch = Math.floor(start / stretchBytes);
      if (this.#handedOut[stretch] === 0 && this.#ledger.isThere(start, end)) {
        this.#handedOut[stretch] = 1;
        continue;
      }
      if (from < start) due.push({ start: from, end: start });
      from = end;
    }
    if (from < range.end) due.push({ start: from, end: range.end });
  }

  /** [start, end) of the file is missing again. */
  forget(start: number, end: number): void {
    this.#done.fill(0, this.#ledger.pieceAt(start), this.#ledger.pieceAt(end - 1) + 1);
    this.#handedOut.fill(0, Math.floor(start / stretchBytes), Math.ceil(end / stretchBytes));
  }
}
