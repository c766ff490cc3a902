import { asManygetError, type ManygetError } from '../base/errors.js';
import { hashAlgorithms, type HashAlgorithm } from '../base/hash-algorithm.js';
import type { PieceIndex, SourceId } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import type { Block } from '../store/block-pool.js';
import type { Journal } from '../store/journal.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import { mixedSources } from '../wire/journal-record.js';

interface VerifierParts {
  readonly on: boolean;
  /** What the hashes of the pieces are made with. */
  readonly algorithm: HashAlgorithm;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly hasher: PieceHasher;
  readonly partPath: string;
  /** A source's index in the journal. */
  readonly journalIndex: (source: SourceId) => number;
  /** Somebody may state piece hashes yet: pieces are hashed as they come. */
  readonly mayHearHashes: () => boolean;
  /** A piece is wrong; its bytes are missing again. `sources` are those that delivered them. */
  readonly onCorrupt: (piece: PieceIndex, sources: readonly SourceId[]) => void;
  /** A piece is right, or cannot be judged yet. */
  readonly onVerified: () => void;
  /** Hashing itself failed. */
  readonly onError: (error: ManygetError) => void;
}

/**
 * Holds every complete piece against the hash that the manifest or the servers state: at once where they are known,
 * else when they come. SHA-256 digests it writes into the journal, so that a later run need not fetch those pieces again;
 * of other digests the journal knows nothing: the extents there say as much.
 *
 * While nobody is there who could state hashes, pieces are not hashed: that is made up for when somebody is.
 *
 * Invariant: a piece is being hashed, or its digest waits, or it was left unhashed, or it is verified, or it is not
 * complete. A digest counts only for the bytes that it was asked for: `#asked` tells an outdated one.
 */
export class Verifier {
  readonly #parts: VerifierParts;
  readonly #digestBytes: number;
  readonly #asked = new Map<PieceIndex, number>();
  readonly #waiting = new Map<PieceIndex, Uint8Array>();
  readonly #unhashed = new Set<PieceIndex>();
  #expected: Uint8Array | undefined;
  #ticket = 0;
  #closed = false;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
    this.#digestBytes = hashAlgorithms[parts.algorithm].bytes;
  }

  /** False where the user wants no verification: complete pieces are then left unjudged. */
  get isOn(): boolean {
    return this.#parts.on;
  }

  get hasHashes(): boolean {
    return this.#expected !== undefined;
  }

  /** True where a verified piece gets a record in the journal, so that its bytes need none of their own. */
  get recordsPieces(): boolean {
    return this.#parts.algorithm === 'sha256';
  }

  get algorithm(): HashAlgorithm {
    return this.#parts.algorithm;
  }

  /** Complete pieces are hashed at once. */
  get hashesNow(): boolean {
    return this.isOn && (this.hasHashes || this.#parts.mayHearHashes());
  }

  /** Complete pieces that there is nothing to hold against, for now. */
  get unjudgedPieces(): number {
    return this.#waiting.size + this.#unhashed.size;
  }

  /** The hash of every piece, one behind the other. Pieces that waited for them are judged now. */
  setExpected(hashes: Uint8Array): void {
    this.#expected = hashes;
    for (const piece of [...this.#waiting.keys()]) {
      // A wrong one may have its source left out: what else that source gave is forgotten then.
      const digest = this.#waiting.get(piece);
      this.#waiting.delete(piece);
      if (digest !== undefined) this.#judge(piece, digest);
    }
    const unhashed = [...this.#unhashed];
    this.#unhashed.clear();
    for (const piece of unhashed) this.checkOnDisk(piece);
  }

  /** The same, where there are none yet: what came before the manifest waits for its hashes. */
  expect(hashes: Uint8Array): void {
    if (!this.hasHashes) this.setExpected(hashes);
  }

  /** A complete piece is all in one block; `done` gets the block back. */
  checkBlock(piece: PieceIndex, block: Block, bytes: number, done: (block: Block) => void): void {
    const ticket = this.#take(piece);
    const digested = (digest: Uint8Array, hashed: Block): void => {
      done(hashed);
      this.#digested(piece, ticket, digest);
    };
    this.#parts.hasher.hashBlock(block, bytes, digested, this.#parts.algorithm);
  }

  /** A complete piece was hashed while it was being written. */
  checkDigest(piece: PieceIndex, digest: Uint8Array): void {
    this.#digested(piece, this.#take(piece), digest);
  }

  /** A complete piece came in parts: its bytes are read back, from the page cache as a rule. */
  checkOnDisk(piece: PieceIndex): void {
    if (!this.hashesNow) {
      this.#leaveUnhashed(piece);
      return;
    }
    const ticket = this.#take(piece);
    const range = this.#parts.ledger.pieceRange(piece);
    const { hasher, partPath, algorithm } = this.#parts;
    hasher.hashFile(partPath, range.start, range.end, { algorithm }).then(
      (digest) => this.#digested(piece, ticket, digest),
      (error: unknown) => {
        if (!this.#closed) this.#parts.onError(asManygetError(error, 'io-failed', partPath));
      },
    );
  }

  /** An earlier run's piece was read back and has this SHA-256. */
  checkedEarlier(piece: PieceIndex, digest: Uint8Array): void {
    if (this.#parts.ledger.pieceState(piece) !== 'complete') return;
    if (!this.isOn) this.#leaveUnhashed(piece);
    else if (this.recordsPieces) this.#judge(piece, digest);
    else this.checkOnDisk(piece);
  }

  /** True while this piece's digest is on its way: its bytes have to stay. */
  isBeingHashed(piece: PieceIndex): boolean {
    return this.#asked.has(piece);
  }

  /** True while this piece's digest is on its way or waits. */
  isPending(piece: PieceIndex): boolean {
    return this.#asked.has(piece) || this.#waiting.has(piece) || this.#unhashed.has(piece);
  }

  /** The bytes of these pieces are gone: what is known of them no longer holds. */
  forget(first: PieceIndex, last: PieceIndex): void {
    for (let piece = first; piece <= last; piece = (piece + 1) as PieceIndex) {
      this.#asked.delete(piece);
      this.#waiting.delete(piece);
      this.#unhashed.delete(piece);
    }
  }

  /** Digests that are still under way come too late: nobody writes them down, or misses them. */
  close(): void {
    this.#closed = true;
  }

  #leaveUnhashed(piece: PieceIndex): void {
    this.#unhashed.add(piece);
    this.#parts.onVerified();
  }

  #take(piece: PieceIndex): number {
    this.#ticket += 1;
    this.#asked.set(piece, this.#ticket);
    return this.#ticket;
  }

  #digested(piece: PieceIndex, ticket: number, digest: Uint8Array): void {
    if (this.#closed || this.#asked.get(piece) !== ticket) return;
    this.#asked.delete(piece);
    if (this.recordsPieces) this.#record(piece, digest);
    this.#judge(piece, digest);
  }

  #record(piece: PieceIndex, sha256: Uint8Array): void {
    const range = this.#parts.ledger.pieceRange(piece);
    const runs = this.#parts.ledger.runs(range.start, range.end);
    const only = runs.length === 1 ? (runs[0]?.source ?? mixedSources) : mixedSources;
    const source = only < 0 ? mixedSources : this.#parts.journalIndex(only as SourceId);
    this.#parts.journal.append({ type: 'piece', index: piece, sha256, source });
  }

  #judge(piece: PieceIndex, digest: Uint8Array): void {
    const at = piece * this.#digestBytes;
    const expected = this.#expected?.subarray(at, at + this.#digestBytes);
    if (expected === undefined) {
      this.#waiting.set(piece, digest);
      this.#parts.onVerified();
      return;
    }
    if (Buffer.compare(expected, digest) === 0) {
      this.#parts.ledger.verify(piece);
      this.#parts.onVerified();
      return;
    }
    const { ledger, journal } = this.#parts;
    const range = ledger.pieceRange(piece);
    const sources = [...new Set(ledger.runs(range.start, range.end).map((run) => run.source))];
    ledger.forget(range.start, range.end);
    journal.append({ type: 'forget', start: range.start, end: range.end });
    this.#parts.onCorrupt(piece, sources);
  }
}
