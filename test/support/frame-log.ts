import { FrameReader, type FrameHandler, type FrameHeader } from '../../src/wire/mgp-frame.js';

/** What a reader said, in a form that compares: bulk data joined, however it was cut on the way. */
type FrameEntry =
  | { readonly kind: 'frame'; readonly header: FrameHeader; readonly payload: string }
  | { readonly kind: 'data'; readonly requestId: number; readonly offset: number; readonly bytes: string };

interface OpenData {
  readonly requestId: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  have: number;
}

/** A handler that writes down what it gets, with a target of at most `targetBytesMax` at a time. */
export class FrameLog implements FrameHandler {
  readonly entries: FrameEntry[] = [];
  /** The views that were handed out for bulk data. */
  readonly targets: Uint8Array[] = [];
  /** False: no room for bulk data at the moment. */
  hasRoom = true;
  readonly #targetBytesMax: number;
  #data: OpenData | undefined;

  constructor(targetBytesMax = Number.MAX_SAFE_INTEGER) {
    this.#targetBytesMax = targetBytesMax;
  }

  frame(header: FrameHeader, payload: Uint8Array): void {
    this.entries.push({ kind: 'frame', header, payload: hex(payload) });
  }

  dataStart(requestId: number, offset: number, bytes: number): void {
    this.#data = { requestId, offset, bytes: new Uint8Array(bytes), have: 0 };
  }

  dataTarget(bytesMax: number): Uint8Array | undefined {
    const data = this.#dataNow();
    if (!this.hasRoom) return undefined;
    const target = data.bytes.subarray(data.have, data.have + Math.min(bytesMax, this.#targetBytesMax));
    this.targets.push(target);
    return target;
  }

  dataFilled(bytes: number): void {
    const data = this.#dataNow();
    data.have += bytes;
    if (data.have < data.bytes.length) return;
    this.entries.push({ kind: 'data', requestId: data.requestId, offset: data.offset, bytes: hex(data.bytes) });
    this.#data = undefined;
  }

  #dataNow(): OpenData {
    if (this.#data === undefined) throw new Error('bulk data outside of a DATA frame');
    return this.#data;
  }
}

/** Reads `parts` one after the other. */
export function readParts(parts: readonly Uint8Array[], targetBytesMax?: number): FrameEntry[] {
  const log = new FrameLog(targetBytesMax);
  const reader = new FrameReader(log, { acceptsData: true, peer: 'server 127.0.0.1:9001' });
  for (const part of parts) reader.push(part);
  return log.entries;
}

/** `bytes` cut at `cuts` (any numbers: they are taken modulo the length). */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
