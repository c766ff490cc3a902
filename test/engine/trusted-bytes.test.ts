import { describe, expect, it } from 'vitest';
import type { PieceIndex, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { trustedUntil } from '../../src/engine/trusted-bytes.js';

/** A file of four pieces and a half: 0 and 1 are verified, 2 is complete, of 3 the first half is there. */
function ledger(): Ledger {
  const made = new Ledger(450, 100);
  made.receive(0, 350, 0 as SourceId);
  made.verify(0 as PieceIndex);
  made.verify(1 as PieceIndex);
  return made;
}

describe('what may be handed out', () => {
  it('is verified pieces where they can be verified', () => {
    expect(trustedUntil(ledger(), 'verified', 0, 1000, () => false)).toBe(200);
    expect(trustedUntil(ledger(), 'verified', 150, 180, () => false)).toBe(180);
    expect(trustedUntil(ledger(), 'verified', 200, 1000, () => false)).toBe(200);
  });

  it('is all that has come where nobody knows better', () => {
    expect(trustedUntil(ledger(), 'received', 0, 1000, () => false)).toBe(350);
    expect(trustedUntil(ledger(), 'received', 350, 1000, () => false)).toBe(350);
    expect(trustedUntil(ledger(), 'received', 10, 20, () => false)).toBe(20);
  });

  it('is complete pieces whose hash was taken, where it may be compared later', () => {
    expect(trustedUntil(ledger(), 'hashed', 0, 1000, () => false)).toBe(300);
    expect(trustedUntil(ledger(), 'hashed', 0, 1000, (piece) => piece === 2)).toBe(200);
    expect(trustedUntil(ledger(), 'hashed', 300, 1000, () => false)).toBe(300);
  });

  it('is nothing while it is open who is right, and behind the end of the file', () => {
    expect(trustedUntil(ledger(), 'nothing', 0, 1000, () => false)).toBe(0);
    expect(trustedUntil(ledger(), 'received', 450, 1000, () => false)).toBe(450);
  });
});
