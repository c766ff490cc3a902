import type { ByteRange } from '../base/byte-range.js';
import { asManygetError, ManygetError } from '../base/errors.js';
import type { PieceIndex, SourceId } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import { crcOfBytes } from '../store/block-crc.js';
import type { Block, BlockPool } from '../store/block-pool.js';
import type { Journal } from '../store/journal.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import type { PartFile } from '../store/part-file.js';
import { DirectPolicy } from './direct-policy.js';
import { DirectWrites, type DirectWrite } from './direct-writes.js';
import type { Verifier } from './verifier.js';

const [large, medium, small] = [1024 * 1024, 256 * 1024, 64 * 1024];

/** What may be taken for bytes that have come and are not there yet, whatever the file and the connections are. */
export interface TransferMemory {
  /** All blocks. */
  readonly poolBytesMax: number;
  /** One block for every connection, where they can be so small. */
  readonly openBlocksBytesMax: number;
}

/** Of a pool that is small since others share its memory, open blocks take this at most. */
const openShareMax = 6 / 7;

/** What a sink works on; made once the file's facts are known. */
interface SinkParts {
  readonly pool: BlockPool;
  /** Blocks are so large that one for every connection takes this at most, where they can be: others wait for their hashes. */
  readonly openBlocksBytesMax: number;
  readonly part: PartFile;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly verifier: Verifier;
  readonly hasher: Pick<PieceHasher, 'hashBlock' | 'noteSpeed'>;
  /** The finished file is read once more, so that it had better stay in the page cache. */
  readonly isReadBack: () => boolean;
  /** The disk took nothing more; called once until `retry` succeeds, and again where it is worse than full. */
  readonly onBlocked: (error: ManygetError) => void;
  /** Room for data again: connections that waited may go on. */
  readonly onRoom: () => void;
  /** A source's index in the journal. */
  readonly journalIndex: (source: SourceId) => number;
  /** Bytes that are in the file now, and who brought them. */
  readonly onWritten: (bytes: number, source: SourceId) => void;
  readonly onDuplicates: (bytes: number, source: SourceId) => void;
  /** A block that was on its way to the disk is in the file: perhaps that was the last one. */
  readonly onLanded: () => void;
  /** What `source` brought there was not to be booked, and is on its way to the disk no longer: it may be fetched again. */
  readonly onDropped: (range: ByteRange, source: SourceId) => void;
  /** A fault of our own, in what a disk's answer set off. */
  readonly onFault: (error: ManygetError) => void;
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
 * connections of a download. Whole blocks may go past the page cache; they are booked when the disk has them.
 *
 * Invariant: the ledger and the journal never name a byte that was not written before. A byte on its way counts as
 * there: whoever brings it too brings a duplicate. So no byte of the file is ever being written twice at a time.
 */
export class Sink {
  /** Is shown what was just written and booked, before its block is used again. */
  onBooked: ((bytes: Uint8Array, start: number, source: SourceId) => void) | undefined;
  readonly #parts: SinkParts;
  #blocked: ManygetError | undefined;
  #connections = 0;
  #retrying = false;
  readonly #direct: DirectWrites;
  readonly #directPolicy = new DirectPolicy();
  /** Somebody found no room since the last tick, while most of the memory waited for the disk. */
  #starved = false;
  #arrivedBytes = 0;

  constructor(parts: SinkParts) {
    this.#parts = parts;
    this.#direct = new DirectWrites({
      part: parts.part,
      hasher: parts.hasher,
      onWritten: (write) => this.#landed(write),
      onVoid: (write) => this.#dropped(write),
      onFailed: (error) => this.block(error),
    });
  }

  /** True while blocks are on their way to the disk. */
  get isWriting(): boolean {
    return !this.#direct.isEmpty;
  }

  /** How fast bytes come, once a tick, settles their way to the disk. */
  noteSpeed(bytesPerSec: number): void {
    const wanted = this.#directPolicy.isDirect(this.#parts.part.isDirect, bytesPerSec, this.#starved);
    this.#starved = false;
    this.#parts.hasher.noteSpeed(bytesPerSec);
    if (wanted) this.#openDirect();
    else this.#parts.part.closeDirect();
  }

  /** Bytes came into a block. */
  arrived(bytes: number): void {
    this.#arrivedBytes += bytes;
  }

  /** What is on its way from `source` is not to be booked. Undefined: from anybody. */
  dropWrites(source: SourceId | undefined): void {
    this.#direct.void(source);
  }

  /** Resolves once nothing is on its way to the disk. */
  drained(): Promise<void> {
    return this.#direct.drained();
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
    const { pool, part } = this.#parts;
    if (!part.isDirect) this.#watchBurst();
    const block = pool.take(this.blockBytes);
    if (block === undefined && this.#direct.bytes * 2 > pool.takenBytes) this.#starved = true;
    return block;
  }

  /** Nothing comes any more. */
  end(): void {
    this.#parts.pool.close();
  }

  release(block: Block): void {
    this.#parts.pool.release(block);
    this.#parts.onRoom();
  }

  get blockBytes(): number {
    const { openBlocksBytesMax, pool } = this.#parts;
    const most = Math.min(openBlocksBytesMax, pool.bytesMax * openShareMax);
    if (this.#connections * large <= most) return large;
    return this.#connections * medium <= most ? medium : small;
  }

  isMissing(start: number, end: number): boolean {
    if (!this.#parts.ledger.isMissing(start, end)) return false;
    if (this.#direct.isEmpty) return true;
    const { held, until } = this.#direct.sameUntil(start, end);
    return !held && until === end;
  }

  /** Where in [start, end) bytes stop being missing, or start to be. */
  sameUntil(start: number, end: number): { missing: boolean; until: number } {
    const { held, until } = this.#direct.sameUntil(start, end);
    if (held) return { missing: false, until };
    const gap = this.#parts.ledger.missing(start, until)[0];
    if (gap === undefined) return { missing: false, until };
    return gap.start === start ? { missing: true, until: gap.end } : { missing: false, until: gap.start };
  }

  /** `source` brought bytes that were there already. */
  countDuplicates(bytes: number, source: SourceId): void {
    this.#parts.ledger.countDuplicates(bytes);
    this.#parts.onDuplicates(bytes, source);
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
    if (this.#startDirect(stretch, base, end)) return true;
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
    const before = this.#blocked;
    this.#blocked = error;
    // The same fault was reported when it began; a full disk may yet prove to be broken.
    const isNews = before === undefined || (before.code === 'disk-full' && error.code !== 'disk-full');
    if (isNews && !this.#retrying) this.#parts.onBlocked(error);
  }

  /** Tries again to write after the disk was full. True once bytes go through. */
  retry(write: () => boolean): boolean {
    const before = this.#blocked;
    let fault: ManygetError | undefined;
    this.#blocked = undefined;
    this.#retrying = true;
    try {
      this.#direct.retry();
      if (write()) {
        this.#parts.onRoom();
        return true;
      }
    } catch (error) {
      if (!(error instanceof ManygetError)) throw error;
      fault = error;
    } finally {
      this.#retrying = false;
    }
    fault ??= this.blocked;
    this.#blocked = before;
    if (fault !== undefined) this.block(fault);
    return false;
  }

  /** Ticks are far apart for a download that takes half a second. */
  #watchBurst(): void {
    const isBurst = this.#directPolicy.isBurst(this.#arrivedBytes, performance.now());
    this.#arrivedBytes = 0;
    if (!isBurst) return;
    this.#openDirect();
    this.#parts.hasher.noteSpeed(Infinity);
  }

  #openDirect(): void {
    const { part, pool, isReadBack } = this.#parts;
    if (!part.isDirect && !isReadBack() && pool.isAligned && !part.openDirect()) this.#directPolicy.refused();
  }

  /** Sends a block of which nothing is written yet past the page cache, where that is a way for it. */
  #startDirect(stretch: Stretch, base: number, end: number): boolean {
    const { block, from, offset, source } = stretch;
    if (from !== 0 || offset !== base || !this.#direct.takes(base, end - base)) return false;
    // A piece in several blocks is read back to be hashed: out of the page cache, not off the disk.
    const { ledger, verifier } = this.#parts;
    if (verifier.hashesNow && block.bytes.length < ledger.pieceBytes) return false;
    if (!this.isMissing(base, end)) return false;
    const range = ledger.pieceRange(ledger.pieceAt(base));
    const isPiece = verifier.hashesNow && range.start === base && range.end === end;
    this.#direct.start(block, base, end, source, isPiece ? verifier.algorithm : 'crc32');
    return true;
  }

  /** A block is on the disk: books it as if it had just been written. */
  #landed(write: DirectWrite): void {
    const { verifier, ledger } = this.#parts;
    const { block, start, end, source, kind, digest } = write;
    try {
      // What may be judged can change while a block is being written.
      const hash = kind === 'crc32' || !verifier.hashesNow ? undefined : digest;
      const crc = kind === 'crc32' && digest !== undefined ? Buffer.from(digest).readUInt32BE() : true;
      const stretch = { block, from: 0, offset: start, source };
      const completed = this.#book(
        stretch,
        [{ start, end }],
        hash !== undefined && verifier.recordsPieces ? false : crc,
      );
      const piece = ledger.pieceAt(start);
      for (const done of completed) {
        if (done === piece && hash !== undefined) verifier.checkDigest(piece, hash);
        else verifier.checkOnDisk(done);
      }
      this.release(block);
      this.#parts.onLanded();
    } catch (error) {
      this.#parts.onFault(asManygetError(error));
    }
  }

  /** A block that was not to be booked is on the disk, or will never be. */
  #dropped({ block, start, end, source }: DirectWrite): void {
    try {
      this.release(block);
      this.#parts.onDropped({ start, end }, source);
    } catch (error) {
      this.#parts.onFault(asManygetError(error));
    }
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
    const { ledger, part } = this.#parts;
    const { block, from, to, offset } = stretch;
    const end = offset + to - from;
    const gaps = ledger.isMissing(offset, end) ? [{ start: offset, end }] : ledger.missing(offset, end);
    const free = this.#direct.isEmpty ? gaps : this.#direct.without(gaps);
    try {
      for (const gap of free) part.write(block.bytes, from + gap.start - offset, from + gap.end - offset, gap.start);
    } catch (error) {
      if (!(error instanceof ManygetError)) throw error;
      this.block(error);
      return undefined;
    }
    const freeBytes = free.reduce((sum, gap) => sum + gap.end - gap.start, 0);
    if (freeBytes < end - offset) this.countDuplicates(end - offset - freeBytes, stretch.source);
    return this.#book(stretch, free, withCrc);
  }

  /**
   * Writes into the ledger and the journal what was just written of a block. Returns the pieces that it completed.
   * @param withCrc The CRC-32 of the one range where it is known, or whether the journal is to have one.
   */
  #book(
    stretch: Pick<Stretch, 'block' | 'from' | 'offset' | 'source'>,
    ranges: readonly ByteRange[],
    withCrc: boolean | number,
  ): PieceIndex[] {
    const { ledger, journal } = this.#parts;
    const { block, from, offset, source } = stretch;
    const completed: PieceIndex[] = [];
    for (const { start, end } of ranges) {
      completed.push(...ledger.receive(start, end, source));
      const bytes = block.bytes.subarray(from + start - offset, from + end - offset);
      this.onBooked?.(bytes, start, source);
      if (withCrc !== false) {
        const index = this.#parts.journalIndex(source);
        const sum = withCrc === true ? crcOfBytes(bytes) : withCrc;
        journal.append({ type: 'extent', start, end, crc32: sum, source: index });
      }
      this.#parts.onWritten(end - start, source);
    }
    return completed;
  }
}
