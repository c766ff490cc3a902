import { mixedSources } from '../wire/journal-record.js';

export interface JournalPiece {
  readonly sha256: Uint8Array;
  /** Index of the source that delivered it, or `mixedSources`. */
  readonly source: number;
}

const mixed = 0xffff_ffff;

/**
 * The recorded pieces of a file, in 44 bytes each: a file has up to millions of them, and an object for each would be
 * what a download's memory goes to. Memory that is not touched costs nothing.
 */
export class PieceTable {
  readonly #sha256: Uint8Array;
  readonly #source: Uint32Array;
  /** When each was recorded; 0: it was not. */
  readonly #order: Float64Array;

  constructor(pieceCount: number) {
    this.#sha256 = new Uint8Array(pieceCount * 32);
    this.#source = new Uint32Array(pieceCount);
    this.#order = new Float64Array(pieceCount);
  }

  /** @param order From 1. */
  set(index: number, piece: JournalPiece, order: number): void {
    this.#sha256.set(piece.sha256, index * 32);
    this.#source[index] = piece.source === mixedSources ? mixed : piece.source;
    this.#order[index] = order;
  }

  /** When the piece was recorded; 0 where it was not, or where there is no such piece. */
  orderOf(index: number): number {
    return this.#order[index] ?? 0;
  }

  /** Both ends included. */
  delete(first: number, last: number): void {
    this.#order.fill(0, first, last + 1);
  }

  *entries(): Generator<[number, JournalPiece]> {
    for (const [index, order] of this.#order.entries()) {
      if (order === 0) continue;
      const source = this.#source[index] ?? mixed;
      yield [
        index,
        { sha256: this.#sha256.slice(index * 32, index * 32 + 32), source: source === mixed ? mixedSources : source },
      ];
    }
  }
}
