import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import {
  encodePreamble,
  frameHeaderBytes,
  FrameReader,
  frameType,
  writeFrameHeader,
  type FrameHandler,
  type FrameHeader,
} from '../wire/mgp-frame.js';
import { challengeBytes, clientProof, sameSecret, serverProof } from '../wire/mgp-auth.js';
import { mgpLimits } from '../wire/mgp-limits.js';
import { encodeMessage, readMessage, type Hello } from '../wire/mgp-messages.js';
import { FileSender, type SendJob, type SendProblem, type SendProtocol } from './file-sender.js';
import { MgpRequests, type RequestChannel } from './mgp-requests.js';
import { resetSocket } from './reset-socket.js';
import { partyOf } from './seats.js';
import type { ClientSession, ServerContext } from './server-context.js';
import { messageOf } from '../base/message-of.js';

/** Answers that a client may leave unread before its requests have to wait. */
const unreadBytesMax = 256 * 1024;
/** Requests that wait before no more are read from the socket. */
const waitingMax = 8;

interface Waiting {
  readonly header: FrameHeader;
  readonly payload: Uint8Array;
}

/**
 * The server's end of one mgp connection: its greeting, its requests in order, its end.
 *
 * Invariant: frames are handled one at a time in the order in which they came; once `closed`, nothing more is handled
 * or sent.
 */
export class MgpSession implements ClientSession, FrameHandler, SendProtocol, RequestChannel {
  readonly peer: string;
  readonly sender: FileSender;
  readonly headBytes = frameHeaderBytes;
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #reader: FrameReader;
  readonly #requests: MgpRequests;
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stage: 'preamble' | 'hello' | 'proof' | 'open' | 'closed' = 'preamble';
  #clientChallenge = '';
  readonly #challenge: string;
  #working = false;
  #unreadBytes = 0;
  #onRead: (() => void) | undefined;
  #activeAtMs = performance.now();

  constructor(socket: Socket, context: ServerContext) {
    this.#socket = socket;
    this.#context = context;
    this.#challenge = context.token === undefined ? '' : randomBytes(challengeBytes).toString('hex');
    this.peer = `client ${socket.remoteAddress ?? 'gone'}:${socket.remotePort ?? 0}`;
    this.#reader = new FrameReader(this, {
      acceptsData: false,
      peer: this.peer,
      controlBytesMax: mgpLimits.requestBytesMax,
    });
    const party = partyOf(socket.remoteAddress ?? '');
    this.sender = new FileSender(socket, this, {
      pool: context.pool,
      party,
      gate: context.gate?.lane(party),
      releaseFile: (file) => context.openFiles.release(file),
      countSent: (bytes) => this.#countSent(bytes),
    });
    this.#requests = new MgpRequests(this, context);
    this.#timer = setTimeout(() => this.#helloOverdue(), context.limits.helloMs);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('end', () => this.#hangUp());
    socket.on('close', () => this.#gone());
  }

  get isIdle(): boolean {
    return this.#stage !== 'open' || (!this.#working && this.sender.jobCount === 0);
  }

  get closed(): boolean {
    return this.#stage === 'closed';
  }

  /** Bytes from the client. */
  receive(chunk: Uint8Array): void {
    if (this.closed) return;
    this.#activeAtMs = performance.now();
    try {
      this.#reader.push(chunk);
      this.#greet();
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (this.#waiting.length >= waitingMax) this.#socket.pause();
    void this.#work();
  }

  frame(header: FrameHeader, payload: Uint8Array): void {
    this.#waiting.push({ header, payload });
  }

  dataStart(): void {
    throw new Error('a DATA frame got past the reader of a server');
  }

  dataTarget(): Uint8Array {
    throw new Error('a DATA frame got past the reader of a server');
  }

  dataFilled(): void {
    throw new Error('a DATA frame got past the reader of a server');
  }

  writeHead(out: Uint8Array, at: number, job: SendJob, bytes: number): void {
    writeFrameHeader(out, at, { type: frameType.data, requestId: job.id, payloadBytes: bytes, offset: job.next });
  }

  jobDone(job: SendJob): void {
    this.send(encodeMessage.end(job.id, job.next));
  }

  jobFailed(job: SendJob, problem: SendProblem, reason: string): void {
    this.#requests.error(job.id, problem, `"${printable(job.file.name, 200)}": ${reason}`);
    if (problem === 'changed') void this.#rehash(job.file.name);
  }

  send(frame: Uint8Array): void {
    if (this.closed) return;
    this.#unreadBytes += frame.length;
    this.#socket.write(frame, () => this.#taken(frame.length));
  }

  goodbye(reason: string): void {
    if (this.closed) return;
    if (this.#stage !== 'preamble') this.send(encodeMessage.goodbye({ reason }));
    this.#hangUp();
  }

  reset(): void {
    resetSocket(this.#socket);
    this.#socket.destroy(); // Without waiting for what is still to be written.
  }

  sweep(nowMs: number): void {
    if (this.closed) return;
    const { idleMs, stallMs } = this.#context.limits;
    if (this.sender.isStuck(nowMs, stallMs)) this.#socket.destroy();
    else if (nowMs - this.#activeAtMs > idleMs) this.goodbye(`nothing was asked for ${Math.round(idleMs / 1000)} s`);
  }

  /** As soon as the client has shown that it speaks mgp, without waiting for its HELLO. */
  #greet(): void {
    if (this.#stage !== 'preamble' || !this.#reader.greeted) return;
    this.#stage = 'hello';
    this.#socket.write(encodePreamble());
    // Who wants a token answers the client's challenge, and so has to wait for it.
    if (this.#context.token === undefined) this.send(encodeMessage.helloAnswer({ agent: this.#context.agent }));
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      while (this.#waiting.length > 0) {
        if (this.#unreadBytes > unreadBytesMax) await new Promise<void>((resolve) => (this.#onRead = resolve));
        const next = this.#waiting.shift();
        if (next === undefined || this.closed) break;
        await this.#handle(next);
      }
    } catch (error) {
      this.#refuse(error);
    }
    this.#working = false;
    this.#socket.resume();
  }

  async #handle({ header, payload }: Waiting): Promise<void> {
    if (this.#stage === 'hello' || this.#stage === 'proof') {
      this.#hello(header, payload);
    } else if (header.type === frameType.goodbye) {
      readMessage.goodbye(payload, this.peer);
      this.#hangUp();
    } else {
      await this.#requests.handle(header, payload);
    }
  }

  #hello(header: FrameHeader, payload: Uint8Array): void {
    if (this.#stage === 'proof' && header.type !== frameType.hello) {
      this.#requests.error(header.requestId, 'unauthorized', 'this server wants a token: give it with --token-file');
      this.#hangUp();
      return;
    }
    if (header.type !== frameType.hello) {
      const received = header.type.toString(16).padStart(2, '0');
      throw new ManygetError('protocol-violation', `${this.peer} sent a frame of type 0x${received}, expected HELLO`);
    }
    const hello = readMessage.hello(payload, this.peer);
    if (!this.#letsIn(hello)) return;
    this.#stage = 'open';
    this.#context.counters.addClients(1);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The client's first HELLO is answered with a challenge, its second has to hold the proof. */
  #letsIn({ challenge, proof }: Hello): boolean {
    const { token, agent } = this.#context;
    if (token === undefined) return true;
    if (this.#stage === 'hello') {
      this.#stage = 'proof';
      this.#clientChallenge = challenge ?? '';
      const own = serverProof(token, this.#clientChallenge, this.#challenge);
      this.send(encodeMessage.helloAnswer({ agent, challenge: this.#challenge, proof: own }));
      return false;
    }
    if (sameSecret(proof ?? '', clientProof(token, this.#clientChallenge, this.#challenge))) return true;
    this.#requests.error(0, 'unauthorized', 'the token is not the one of this server');
    this.#hangUp();
    return false;
  }

  #helloOverdue(): void {
    if (this.#stage === 'preamble') {
      this.#socket.destroy();
      return;
    }
    const seconds = this.#context.limits.helloMs / 1000;
    this.#refuse(
      new ManygetError('protocol-violation', `${this.peer} sent no HELLO, expected one within ${seconds} s`),
    );
  }

  /** The client broke the rules: says how, and hangs up. Who does not speak mgp at all is told nothing. */
  #refuse(error: unknown): void {
    if (this.closed) return;
    const code = error instanceof ManygetError ? error.code : 'unexpected';
    if (code === 'not-mgp') {
      this.#socket.destroy();
      return;
    }
    if (this.#stage === 'preamble') this.#socket.write(encodePreamble());
    const mgpCode = error instanceof ManygetError ? 'violation' : 'failed';
    this.#requests.error(0, mgpCode, messageOf(error));
    this.#hangUp();
  }

  /** Nothing more is sent; what is on its way may still arrive, for a while. */
  #hangUp(): void {
    if (this.closed) return;
    this.#stop();
    this.#socket.end();
    this.#socket.resume();
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#context.limits.graceMs);
  }

  #gone(): void {
    if (!this.closed) this.#stop();
    clearTimeout(this.#timer);
  }

  #stop(): void {
    if (this.#stage === 'open') this.#context.counters.addClients(-1);
    this.#stage = 'closed';
    clearTimeout(this.#timer);
    this.sender.stop();
    this.#requests.stop();
    this.#waiting.length = 0;
    this.#onRead?.();
  }

  #taken(bytes: number): void {
    this.#unreadBytes -= bytes;
    if (this.#unreadBytes > unreadBytesMax) return;
    this.#onRead?.();
    this.#onRead = undefined;
  }

  #countSent(bytes: number): void {
    this.#activeAtMs = performance.now();
    this.#context.counters.addSent(bytes);
  }

  /** A file was found changed while it was sent: has its new state hashed, ahead of the question. */
  async #rehash(name: string): Promise<void> {
    try {
      const file = await this.#context.catalog.find(name);
      if (file !== undefined) this.#context.hashes.want(name, file);
    } catch {
      // The disk fails now: the client's next question will be answered with that.
    }
  }
}
