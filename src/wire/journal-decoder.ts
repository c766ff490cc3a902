import { crc32 } from 'node:zlib';
import { ManygetError } from '../base/errors.js';
import {
  encodeJournalPreamble,
  journalNameBytesMax,
  journalPayloadBytesMax,
  journalPreambleBytes,
  journalRecordType,
  journalUrlBytesMax,
  journalVersion,
  mixedOnDisk,
  mixedSources,
  recordChecksumBytes,
  recordHeadBytes,
  type JournalHeader,
  type JournalPosition,
  type JournalRecord,
} from './journal-record.js';
import { pieceCount } from './content-id.js';
import { mgpLimits } from './mgp-limits.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Turns bytes into records, up to the first that is damaged. `push()` bytes, then call `next()` until it has no more.
 * Records of a type that is not known here are skipped where their checksum holds: a newer minor version's.
 */
export class JournalDecoder {
  readonly #where: string;
  #bytes = new Uint8Array(0);
  #at = 0;
  #position: JournalPosition = { bytes: 0, chain: 0 };
  #before: JournalPosition = { bytes: 0, chain: 0 };
  #damaged = false;

  /** @param where What errors call the journal: its path. */
  constructor(where: string) {
    this.#where = where;
  }

  /** Behind the last whole record: where the next one belongs. */
  get position(): JournalPosition {
    return this.#position;
  }

  /** True once bytes were seen that are no record; nothing comes out any more. */
  get damaged(): boolean {
    return this.#damaged;
  }

  push(bytes: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#at);
    const joined = new Uint8Array(rest.length + bytes.length);
    joined.set(rest);
    joined.set(bytes, rest.length);
    this.#bytes = joined;
    this.#at = 0;
  }

  /**
   * The next record; undefined where more bytes are needed or the journal is damaged here.
   * @throws ManygetError `journal-version`.
   */
  next(): JournalRecord | undefined {
    if (this.#position.bytes === 0 && !this.#readPreamble()) return undefined;
    while (!this.#damaged) {
      const left = this.#bytes.length - this.#at;
      if (left < recordHeadBytes) return undefined;
      const view = new DataView(this.#bytes.buffer, this.#at, left);
      const payloadBytes = view.getUint32(0) & 0xffffff;
      if (payloadBytes > journalPayloadBytesMax) return this.#damage();
      const checkedBytes = recordHeadBytes + payloadBytes;
      if (left < checkedBytes + recordChecksumBytes) return undefined;
      const chain = crc32(this.#bytes.subarray(this.#at, this.#at + checkedBytes), this.#position.chain);
      if (chain !== view.getUint32(checkedBytes)) return this.#damage();
      const payload = this.#bytes.subarray(this.#at + recordHeadBytes, this.#at + checkedBytes);
      const record = decodePayload(view.getUint8(0), payload);
      if (record === 'malformed') return this.#damage();
      this.#at += checkedBytes + recordChecksumBytes;
      this.#before = this.#position;
      this.#position = { bytes: this.#position.bytes + checkedBytes + recordChecksumBytes, chain };
      if (record !== 'unknown') return record;
    }
    return undefined;
  }

  /** The record that came last cannot be true: the journal counts as damaged from its first byte on. */
  refuse(): void {
    this.#position = this.#before;
    this.#damaged = true;
  }

  #readPreamble(): boolean {
    const expected = encodeJournalPreamble();
    const have = Math.min(this.#bytes.length, journalPreambleBytes);
    for (let i = 0; i < Math.min(have, 6); i += 1) {
      if (this.#bytes[i] !== expected[i]) return this.#damage() !== undefined;
    }
    if (have < journalPreambleBytes) return false;
    const version = this.#bytes[6] ?? 0;
    if (version + (this.#bytes[7] ?? 0) !== 0xff) return this.#damage() !== undefined;
    if (version !== journalVersion) {
      throw new ManygetError(
        'journal-version',
        `${this.#where} is a journal of version ${version}, expected version ${journalVersion}`,
      );
    }
    this.#at = journalPreambleBytes;
    this.#position = { bytes: journalPreambleBytes, chain: crc32(this.#bytes.subarray(0, journalPreambleBytes)) };
    return true;
  }

  #damage(): undefined {
    this.#damaged = true;
    return undefined;
  }
}

/** Length of the payload by type; the two that end in text may be longer. */
const payloadBytesOf: Readonly<Record<number, number>> = {
  [journalRecordType.content]: 32,
  [journalRecordType.extent]: 24,
  [journalRecordType.piece]: 40,
  [journalRecordType.forget]: 16,
  [journalRecordType.segment]: 24,
  [journalRecordType.speed]: 20,
  [journalRecordType['end-of-run']]: 0,
};

function decodePayload(type: number, payload: Uint8Array): JournalRecord | 'unknown' | 'malformed' {
  const expectedBytes = payloadBytesOf[type];
  if (expectedBytes !== undefined && payload.length !== expectedBytes) return 'malformed';
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  switch (type) {
    case 0: // What a hole or a page of zeros would be.
      return 'malformed';
    case journalRecordType.header:
      return decodeHeader(payload, view);
    case journalRecordType.source:
      return decodeSource(payload, view);
    case journalRecordType.content:
      return { type: 'content', contentId: hexOfBytes(payload) };
    case journalRecordType.extent: {
      const range = decodeRange(view, 0);
      if (range === undefined || range.start === range.end) return 'malformed';
      return { type: 'extent', ...range, crc32: view.getUint32(16), source: view.getUint32(20) };
    }
    case journalRecordType.piece:
      return decodePiece(payload, view);
    case journalRecordType.forget: {
      const range = decodeRange(view, 0);
      return range === undefined || range.start === range.end ? 'malformed' : { type: 'forget', ...range };
    }
    case journalRecordType.segment: {
      const range = decodeRange(view, 8);
      if (range === undefined) return 'malformed';
      return { type: 'segment', connection: view.getUint32(0), source: view.getUint32(4), ...range };
    }
    case journalRecordType.speed:
      return decodeSpeed(view);
    case journalRecordType['end-of-run']:
      return { type: 'end-of-run' };
    default:
      return 'unknown';
  }
}

function decodeSource(payload: Uint8Array, view: DataView): JournalRecord | 'malformed' {
  if (payload.length < 4) return 'malformed';
  const url = decodeText(payload.subarray(4), journalUrlBytesMax);
  return url === undefined ? 'malformed' : { type: 'source', index: view.getUint32(0), url };
}

function decodePiece(payload: Uint8Array, view: DataView): JournalRecord {
  const source = view.getUint32(4);
  return {
    type: 'piece',
    index: view.getUint32(0),
    sha256: payload.slice(8),
    source: source === mixedOnDisk ? mixedSources : source,
  };
}

function decodeSpeed(view: DataView): JournalRecord | 'malformed' {
  const bytesPerSec = view.getFloat64(4);
  const firstByteMs = view.getFloat64(12);
  const isSpeed = bytesPerSec >= 0 && bytesPerSec < Infinity && firstByteMs >= 0 && firstByteMs < Infinity;
  return isSpeed ? { type: 'speed', source: view.getUint32(0), bytesPerSec, firstByteMs } : 'malformed';
}

function decodeHeader(payload: Uint8Array, view: DataView): JournalHeader | 'malformed' {
  if (payload.length < 36) return 'malformed';
  const name = decodeText(payload.subarray(36), journalNameBytesMax);
  const sizeBytes = readU64(view, 0);
  const pieceBytes = view.getUint32(8);
  const createdMs = readU64(view, 12);
  if (name === undefined || sizeBytes === undefined || createdMs === undefined || pieceBytes === 0) return 'malformed';
  if (pieceCount(sizeBytes, pieceBytes) > mgpLimits.piecesMax) return 'malformed';
  return { type: 'header', sizeBytes, pieceBytes, name, id: hexOfBytes(payload.subarray(20, 36)), createdMs };
}

function decodeText(bytes: Uint8Array, bytesMax: number): string | undefined {
  if (bytes.length > bytesMax) return undefined;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined; // Not UTF-8: the caller reports the record as malformed.
  }
}

function decodeRange(view: DataView, at: number): { start: number; end: number } | undefined {
  const start = readU64(view, at);
  const end = readU64(view, at + 8);
  return start === undefined || end === undefined || start > end ? undefined : { start, end };
}

/** Undefined from 2^53 on: no such offset can be exact. */
function readU64(view: DataView, at: number): number | undefined {
  const value = view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
  return Number.isSafeInteger(value) ? value : undefined;
}

function hexOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
