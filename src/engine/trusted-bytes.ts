import type { Ledger } from '../core/ledger.js';

/** What a reader may have: verified pieces, whatever has come, or nothing yet, as long as it is open who is right. */
export type Trust = 'verified' | 'received' | 'nothing';

/** Up to where bytes from `from` on are there and may be handed out; `from` where that is none, `max` at most. */
export function trustedUntil(ledger: Ledger, trust: Trust, from: number, max: number): number {
  const end = Math.min(max, ledger.sizeBytes);
  if (trust === 'nothing' || from >= end) return from;
  if (trust === 'received') return ledger.missing(from, end)[0]?.start ?? end;
  let until = from;
  while (until < end) {
    const piece = ledger.pieceAt(until);
    if (ledger.pieceState(piece) !== 'verified') break;
    until = ledger.pieceRange(piece).end;
  }
  return Math.min(until, end);
}
