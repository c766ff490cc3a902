import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { mgpLimits } from './mgp-limits.js';

/**
 * Frames of mgp/1 (`docs/protocol.md`): a preamble of 8 bytes, then frames of a 20-byte header and a payload.
 * Sans-I/O: bytes go in, frames come out. Numbers are big-endian.
 */

const mgpVersion = 1;
export const preambleBytes = 8;
export const frameHeaderBytes = 20;

/** 0x89 "MGP" CR LF, version, LF. Byte 6 is the version; the others tell text-mangling and other protocols apart. */
export function encodePreamble(version: number = mgpVersion): Uint8Array {
  return Uint8Array.of(0x89, 0x4d, 0x47, 0x50, 0x0d, 0x0a, version, 0x0a);
}

export const frameType = {
  hello: 0x01,
  list: 0x02,
  stat: 0x03,
  hashes: 0x04,
  range: 0x05,
  trim: 0x06,
  ping: 0x07,
  goodbye: 0x0f,
  helloAnswer: 0x81,
  listAnswer: 0x82,
  statAnswer: 0x83,
  hashesAnswer: 0x84,
  data: 0x85,
  end: 0x86,
  pong: 0x87,
  error: 0xff,
} as const;

export type FrameType = (typeof frameType)[keyof typeof frameType];

const knownTypes: ReadonlySet<number> = new Set(Object.values(frameType));

export interface FrameHeader {
  readonly type: FrameType;
  /** Echoed by every answer; 0 where a frame belongs to the connection as a whole. */
  readonly requestId: number;
  readonly payloadBytes: number;
  /** DATA: file offset of the first payload byte. END: offset after the last byte sent. RANGE: start. TRIM: new end. HASHES: first piece. */
  readonly offset: number;
}

/** Writes a frame's header into `out` at `at`. */
export function writeFrameHeader(out: Uint8Array, at: number, header: FrameHeader): void {
  const view = new DataView(out.buffer, out.byteOffset + at, frameHeaderBytes);
  view.setUint32(0, header.type * 0x1000000);
  view.setUint32(4, header.requestId);
  view.setUint32(8, header.payloadBytes);
  view.setUint32(12, Math.floor(header.offset / 0x1_0000_0000));
  view.setUint32(16, header.offset % 0x1_0000_0000);
}

/** A whole frame. */
export function encodeFrame(type: FrameType, requestId: number, offset = 0, payload?: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + (payload?.length ?? 0));
  writeFrameHeader(frame, 0, { type, requestId, payloadBytes: payload?.length ?? 0, offset });
  if (payload !== undefined) frame.set(payload, frameHeaderBytes);
  return frame;
}

/** What a {@link FrameReader} calls; calls come in the order of the bytes. A call may throw; the reader is then done for. */
export interface FrameHandler {
  /** A whole frame other than DATA. `payload` is the handler's to keep. */
  frame(header: FrameHeader, payload: Uint8Array): void;
  /** A DATA frame begins: `bytes` (at least 1) bytes of the file from `offset` follow. */
  dataStart(requestId: number, offset: number, bytes: number): void;
  /** Where the next bytes of this DATA frame go: a view of 1 to `bytesMax` bytes; undefined while there is no room. */
  dataTarget(bytesMax: number): Uint8Array | undefined;
  /** `bytes` bytes were written to the start of the last target. */
  dataFilled(bytes: number): void;
}

type Stage = 'preamble' | 'header' | 'payload' | 'data';

/**
 * Reads a stream of frames without copying bulk data: ask `target()` where the next bytes belong, put some there,
 * say `filled(n)`. `push()` does the same for bytes that are already somewhere else.
 *
 * Invariant: `target()` never spans two frames' parts, so the payload of DATA lands where the handler wants it.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #scratch = new Uint8Array(frameHeaderBytes);
  readonly #acceptsData: boolean;
  readonly #controlBytesMax: number;
  readonly #peer: string;
  #stage: Stage = 'preamble';
  #have = 0;
  #header: FrameHeader | undefined;
  #payload: Uint8Array = new Uint8Array(0);
  #left = 0;

  /**
   * `peer` is what errors call the other side: "server 127.0.0.1:9001". `controlBytesMax` lowers the limit of payloads
   * other than DATA, as a server does for requests.
   */
  constructor(
    handler: FrameHandler,
    options: { readonly acceptsData: boolean; readonly peer: string; readonly controlBytesMax?: number },
  ) {
    this.#handler = handler;
    this.#acceptsData = options.acceptsData;
    this.#controlBytesMax = options.controlBytesMax ?? mgpLimits.controlBytesMax;
    this.#peer = options.peer;
  }

  /** True between frames: an end of the stream here cuts nothing. */
  get atBoundary(): boolean {
    return this.#stage === 'header' && this.#have === 0;
  }

  /** True once the other side has shown that it speaks mgp. */
  get greeted(): boolean {
    return this.#stage !== 'preamble';
  }

  /** Where the next bytes of the stream go: at least one byte long; undefined while the handler has no room for data. */
  target(): Uint8Array | undefined {
    switch (this.#stage) {
      case 'preamble':
        return this.#scratch.subarray(this.#have, preambleBytes);
      case 'header':
        return this.#scratch.subarray(this.#have, frameHeaderBytes);
      case 'payload':
        return this.#payload.subarray(this.#have);
      case 'data':
        return this.#handler.dataTarget(this.#left);
    }
  }

  /**
   * `bytes` bytes were put at the start of the last `target()`.
   * @throws ManygetError `not-mgp`, `version-unsupported` or `protocol-violation`.
   */
  filled(bytes: number): void {
    if (this.#stage === 'data') {
      this.#left -= bytes;
      this.#handler.dataFilled(bytes);
      if (this.#left === 0) this.#stage = 'header';
      return;
    }
    this.#have += bytes;
    switch (this.#stage) {
      case 'preamble':
        this.#checkPreamble();
        break;
      case 'header':
        if (this.#have === frameHeaderBytes) this.#headerRead();
        break;
      case 'payload':
        if (this.#have === this.#payload.length) this.#frameRead();
        break;
    }
  }

  /** Takes `bytes`, and says how many: all of them, unless the handler runs out of room for data. */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      const target = this.target();
      if (target === undefined) break;
      const n = Math.min(target.length, bytes.length - at);
      target.set(bytes.subarray(at, at + n));
      this.filled(n);
      at += n;
    }
    return at;
  }

  #checkPreamble(): void {
    const expected = encodePreamble();
    for (let i = 0; i < this.#have; i += 1) {
      if (i === 6 || this.#scratch[i] === expected[i]) continue;
      throw new ManygetError('not-mgp', `${this.#peer} does not speak mgp: ${this.#describeStranger()}`);
    }
    if (this.#have < preambleBytes) return;
    const version = this.#scratch[6] ?? 0;
    if (version !== mgpVersion) {
      throw new ManygetError('version-unsupported', `${this.#peer} speaks mgp/${version}, expected mgp/${mgpVersion}`);
    }
    this.#stage = 'header';
    this.#have = 0;
  }

  #describeStranger(): string {
    const text = new TextDecoder('latin1').decode(this.#scratch.subarray(0, Math.min(this.#have, preambleBytes)));
    return text.startsWith('HTTP/')
      ? 'it answered as an HTTP server'
      : `expected its preamble, received "${printable(text)}"`;
  }

  #headerRead(): void {
    const view = new DataView(this.#scratch.buffer, 0, frameHeaderBytes);
    const type = view.getUint8(0);
    const requestId = view.getUint32(4);
    const payloadBytes = view.getUint32(8);
    const offset = view.getUint32(12) * 0x1_0000_0000 + view.getUint32(16);
    if (!isFrameType(type)) throw this.#violation(`a frame of unknown type 0x${type.toString(16).padStart(2, '0')}`);
    if ((view.getUint32(0) & 0xffffff) !== 0) throw this.#violation('a frame with reserved bits set');
    if (!Number.isSafeInteger(offset)) throw this.#violation('an offset of 2^53 or more');
    this.#have = 0;
    this.#header = { type, requestId, payloadBytes, offset };
    if (type === frameType.data) {
      this.#startData(requestId, offset, payloadBytes);
      return;
    }
    if (payloadBytes > this.#controlBytesMax) {
      throw this.#violation(`a payload of ${payloadBytes} bytes, expected at most ${this.#controlBytesMax}`);
    }
    this.#payload = new Uint8Array(payloadBytes);
    this.#stage = 'payload';
    if (payloadBytes === 0) this.#frameRead();
  }

  #startData(requestId: number, offset: number, bytes: number): void {
    if (!this.#acceptsData) throw this.#violation('a DATA frame where none is expected');
    if (bytes === 0 || bytes > mgpLimits.dataBytesMax) {
      throw this.#violation(`a DATA frame of ${bytes} bytes, expected 1 to ${mgpLimits.dataBytesMax}`);
    }
    this.#stage = 'data';
    this.#left = bytes;
    this.#handler.dataStart(requestId, offset, bytes);
  }

  #frameRead(): void {
    const header = this.#header;
    if (header === undefined) throw new Error('a payload without a header');
    const payload = this.#payload;
    this.#stage = 'header';
    this.#have = 0;
    this.#handler.frame(header, payload);
  }

  #violation(received: string): ManygetError {
    return new ManygetError('protocol-violation', `${this.#peer} sent ${received}`);
  }
}

function isFrameType(type: number): type is FrameType {
  return knownTypes.has(type);
}
