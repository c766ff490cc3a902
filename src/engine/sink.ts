import { crc32 } from 'node:zlib';
import { ManygetError } from '../base/errors.js';
import type { PieceIndex, SourceId } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import type { Block, BlockPool } from '../store/block-pool.js';
import type { Journal } from '../store/journal.js';
import type { PartFile } from '../store/part-file.js';
import type { Verifier } from './verifier.js';

/** Above these numbers of connections blocks are smaller, so that memory stays bounded by the pool. */
const connectionsWithLargeBlocks = 20;
const connectionsWithMediumBlocks = 64;

/** What a sink works on; made once the file's facts are known. */
export interface SinkParts {
  readonly pool: BlockPool;
  readonly part: PartFile;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly verifier: Verifier;
  /** The disk took nothing more; called once until `retry` succeeds. */
  readonly onBlocked: (error: ManygetError) => void;
  /** Room for data again: connections that waited may go on. */
  readonly onRoom: () => void;
  /** A source's index in the journal. */
  readonly journalIndex: (source: SourceId) => number;
  /** Bytes that are in the file now, and who brought them. */
  readonly onWritten: (bytes: number, source: SourceId) => void;
}

/** Bytes [from, to) of a block belong at `offset` of the file. */
export interface Stretch {
  readonly block: Block;
  readonly from: number;
  readonly to: number;
  readonly offset: number;
  readonly source: SourceId;
}

/**
 * Takes bytes to the disk, and books them: one positional write, then the ledger, then the journal. Shared by all
 * connections of a download.
 *
 * Invariant: the ledger and the journal never name a byte that was not written before.
 */
export class Sink {
  readonly #parts: SinkParts;
  #blocked: ManygetError | undefined;
  #connections = 0;
  #retrying = false;

  constructor(parts: SinkParts) {
    this.#parts = parts;
  }

  /** The error that keeps the disk from taking bytes; undefined while it takes them. */
  get blocked(): ManygetError | undefined {
    return this.#blocked;
  }

  set connections(count: number) {
    this.#connections = count;
  }

  /** A block for bytes to come; undefined while memory or disk is full. */
  take(): Block | undefined {
    if (this.#blocked !== undefined) return undefined;
    return this.#parts.pool.take(this.blockBytes);
  }

  release(block: Block): void {
    this.#parts.pool.release(block);
    this.#parts.onRoom();
  }

  get blockBytes(): number {
    if (this.#connections <= connectionsWithLargeBlocks) return 1024 * 1024;
    return this.#connections <= connectionsWithMediumBlocks ? 256 * 1024 : 64 * 1024;
  }

  isMissing(start: number, end: number): boolean {
    return this.#parts.ledger.isMissing(start, end);
  }

  /** Where in [start, end) bytes stop being missing, or start to be. */
  sameUntil(start: number, end: number): { missing: boolean; until: number } {
    const gap = this.#parts.ledger.missing(start, end)[0];
    if (gap === undefined) return { missing: false, until: end };
    return gap.start === start ? { missing: true, until: gap.end } : { missing: false, until: gap.start };
  }

  countDuplicates(bytes: number): void {
    this.#parts.ledger.countDuplicates(bytes);
  }

  /**
   * Writes a stretch of a block that is still being filled. False where the disk takes nothing: it is to be repeated.
   */
  write(stretch: Stretch): boolean {
    const completed = this.#put(stretch, true);
    if (completed === undefined) return false;
    for (const piece of completed) this.#parts.verifier.checkOnDisk(piece);
    return true;
  }

  /**
   * Writes the last stretch of a block and takes the block over. `base` is the file offset of its first byte.
   * Where the block holds a whole piece, the piece's hash is taken from memory.
   */
  finish(stretch: Stretch, base: number): boolean {
    const { verifier, ledger } = this.#parts;
    const piece = ledger.pieceAt(base);
    const range = ledger.pieceRange(piece);
    const end = stretch.offset + stretch.to - stretch.from;
    const whole = verifier.hashesNow && range.start === base && range.end === end && this.#isOurs(stretch, base);
    const completed = this.#put(stretch, !(whole && verifier.recordsPieces));
    if (completed === undefined) return false;
    if (whole && completed[0] === piece) {
      verifier.checkBlock(piece, stretch.block, end - base, (block) => this.release(block));
      return true;
    }
    for (const done of completed) verifier.checkOnDisk(done);
    this.release(stretch.block);
    return true;
  }

  /** The disk takes nothing more: nothing is written until `retry` succeeds. */
  block(error: ManygetError): void {
    const first = this.#blocked === undefined;
    this.#blocked = error;
    if (first && !this.#retrying) this.#parts.onBlocked(error);
  }

  /** Tries again to write after the disk was full. True once bytes go through. */
  retry(write: () => boolean): boolean {
    const before = this.#blocked;
    this.#blocked = undefined;
    this.#retrying = true;
    try {
      if (write()) {
        this.#parts.onRoom();
        return true;
      }
    } catch (error) {
      if (!(error instanceof ManygetError)) throw error;
    } finally {
      this.#retrying = false;
    }
    // Still the same fault: it was reported when it began.
    this.#blocked = before;
    return false;
  }

  /** True where all of the block so far is what this source wrote, and nobody else's bytes are on disk in its place. */
  #isOurs(stretch: Stretch, base: number): boolean {
    const { ledger } = this.#parts;
    if (!ledger.isMissing(stretch.offset, stretch.offset + stretch.to - stretch.from)) return false;
    if (base === stretch.offset) return true;
    const runs = ledger.runs(base, stretch.offset);
    return (
      runs.length === 1 &&
      runs[0]?.source === stretch.source &&
      runs[0].start === base &&
      runs[0].end === stretch.offset
    );
  }

  /** Writes what is missing of the stretch; returns the pieces that it completed. */
  #put(stretch: Stretch, withCrc: boolean): PieceIndex[] | undefined {
    const { ledger, part, journal } = this.#parts;
    const { block, from, to, offset, source } = stretch;
    const end = offset + to - from;
    const gaps = ledger.isMissing(offset, end) ? [{ start: offset, end }] : ledger.missing(offset, end);
    try {
      for (const gap of gaps) part.write(block.bytes, from + gap.start - offset, from + gap.end - offset, gap.start);
    } catch (error) {
      if (!(error instanceof ManygetError)) throw error;
      this.block(error);
      return undefined;
    }
    const completed = ledger.receive(offset, end, source);
    for (const gap of gaps) {
      if (withCrc) {
        const bytes = block.bytes.subarray(from + gap.start - offset, from + gap.end - offset);
        journal.append({
          type: 'extent',
          start: gap.start,
          end: gap.end,
          crc32: crc32(bytes),
          source: this.#parts.journalIndex(source),
        });
      }
      this.#parts.onWritten(gap.end - gap.start, source);
    }
    return completed;
  }
}
