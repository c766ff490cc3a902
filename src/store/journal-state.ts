import { rangeBytes } from '../base/byte-range.js';
import { pieceCount } from '../wire/content-id.js';
import { combineCrc32 } from './crc32-combine.js';
import { PieceTable, type JournalPiece } from './piece-table.js';
import {
  journalUrlBytesMax,
  mixedSources,
  type JournalEncoder,
  type JournalHeader,
  type JournalRecord,
} from '../wire/journal-record.js';

/** Bytes that are in the part file and have this CRC-32, as far as the journal knows. */
export interface JournalExtent {
  readonly start: number;
  readonly end: number;
  readonly crc32: number;
  readonly source: number;
}

export interface JournalSegment {
  readonly connection: number;
  readonly source: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What all records of a journal say together. Everything in it is a claim about the part file, to be checked against
 * the bytes there (resume-check.ts) before anybody believes it.
 */
export interface JournalReplay {
  readonly header: JournalHeader;
  /** URLs by index. An index keeps its meaning for as long as the journal lives. */
  readonly sources: ReadonlyMap<number, string>;
  readonly contentId: string | undefined;
  /** By start. None lies within another or within one of `pieces`; an end may lie behind the next start. */
  readonly extents: readonly JournalExtent[];
  /**
   * Those within one of `pieces`, by start: what may be left of the piece where its SHA-256 does not match, because only
   * its last bytes had not reached the disk.
   */
  readonly extentsInPieces: readonly JournalExtent[];
  readonly pieces: ReadonlyMap<number, JournalPiece>;
  readonly segments: readonly JournalSegment[];
  readonly speeds: ReadonlyMap<number, number>;
  readonly firstByteMs: ReadonlyMap<number, number>;
  readonly endedCleanly: boolean;
  /** Where the first damaged record began: all from there on was left out. Undefined where the journal ends whole. */
  readonly damagedAtByte: number | undefined;
}

/** Extents and pieces are numbered in the order of their records, from 1. */
interface Ordered {
  readonly order: number;
}

/** A list from which on a claim more or less is felt. */
const extentsLong = 4096;

/** Segments are for people who ask who was fetching what: the newest are enough. */
const segmentsMax = 256;

/**
 * Folds records, one by one, into what they say together; the same for a replay and for a journal that is being
 * written, so that a compaction writes what a replay would have read.
 *
 * Invariant: `#extents` is sorted by start and none contains another, so that its ends are sorted too. Neighbours may
 * overlap: both claims stay checkable, since a CRC that matches proves the bytes whoever wrote them last.
 */
export class JournalState {
  readonly header: JournalHeader;
  readonly #pieceCount: number;
  readonly #sources = new Map<number, string>();
  readonly #pieces: PieceTable;
  readonly #segments = new Map<number, JournalSegment>();
  readonly #speeds = new Map<number, { readonly bytesPerSec: number; readonly firstByteMs: number }>();
  #extents: (JournalExtent & Ordered)[] = [];
  #order = 0;
  /** What was recorded up to here is about bytes that are on the disk for good. */
  #settledOrder = 0;
  #contentId: string | undefined;
  #endedCleanly = false;

  constructor(header: JournalHeader) {
    this.header = header;
    this.#pieceCount = pieceCount(header.sizeBytes, header.pieceBytes);
    this.#pieces = new PieceTable(this.#pieceCount);
  }

  get sources(): ReadonlyMap<number, string> {
    return this.#sources;
  }

  /** False where the record cannot be true of this file; nothing has changed then. */
  apply(record: JournalRecord): boolean {
    if (!this.#isPossible(record)) return false;
    this.#endedCleanly = record.type === 'end-of-run';
    this.#order += 1;
    switch (record.type) {
      case 'header':
      case 'end-of-run':
        break;
      case 'source':
        this.#sources.set(record.index, record.url);
        break;
      case 'content':
        this.#contentId = record.contentId;
        break;
      case 'extent':
        this.#addExtent(record);
        break;
      case 'piece':
        // The extents in it stay, until a sync has settled all of the piece.
        this.#pieces.set(record.index, record, this.#order);
        break;
      case 'forget':
        this.#forget(record.start, record.end);
        break;
      case 'segment':
        this.#setSegment(record);
        break;
      case 'speed':
        this.#speeds.set(record.source, { bytesPerSec: record.bytesPerSec, firstByteMs: record.firstByteMs });
        break;
    }
    return true;
  }

  /** A mark behind all that was applied so far, for `settle`. */
  mark(): number {
    return this.#order;
  }

  /** The part file was synced after `mark()` was taken: what was recorded before it may be told in fewer records. */
  settle(mark: number): void {
    this.#settledOrder = Math.max(this.#settledOrder, mark);
    if (this.#extents.length > extentsLong) this.#shorten();
  }

  replay(damagedAtByte: number | undefined): JournalReplay {
    const speeds = [...this.#speeds];
    const extents: JournalExtent[] = [];
    const extentsInPieces: JournalExtent[] = [];
    for (const extent of this.#extents) {
      const { start, end, crc32, source } = extent;
      const isInPiece = this.#pieces.orderOf(this.#pieceAround(start, end)) > 0;
      (isInPiece ? extentsInPieces : extents).push({ start, end, crc32, source });
    }
    return {
      header: this.header,
      sources: new Map(this.#sources),
      contentId: this.#contentId,
      extents,
      extentsInPieces,
      pieces: new Map(this.#pieces.entries()),
      segments: [...this.#segments.values()],
      speeds: new Map(speeds.map(([source, speed]) => [source, speed.bytesPerSec])),
      firstByteMs: new Map(speeds.map(([source, speed]) => [source, speed.firstByteMs])),
      endedCleanly: this.#endedCleanly,
      damagedAtByte,
    };
  }

  /** The fewest records that say the same. */
  encodeTo(encoder: JournalEncoder): void {
    this.#shorten();
    encoder.push(this.header);
    for (const [index, url] of this.#sources) encoder.push({ type: 'source', index, url });
    if (this.#contentId !== undefined) encoder.push({ type: 'content', contentId: this.#contentId });
    for (const [index, piece] of this.#pieces.entries()) encoder.push({ type: 'piece', index, ...piece });
    for (const extent of this.#extents) encoder.push({ type: 'extent', ...extent });
    for (const segment of this.#segments.values()) encoder.push({ type: 'segment', ...segment });
    for (const [source, speed] of this.#speeds) encoder.push({ type: 'speed', source, ...speed });
    if (this.#endedCleanly) encoder.push({ type: 'end-of-run' });
  }

  #isPossible(record: JournalRecord): boolean {
    switch (record.type) {
      case 'header':
        return false; // There is one, and it comes first.
      case 'source':
        return isIndex(record.index) && Buffer.byteLength(record.url) <= journalUrlBytesMax;
      case 'content':
        return /^[0-9a-f]{64}$/.test(record.contentId);
      case 'extent':
        return this.#isRange(record.start, record.end) && isIndex(record.source) && isUint32(record.crc32);
      case 'piece':
        return (
          isIndex(record.index) &&
          record.index < this.#pieceCount &&
          record.sha256.length === 32 &&
          (record.source === mixedSources || isIndex(record.source))
        );
      case 'forget':
        return this.#isRange(record.start, record.end);
      case 'segment':
        return (
          isUint32(record.connection) &&
          isIndex(record.source) &&
          (record.start === record.end || this.#isRange(record.start, record.end))
        );
      case 'speed':
        return isIndex(record.source) && isMeasure(record.bytesPerSec) && isMeasure(record.firstByteMs);
      case 'end-of-run':
        return true;
    }
  }

  #isRange(start: number, end: number): boolean {
    return (
      Number.isSafeInteger(start) &&
      Number.isSafeInteger(end) &&
      start >= 0 &&
      start < end &&
      end <= this.header.sizeBytes
    );
  }

  /** The later claim wins where one covers the other; where they only overlap, both stay. */
  #addExtent(record: JournalExtent): void {
    const { start, end, crc32, source } = record;
    // Those before the first that starts here or later contain this one where they reach to its end or further.
    let first = this.#firstStartingFrom(start);
    while ((this.#extents[first - 1]?.end ?? -1) >= end) first -= 1;
    let past = first;
    for (let extent = this.#extents[past]; extent !== undefined; extent = this.#extents[past]) {
      if (extent.end > end && extent.start > start) break;
      past += 1;
    }
    this.#extents.splice(first, past - first, { start, end, crc32, source, order: this.#order });
  }

  #forget(start: number, end: number): void {
    let first = this.#firstStartingFrom(start);
    while ((this.#extents[first - 1]?.end ?? 0) > start) first -= 1;
    let past = first;
    while ((this.#extents[past]?.start ?? Infinity) < end) past += 1;
    if (past > first) this.#extents.splice(first, past - first);
    const firstPiece = Math.floor(start / this.header.pieceBytes);
    const lastPiece = Math.floor((end - 1) / this.header.pieceBytes);
    this.#pieces.delete(firstPiece, lastPiece);
  }

  #setSegment(record: JournalSegment): void {
    const { connection, source, start, end } = record;
    this.#segments.delete(connection);
    if (start === end) return;
    this.#segments.set(connection, { connection, source, start, end });
    if (this.#segments.size <= segmentsMax) return;
    for (const oldest of this.#segments.keys()) {
      this.#segments.delete(oldest);
      return;
    }
  }

  /** Index of the first extent whose start is `start` or more. */
  #firstStartingFrom(start: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle]?.start ?? Infinity) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Of what is settled: extents within a piece go, and neighbours of one source within one piece become one, whose CRC
   * follows from the two. What is not settled stays as it is: a power loss may take one of two neighbours.
   */
  #shorten(): void {
    const short: (JournalExtent & Ordered)[] = [];
    for (const extent of this.#extents) {
      const last = short.at(-1);
      const around = this.#pieceAround(extent.start, extent.end);
      if (this.#isSettled(extent.order) && this.#isSettled(this.#pieces.orderOf(around))) continue;
      if (last !== undefined && this.#areJoinable(last, extent)) {
        short[short.length - 1] = {
          start: last.start,
          end: extent.end,
          crc32: combineCrc32(last.crc32, extent.crc32, rangeBytes(extent)),
          source: last.source,
          order: Math.max(last.order, extent.order),
        };
      } else {
        short.push(extent);
      }
    }
    this.#extents = short;
  }

  #isSettled(order: number): boolean {
    return order > 0 && order <= this.#settledOrder;
  }

  #areJoinable(first: JournalExtent & Ordered, second: JournalExtent & Ordered): boolean {
    if (first.end !== second.start || first.source !== second.source) return false;
    if (!this.#isSettled(first.order) || !this.#isSettled(second.order)) return false;
    return this.#pieceAround(first.start, second.end) >= 0;
  }

  /** Index of the piece that these bytes lie in; -1 where they are of several. */
  #pieceAround(start: number, end: number): number {
    const index = Math.floor(start / this.header.pieceBytes);
    return Math.floor((end - 1) / this.header.pieceBytes) === index ? index : -1;
  }
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

/** All bits set is kept for "several sources". */
function isIndex(value: number): boolean {
  return isUint32(value) && value !== 0xffff_ffff;
}

function isMeasure(value: number): boolean {
  return value >= 0 && value < Infinity;
}
