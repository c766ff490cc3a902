import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodePreamble, FrameReader, frameType, type FrameHeader } from '../../src/wire/mgp-frame.js';
import { encodeMessage, readMessage, type MgpError, type StatAnswer } from '../../src/wire/mgp-messages.js';

/** A frame as a server sent it, DATA included. */
export interface RawFrame extends FrameHeader {
  readonly payload: Uint8Array;
}

/** What a RANGE brought: its bytes, and where END said it ended, or the error. */
interface RangeResult {
  readonly bytes: Buffer;
  readonly end: number | undefined;
  readonly error: MgpError | undefined;
}

/** An mgp client without any manners: sends what a test wants, hands out every frame that comes. */
export class RawMgpClient implements AsyncDisposable {
  readonly socket: Socket;
  /** True once the server's side has ended, and by what. */
  ending: 'open' | 'fin' | 'reset' = 'open';
  readonly #frames: RawFrame[] = [];
  #wake: () => void = () => undefined;
  #data: { header: FrameHeader; buffer: Uint8Array; have: number } | undefined;
  #nextId = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader(
      {
        frame: (header, payload) => this.#frames.push({ ...header, payload }),
        dataStart: (requestId, offset, bytes) => {
          const header = { type: frameType.data, requestId, offset, payloadBytes: bytes };
          this.#data = { header, buffer: new Uint8Array(bytes), have: 0 };
        },
        dataTarget: () => this.#data?.buffer.subarray(this.#data.have) ?? new Uint8Array(0),
        dataFilled: (bytes) => this.#dataFilled(bytes),
      },
      { acceptsData: true, peer: 'server' },
    );
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      this.#wake();
    });
    socket.on('error', () => (this.ending = 'reset'));
    socket.on('end', () => {
      this.ending = 'fin';
      this.#wake();
    });
    socket.on('close', () => {
      // Not before: a reset is told between the socket's destruction and this.
      if (this.ending === 'open') this.ending = 'fin';
      this.#wake();
    });
  }

  /** Connected, and greeted on both sides unless `greet` is false. */
  static async connect(port: number, options: { readonly greet?: boolean } = {}): Promise<RawMgpClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new RawMgpClient(socket);
    await once(socket, 'connect');
    if (options.greet === false) return client;
    client.send(encodePreamble(), encodeMessage.hello({ agent: 'raw test client' }));
    await client.take((frame) => frame.type === frameType.helloAnswer);
    return client;
  }

  newId(): number {
    return this.#nextId++;
  }

  send(...parts: Uint8Array[]): void {
    for (const part of parts) this.socket.write(part);
  }

  /** The first frame, of those not taken yet, that `wanted` accepts. Rejects once the connection has ended without it. */
  async take(wanted: (frame: RawFrame) => boolean = () => true): Promise<RawFrame> {
    for (;;) {
      const index = this.#frames.findIndex(wanted);
      const [frame] = index === -1 ? [] : this.#frames.splice(index, 1);
      if (frame !== undefined) return frame;
      if (this.ending !== 'open') throw new Error(`the connection ended: ${this.ending}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  answer(requestId: number): Promise<RawFrame> {
    return this.take((frame) => frame.requestId === requestId);
  }

  async error(requestId: number): Promise<MgpError> {
    const frame = await this.answer(requestId);
    if (frame.type !== frameType.error) throw new Error(`expected an ERROR, received type ${frame.type}`);
    return readMessage.error(frame.payload, 'server');
  }

  async stat(name: string): Promise<StatAnswer> {
    const id = this.newId();
    this.send(encodeMessage.stat(id, { name }));
    return this.statAnswer(id);
  }

  async statAnswer(requestId: number): Promise<StatAnswer> {
    const frame = await this.answer(requestId);
    if (frame.type === frameType.error) throw new Error(readMessage.error(frame.payload, 'server').code);
    return readMessage.statAnswer(frame.payload, 'server');
  }

  /** STAT again and again, each time with `follow`, until the hashes are known. */
  async hashed(name: string): Promise<StatAnswer> {
    const id = this.newId();
    this.send(encodeMessage.stat(id, { name, follow: true }));
    const first = await this.statAnswer(id);
    return first.contentId === null ? this.statAnswer(id) : first;
  }

  range(name: string, version: string, start: number, end: number): number {
    const id = this.newId();
    this.send(encodeMessage.range(id, start, { name, version, end }));
    return id;
  }

  async rangeResult(requestId: number): Promise<RangeResult> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const frame = await this.answer(requestId);
      if (frame.type === frameType.data) {
        parts.push(frame.payload);
        continue;
      }
      const bytes = Buffer.concat(parts);
      if (frame.type === frameType.end) return { bytes, end: frame.offset, error: undefined };
      return { bytes, end: undefined, error: readMessage.error(frame.payload, 'server') };
    }
  }

  fetch(name: string, version: string, start: number, end: number): Promise<RangeResult> {
    return this.rangeResult(this.range(name, version, start, end));
  }

  /** Resolves when the connection has ended, with how. */
  async ended(): Promise<'fin' | 'reset'> {
    while (this.ending === 'open') {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }

  #dataFilled(bytes: number): void {
    const data = this.#data;
    if (data === undefined) throw new Error('data without a start');
    data.have += bytes;
    if (data.have < data.buffer.length) return;
    this.#data = undefined;
    this.#frames.push({ ...data.header, payload: data.buffer });
  }
}
