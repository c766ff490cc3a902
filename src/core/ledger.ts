import type { ByteRange } from '../base/byte-range.js';
import type { PieceIndex, SourceId } from '../base/ids.js';
import type { MapCell } from '../base/snapshot.js';
import { fromEarlierRun, Provenance, type Run } from './provenance.js';
import { RangeSet } from './range-set.js';

type PieceState = 'open' | 'complete' | 'verified';
const pieceStates: readonly PieceState[] = ['open', 'complete', 'verified'];

/**
 * What is known of every byte of the file: missing, received and from whom, verified. It decides nothing and fetches
 * nothing; the scheduler owns who is asked for what.
 *
 * Invariants: a piece is `complete` or `verified` exactly when all its bytes are received; verified bytes are never
 * received again (`claim` refuses them).
 */
export class Ledger {
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  readonly pieceCount: number;
  readonly #received = new RangeSet();
  readonly #provenance = new Provenance();
  readonly #pieceState: Uint8Array;
  #verifiedBytes = 0;
  #verifiedPieces = 0;
  #duplicateBytes = 0;

  constructor(sizeBytes: number, pieceBytes: number) {
    this.sizeBytes = sizeBytes;
    this.pieceBytes = pieceBytes;
    this.pieceCount = Math.ceil(sizeBytes / pieceBytes);
    this.#pieceState = new Uint8Array(new SharedArrayBuffer(this.pieceCount));
  }

  /** One byte for each piece, as it is at any time: 0 open, 1 complete, 2 verified. Not to be written to. */
  get pieceStates(): Uint8Array {
    return this.#pieceState;
  }

  get receivedBytes(): number {
    return this.#received.bytes;
  }

  get verifiedBytes(): number {
    return this.#verifiedBytes;
  }

  get verifiedPieces(): number {
    return this.#verifiedPieces;
  }

  /** Bytes that arrived although they were there already. */
  get duplicateBytes(): number {
    return this.#duplicateBytes;
  }

  /** Bytes from the beginning of the file without a gap. */
  get prefixBytes(): number {
    const first = this.#received.at(0);
    return first?.start === 0 ? first.end : 0;
  }

  get isReceived(): boolean {
    return this.#received.bytes === this.sizeBytes;
  }

  get isVerified(): boolean {
    return this.#verifiedPieces === this.pieceCount;
  }

  /** Bytes of a piece: `pieceBytes`, less for the last one. */
  pieceRange(piece: PieceIndex): ByteRange {
    const start = piece * this.pieceBytes;
    return { start, end: Math.min(start + this.pieceBytes, this.sizeBytes) };
  }

  pieceAt(offset: number): PieceIndex {
    return Math.floor(offset / this.pieceBytes) as PieceIndex;
  }

  pieceState(piece: PieceIndex): PieceState {
    return pieceStates[this.#pieceState[piece] ?? 0] ?? 'open';
  }

  /** The parts of [start, end) that are still missing: what of it is worth writing. */
  missing(start: number, end: number): ByteRange[] {
    return this.#received.gaps(start, end);
  }

  /** True where all of [start, end) is there. */
  isThere(start: number, end: number): boolean {
    return this.#received.covers(start, end);
  }

  /** True where no byte of [start, end) is there yet: the usual case, and the cheap question on the hot path. */
  isMissing(start: number, end: number): boolean {
    const next = this.#received.atOrAfter(start);
    return next === undefined || next.start >= end;
  }

  /**
   * `source` delivered [start, end) and it is on disk. Returns the pieces that this completed. Bytes that were there
   * already are counted as duplicates and keep their first deliverer.
   */
  receive(start: number, end: number, source: SourceId): PieceIndex[] {
    const gaps = this.#received.gaps(start, end);
    let added = 0;
    for (const gap of gaps) {
      this.#received.add(gap.start, gap.end);
      this.#provenance.set(gap.start, gap.end, source);
      added += gap.end - gap.start;
    }
    if (source !== fromEarlierRun) this.#duplicateBytes += end - start - added;
    const completed: PieceIndex[] = [];
    if (added === 0) return completed;
    for (let i = this.pieceAt(start); i <= this.pieceAt(end - 1); i = (i + 1) as PieceIndex) {
      const range = this.pieceRange(i);
      if (this.#pieceState[i] !== 0 || !this.#received.covers(range.start, range.end)) continue;
      this.#pieceState[i] = 1;
      completed.push(i);
    }
    return completed;
  }

  /** Bytes that arrived for nothing. */
  countDuplicates(bytes: number): void {
    this.#duplicateBytes += bytes;
  }

  /** A complete piece has proved right. */
  verify(piece: PieceIndex): void {
    if (this.#pieceState[piece] !== 1)
      throw new Error(`piece ${piece} is ${this.pieceState(piece)}, expected complete`);
    this.#pieceState[piece] = 2;
    this.#verifiedPieces += 1;
    const range = this.pieceRange(piece);
    this.#verifiedBytes += range.end - range.start;
  }

  /** [start, end) has proved wrong, or cannot be trusted: it is missing again. Verified pieces stay. */
  forget(start: number, end: number): ByteRange[] {
    const forgotten: ByteRange[] = [];
    for (const range of this.#received.within(start, end)) {
      for (let i = this.pieceAt(range.start); i <= this.pieceAt(range.end - 1); i = (i + 1) as PieceIndex) {
        if (this.#pieceState[i] === 2) continue;
        this.#pieceState[i] = 0;
        const piece = this.pieceRange(i);
        const part = { start: Math.max(range.start, piece.start), end: Math.min(range.end, piece.end) };
        this.#received.remove(part.start, part.end);
        this.#provenance.clear(part.start, part.end);
        forgotten.push(part);
      }
    }
    return forgotten;
  }

  /** Who delivered [start, end), as far as it is there. */
  runs(start: number, end: number): Run[] {
    return this.#provenance.within(start, end);
  }

  /** What `source` delivered. */
  deliveredBy(source: SourceId): Run[] {
    return this.#provenance.of(source);
  }

  /**
   * The file in `cells` equal parts, each as what most of it is; as many as there are pieces are the pieces themselves.
   * `inFlight` says who holds orders for what.
   */
  map(cells: number, inFlight: readonly Run[] = []): MapCell[] {
    const out: MapCell[] = [];
    const orders = new Provenance();
    for (const run of inFlight) orders.set(run.start, run.end, run.source);
    const cellBytes = cells === this.pieceCount ? this.pieceBytes : this.sizeBytes / cells;
    for (let i = 0; i < cells; i += 1) {
      const start = Math.floor(cellBytes * i);
      const end = Math.max(start + 1, Math.floor(cellBytes * (i + 1)));
      out.push(this.#cell(start, Math.min(end, this.sizeBytes), orders));
    }
    return out;
  }

  #cell(start: number, end: number, orders: Provenance): MapCell {
    const received = majority(this.#provenance.within(start, end));
    if (received.bytes * 2 < end - start || received.bytes === 0) {
      const ordered = majority(orders.within(start, end));
      return received.bytes > 0 || ordered.bytes > 0
        ? { state: 'in-flight', source: ordered.bytes > 0 ? ordered.source : received.source }
        : { state: 'missing', source: -1 };
    }
    const whole = this.pieceState(this.pieceAt((start + end) / 2)) === 'verified';
    return { state: whole ? 'verified' : 'received', source: received.source };
  }
}

/** The bytes of all runs together, and the source with most of them. */
function majority(runs: readonly Run[]): { bytes: number; source: number } {
  const bySource = new Map<number, number>();
  let bytes = 0;
  for (const run of runs) {
    bytes += run.end - run.start;
    bySource.set(run.source, (bySource.get(run.source) ?? 0) + run.end - run.start);
  }
  let source = -1;
  let most = 0;
  for (const [id, n] of bySource) if (n > most) [source, most] = [id, n];
  return { bytes, source };
}
