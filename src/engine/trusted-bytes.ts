import type { PieceIndex } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';

/**
 * What a reader may have: verified pieces, pieces of which the hash is known (whatever it should be), whatever has come,
 * or nothing yet, as long as it is open who is right. What is handed out is gone from a window: where its hash may be
 * compared yet, it is taken before.
 */
type Trust = 'verified' | 'hashed' | 'received' | 'nothing';

/**
 * Up to where bytes from `from` on are there and may be handed out; `from` where that is none, `max` at most.
 * @param isBeingHashed Of a piece that is complete.
 */
export function trustedUntil(
  ledger: Ledger,
  trust: Trust,
  from: number,
  max: number,
  isBeingHashed: (piece: PieceIndex) => boolean,
): number {
  const end = Math.min(max, ledger.sizeBytes);
  if (trust === 'nothing' || from >= end) return from;
  if (trust === 'received') return ledger.missing(from, end)[0]?.start ?? end;
  let until = from;
  while (until < end) {
    const piece = ledger.pieceAt(until);
    const state = ledger.pieceState(piece);
    const isHashed = trust === 'hashed' && state === 'complete' && !isBeingHashed(piece);
    if (state !== 'verified' && !isHashed) break;
    until = ledger.pieceRange(piece).end;
  }
  return Math.min(until, end);
}
