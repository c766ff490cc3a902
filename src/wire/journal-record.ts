import { crc32 } from 'node:zlib';
import { withoutLogin } from '../base/source-address.js';
import { mgpLimits } from './mgp-limits.js';

/**
 * Records of the journal beside a part file (`docs/resume-format.md`): a preamble of 8 bytes, then records of a 4-byte
 * head, a payload and a CRC-32. Sans-I/O: bytes go in, records come out, and back. Numbers are big-endian.
 *
 * Each CRC goes on from the one before it, from the preamble on, so that a record counts only behind exactly the
 * records that it was written behind: a block of another journal, of an older state or out of order is damage.
 */

export const journalVersion = 1;
export const journalPreambleBytes = 8;
export const recordHeadBytes = 4;
export const recordChecksumBytes = 4;
/** Longest payload: a name or a URL with what stands before it. Checked before anything is kept. */
export const journalPayloadBytesMax = 16 * 1024;
export const journalNameBytesMax = mgpLimits.nameBytesMax;
export const journalUrlBytesMax = 8192;

/** In place of a source's index: bytes of several sources. */
export const mixedSources = -1;
export const mixedOnDisk = 0xffff_ffff;

export interface JournalHeader {
  readonly type: 'header';
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  readonly name: string;
  /** 16 random bytes in hex, new for every download that starts from nothing. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

export type JournalRecord =
  | JournalHeader
  /** What an index stands for in the records after it. */
  | { readonly type: 'source'; readonly index: number; readonly url: string }
  /** The file's content id (wire/content-id.ts), in hex. */
  | { readonly type: 'content'; readonly contentId: string }
  /** These bytes are in the part file, and have this CRC-32. */
  | {
      readonly type: 'extent';
      readonly start: number;
      readonly end: number;
      readonly crc32: number;
      readonly source: number;
    }
  /** This piece is in the part file, and was verified to have this SHA-256. `source` may be `mixedSources`. */
  | { readonly type: 'piece'; readonly index: number; readonly sha256: Uint8Array; readonly source: number }
  /** What was said of these bytes before no longer holds. */
  | { readonly type: 'forget'; readonly start: number; readonly end: number }
  /** A connection fetches these bytes from now on; an empty range: nothing. */
  | {
      readonly type: 'segment';
      readonly connection: number;
      readonly source: number;
      readonly start: number;
      readonly end: number;
    }
  | { readonly type: 'speed'; readonly source: number; readonly bytesPerSec: number; readonly firstByteMs: number }
  /** The run ended in order: everything that it received is in the records before. */
  | { readonly type: 'end-of-run' };

export const journalRecordType = {
  header: 1,
  source: 2,
  content: 3,
  extent: 4,
  piece: 5,
  forget: 6,
  segment: 7,
  speed: 8,
  'end-of-run': 9,
} as const satisfies Record<JournalRecord['type'], number>;

const utf8 = new TextEncoder();

/** 0x89 "MGJ" CR LF, the version, and the version's complement: a flipped bit is damage, not another version. */
export function encodeJournalPreamble(version: number = journalVersion): Uint8Array {
  return Uint8Array.of(0x89, 0x4d, 0x47, 0x4a, 0x0d, 0x0a, version, 0xff - version);
}

/** Where a journal goes on: the bytes before, and the CRC that the next record's goes on from. */
export interface JournalPosition {
  readonly bytes: number;
  readonly chain: number;
}

/**
 * Turns records into bytes, in a buffer that grows to what is pending and is used again.
 * Invariant: `pending` is what follows the bytes that were taken before, with the chain unbroken.
 */
export class JournalEncoder {
  #buffer = new Uint8Array(4096);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;
  #chain: number;

  /** @param after Where an existing journal goes on; without it a new one begins, with its preamble. */
  constructor(after?: JournalPosition) {
    this.#chain = after?.chain ?? 0;
    if (after !== undefined) return;
    const preamble = encodeJournalPreamble();
    this.#buffer.set(preamble);
    this.#length = preamble.length;
    this.#chain = crc32(preamble);
  }

  get pendingBytes(): number {
    return this.#length;
  }

  get chain(): number {
    return this.#chain;
  }

  /** The bytes not taken yet: valid until the next call. */
  pending(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The pending bytes are where they belong. */
  taken(): void {
    this.#length = 0;
  }

  push(record: JournalRecord): void {
    switch (record.type) {
      case 'header':
        return this.#header(record);
      case 'source':
        return this.#source(record.index, record.url);
      case 'content':
        return this.#content(record.contentId);
      case 'extent': {
        const at = this.#open(record.type, 24);
        this.#range(at, record.start, record.end);
        this.#view.setUint32(at + 16, record.crc32);
        this.#view.setUint32(at + 20, record.source);
        return this.#end(24);
      }
      case 'piece': {
        const at = this.#open(record.type, 40);
        this.#view.setUint32(at, record.index);
        this.#view.setUint32(at + 4, record.source === mixedSources ? mixedOnDisk : record.source);
        if (record.sha256.length !== 32) throw new RangeError(`a SHA-256 of ${record.sha256.length} bytes`);
        this.#buffer.set(record.sha256, at + 8);
        return this.#end(40);
      }
      case 'forget':
        this.#range(this.#open(record.type, 16), record.start, record.end);
        return this.#end(16);
      case 'segment': {
        const at = this.#open(record.type, 24);
        this.#view.setUint32(at, record.connection);
        this.#view.setUint32(at + 4, record.source);
        this.#range(at + 8, record.start, record.end);
        return this.#end(24);
      }
      case 'speed': {
        const at = this.#open(record.type, 20);
        this.#view.setUint32(at, record.source);
        this.#view.setFloat64(at + 4, record.bytesPerSec);
        this.#view.setFloat64(at + 12, record.firstByteMs);
        return this.#end(20);
      }
      case 'end-of-run':
        this.#open(record.type, 0);
        return this.#end(0);
    }
  }

  #content(contentId: string): void {
    const at = this.#open('content', 32);
    this.#buffer.set(bytesOfHex(contentId, 32), at);
    this.#end(32);
  }

  #header(header: JournalHeader): void {
    const name = utf8.encode(header.name);
    if (name.length > journalNameBytesMax) throw new RangeError(`a name of ${name.length} bytes`);
    const at = this.#open('header', 36 + name.length);
    writeU64(this.#view, at, header.sizeBytes);
    this.#view.setUint32(at + 8, header.pieceBytes);
    writeU64(this.#view, at + 12, header.createdMs);
    this.#buffer.set(bytesOfHex(header.id, 16), at + 20);
    this.#buffer.set(name, at + 36);
    this.#end(36 + name.length);
  }

  #source(index: number, url: string): void {
    const bytes = utf8.encode(withoutLogin(url));
    if (bytes.length > journalUrlBytesMax) throw new RangeError(`a URL of ${bytes.length} bytes`);
    const at = this.#open('source', 4 + bytes.length);
    this.#view.setUint32(at, index);
    this.#buffer.set(bytes, at + 4);
    this.#end(4 + bytes.length);
  }

  #range(at: number, start: number, end: number): void {
    writeU64(this.#view, at, start);
    writeU64(this.#view, at + 8, end);
  }

  /** Makes room for a record and writes its head; returns where the payload goes. */
  #open(type: JournalRecord['type'], payloadBytes: number): number {
    const needed = this.#length + recordHeadBytes + payloadBytes + recordChecksumBytes;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.pending());
      this.#buffer = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#view.setUint32(this.#length, journalRecordType[type] * 0x1000000 + payloadBytes);
    return this.#length + recordHeadBytes;
  }

  #end(payloadBytes: number): void {
    const end = this.#length + recordHeadBytes + payloadBytes;
    this.#chain = crc32(this.#buffer.subarray(this.#length, end), this.#chain);
    this.#view.setUint32(end, this.#chain);
    this.#length = end + recordChecksumBytes;
  }
}

function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value % 0x1_0000_0000);
}

function bytesOfHex(hex: string, bytes: number): Uint8Array {
  if (hex.length !== bytes * 2 || !/^[0-9a-f]*$/.test(hex)) throw new RangeError(`expected ${bytes} bytes in hex`);
  return Buffer.from(hex, 'hex');
}
