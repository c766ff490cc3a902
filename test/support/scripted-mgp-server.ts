import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { contentId } from '../../src/wire/content-id.js';
import { encodeFrame, encodePreamble, FrameReader, frameType, type FrameHeader } from '../../src/wire/mgp-frame.js';
import { encodeMessage, readMessage, type MgpErrorCode } from '../../src/wire/mgp-messages.js';

const dataBytes = 64 * 1024;

export interface ScriptedServerOptions {
  /** What it says it has, and sends. */
  readonly bytes: Uint8Array;
  /** What it states the hashes of. Default: what it sends. */
  readonly hashesOf?: Uint8Array;
  /** Default 64 KiB, so that a small file has pieces enough. */
  readonly pieceBytes?: number;
  /** False: it is hashing until `finishHashing`. Default true. */
  readonly hashed?: boolean;
  /** It sends so many bytes of data, over all connections, and then waits for `allow`. Default: no limit. */
  readonly allowedBytes?: number;
  /** What it answers to every RANGE instead of data. */
  readonly refusesWith?: MgpErrorCode;
  readonly name?: string;
  /** It answers so many STATs and then no more. Default: all. */
  readonly statsMax?: number;
}

interface OpenRange {
  readonly id: number;
  next: number;
  end: number;
}

/** What it says of its file beside the hashes. */
export interface StatedFile {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly version: string;
  /** Default: as its hashes have it. */
  readonly contentId?: string;
}

/**
 * An mgp server whose every step a test decides: what it sends, what it states of it, how far it goes. Speaks the
 * protocol, and lies only where it is told to.
 */
export class ScriptedMgpServer implements AsyncDisposable {
  readonly options: ScriptedServerOptions;
  readonly name: string;
  readonly hashes: Uint8Array;
  /** Bytes of data sent, over all connections. */
  sentBytes = 0;
  connections = 0;
  allowedBytes: number;
  isHashed: boolean;
  stats = 0;
  /** A test may put another in its place: who asks from then on hears that. */
  stated: StatedFile;
  readonly #server: Server;
  readonly #sessions = new Set<Session>();

  private constructor(options: ScriptedServerOptions) {
    this.options = options;
    this.name = options.name ?? 'file.bin';
    this.allowedBytes = options.allowedBytes ?? Infinity;
    this.isHashed = options.hashed ?? true;
    this.stated = { sizeBytes: options.bytes.length, mtimeMs: 1, version: 'v1' };
    this.hashes = pieceHashes(options.hashesOf ?? options.bytes, this.pieceBytes);
    this.#server = createServer((socket) => {
      this.connections += 1;
      const session = new Session(socket, this, () => this.#sessions.delete(session));
      this.#sessions.add(session);
    });
  }

  static async start(options: ScriptedServerOptions, port = 0): Promise<ScriptedMgpServer> {
    const scripted = new ScriptedMgpServer(options);
    scripted.#server.listen(port, '127.0.0.1');
    await once(scripted.#server, 'listening');
    return scripted;
  }

  get pieceBytes(): number {
    return this.options.pieceBytes ?? 64 * 1024;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `mgp://127.0.0.1:${this.port}/${this.name}`;
  }

  get contentId(): string {
    return contentId((this.options.hashesOf ?? this.options.bytes).length, this.pieceBytes, this.hashes);
  }

  /** Sends `bytes` more, then waits again. */
  allow(bytes: number): void {
    this.allowedBytes += bytes;
    for (const session of this.#sessions) session.pump();
  }

  /** Its hashes are known now: who follows is told. */
  finishHashing(): void {
    this.isHashed = true;
    for (const session of this.#sessions) session.tellHashes();
  }

  /** It cannot hash the file: who follows is told. */
  failHashing(): void {
    for (const session of this.#sessions) session.refuseHashes();
  }

  /** Cuts all connections. */
  drop(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

class Session {
  readonly #socket: Socket;
  readonly #server: ScriptedMgpServer;
  readonly #ranges: OpenRange[] = [];
  readonly #follows: number[] = [];

  constructor(socket: Socket, server: ScriptedMgpServer, gone: () => void) {
    this.#socket = socket;
    this.#server = server;
    const reader = new FrameReader(
      {
        frame: (header, payload) => this.#frame(header, payload),
        dataStart: () => undefined,
        dataTarget: () => undefined,
        dataFilled: () => undefined,
      },
      { acceptsData: false, peer: 'client' },
    );
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('drain', () => this.pump());
    socket.on('error', () => socket.destroy());
    socket.on('close', gone);
    socket.write(encodePreamble());
    socket.write(encodeMessage.helloAnswer({ agent: 'scripted/1' }));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  tellHashes(): void {
    for (const id of this.#follows.splice(0)) this.#stat(id);
  }

  refuseHashes(): void {
    const error = { code: 'read-failed', message: 'the script cannot hash' } as const;
    for (const id of this.#follows.splice(0)) this.#socket.write(encodeMessage.error(id, error));
  }

  /** Sends what is asked for, as far as it is allowed and the socket takes it. */
  pump(): void {
    const server = this.#server;
    for (let range = this.#ranges[0]; range !== undefined; range = this.#ranges[0]) {
      if (range.next >= range.end) {
        this.#ranges.shift();
        this.#socket.write(encodeMessage.end(range.id, range.next));
        continue;
      }
      const bytes = Math.min(dataBytes, range.end - range.next, server.allowedBytes - server.sentBytes);
      if (bytes <= 0 || this.#socket.writableNeedDrain || this.#socket.destroyed) return;
      const payload = server.options.bytes.subarray(range.next, range.next + bytes);
      this.#socket.write(encodeFrame(frameType.data, range.id, range.next, payload));
      range.next += bytes;
      server.sentBytes += bytes;
    }
  }

  #frame(header: FrameHeader, payload: Uint8Array): void {
    const id = header.requestId;
    switch (header.type) {
      case frameType.stat:
        if (readMessage.stat(payload, 'client').follow === true && !this.#server.isHashed) this.#follows.push(id);
        if (this.#server.stats++ < (this.#server.options.statsMax ?? Infinity)) this.#stat(id);
        return;
      case frameType.hashes: {
        const { count } = readMessage.hashes(payload, 'client');
        const hashes = this.#server.hashes.subarray(header.offset * 32, (header.offset + count) * 32);
        this.#socket.write(encodeMessage.hashesAnswer(id, header.offset, hashes));
        return;
      }
      case frameType.range: {
        const code = this.#server.options.refusesWith;
        if (code !== undefined) this.#socket.write(encodeMessage.error(id, { code, message: 'the script says no' }));
        else this.#ranges.push({ id, next: header.offset, end: readMessage.range(payload, 'client').end });
        break;
      }
      case frameType.trim: {
        const range = this.#ranges.find((r) => r.id === id);
        if (range !== undefined) range.end = Math.max(range.next, Math.min(range.end, header.offset));
        break;
      }
      case frameType.ping:
        this.#socket.write(encodeMessage.pong(id));
        return;
      case frameType.goodbye:
        this.#socket.end();
        return;
      default:
        return;
    }
    this.pump();
  }

  #stat(id: number): void {
    const server = this.#server;
    const { sizeBytes, mtimeMs, version, contentId = server.contentId } = server.stated;
    this.#socket.write(
      encodeMessage.statAnswer(id, {
        name: server.name,
        size: sizeBytes,
        mtimeMs,
        version,
        pieceBytes: server.pieceBytes,
        hashedBytes: server.isHashed ? sizeBytes : 0,
        contentId: server.isHashed ? contentId : null,
        sha256: null,
      }),
    );
  }
}

function pieceHashes(bytes: Uint8Array, pieceBytes: number): Uint8Array {
  const hashes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    hashes.push(createHash('sha256').update(piece).digest());
  }
  return Buffer.concat(hashes);
}
