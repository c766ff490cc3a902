import type { Socket } from 'node:net';
import { asManygetError, ManygetError, type ErrorCode } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-name.js';
import type { MgpAddress } from '../../base/mgp-address.js';
import { printable } from '../../base/printable.js';
import type { SegmentId } from '../../core/scheduler-messages.js';
import { pieceCount } from '../../wire/content-id.js';
import { mgpLimits } from '../../wire/mgp-limits.js';
import { FrameReader, frameType, type FrameHandler, type FrameHeader } from '../../wire/mgp-frame.js';
import {
  encodeMessage,
  readHashes,
  readMessage,
  type Hello,
  type MgpErrorCode,
  type StatAnswer,
} from '../../wire/mgp-messages.js';
import type { ConnectionHandler, SourceConnection, SourceInfo } from '../source.js';
import { closedInHandshake, tlsError } from '../tls-error.js';
import { dialMgp, type MgpIdentity } from './mgp-dial.js';
import { MgpFacts, type FactsWaiter, type KnownFacts } from './mgp-facts.js';
import { MgpGreeting } from './mgp-greeting.js';
import { codeOfRefusal } from './mgp-refusal.js';
import { socketError } from './socket-error.js';

const mgpTraits = { canTrim: true, ranges: true };
const statRequest = 1;
const firstRangeRequest = 16;
/** HELLO is answered once or twice, STAT as well: who goes on and on keeps us from reading what others send. */
const answersMax = 16;
/** What lands here after a pause is copied on; everything else is read in place. */
const overflowBytes = 64 * 1024;

interface OpenRange {
  readonly requestId: number;
  readonly segment: SegmentId;
  position: number;
  readonly end: number;
  /** Up to where it has to come at the least: `end`, or where it was trimmed to. */
  owedUntil: number;
}

/**
 * One mgp/1 connection as a client: says hello and asks for the file's facts in its first packet, then fetches ranges.
 * The socket reads straight into where the engine wants the bytes (`onread`), so no chunk is copied.
 *
 * Invariant: `#ranges` are the ranges asked for, in that order; DATA is accepted for the first one alone, and only at
 * its position.
 */
export class MgpConnection implements SourceConnection, FrameHandler, FactsWaiter {
  readonly #address: MgpAddress;
  readonly #peer: string;
  readonly #handler: ConnectionHandler;
  readonly #reader: FrameReader;
  readonly #greeting: MgpGreeting;
  readonly #facts: MgpFacts;
  readonly #socket: Socket;
  readonly #startedAtMs = performance.now();
  #pingsOut = 0;
  #answers = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #ranges: OpenRange[] = [];
  readonly #hashRequests = new Map<number, { first: number; count: number }>();
  #nextRequest = firstRangeRequest;
  #version = '';
  #info: SourceInfo | undefined;
  #connected = false;
  #ready = false;
  #closed = false;
  #overflow: Uint8Array | undefined;
  #held: Uint8Array | undefined;

  /** @param facts What the same server said on other connections, and is told on this one. */
  constructor(
    address: MgpAddress,
    identity: MgpIdentity,
    handler: ConnectionHandler,
    connectTimeoutMs: number,
    facts = new MgpFacts(),
  ) {
    this.#facts = facts;
    this.#address = address;
    this.#peer = `server ${hostAndPort(address.host, address.port)}`;
    this.#handler = handler;
    this.#reader = new FrameReader(this, { acceptsData: true, peer: this.#peer });
    this.#timer = setTimeout(() => this.#timedOut(connectTimeoutMs), connectTimeoutMs);
    // `buffer` runs inside connect(), before #socket is set.
    this.#greeting = new MgpGreeting(identity, this.#peer);
    this.#socket = dialMgp(address, identity.trust, (fault) => this.#socketConnected(fault), {
      buffer: () => this.#arm(),
      callback: (bytes, buffer) => this.#read(bytes, buffer),
    });
    this.#socket.on('error', (error) => this.#socketFailed(error));
    this.#socket.on('end', () => this.#end(this.#cutError()));
    this.#socket.on('close', () => this.#end(this.#cutError()));
  }

  request(segment: SegmentId, start: number, end: number): void {
    const requestId = this.#nextRequest++;
    this.#ranges.push({ requestId, segment, position: start, end, owedUntil: end });
    this.#send(encodeMessage.range(requestId, start, { name: this.#address.name, version: this.#version, end }));
  }

  trim(segment: SegmentId, end: number): void {
    const range = this.#ranges.find((r) => r.segment === segment);
    if (range === undefined) return;
    range.owedUntil = Math.min(range.owedUntil, end);
    this.#send(encodeMessage.trim(range.requestId, end));
  }

  requestHashes(firstPiece: number, count: number): void {
    const requestId = this.#nextRequest++;
    this.#hashRequests.set(requestId, { first: firstPiece, count });
    const message = { name: this.#address.name, version: this.#version, count };
    this.#send(encodeMessage.hashes(requestId, firstPiece, message));
  }

  ping(): void {
    this.#pingsOut += 1;
    this.#send(encodeMessage.ping(0));
  }

  resume(): void {
    if (this.#closed) return;
    try {
      if (this.#held !== undefined) {
        const taken = this.#reader.push(this.#held);
        if (this.#closed) return;
        this.#held = taken < this.#held.length ? this.#held.subarray(taken) : undefined;
        if (this.#held !== undefined) return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#socket.resume();
  }

  close(error: ManygetError): void {
    if (this.#closed) return;
    if (this.#connected) this.#send(encodeMessage.goodbye({ reason: error.message.slice(0, 200) }));
    this.#leave(error);
  }

  // The frames of the other side, called by the reader.

  frame(header: FrameHeader, payload: Uint8Array): void {
    switch (header.type) {
      case frameType.helloAnswer:
        this.#greeted(readMessage.hello(payload, this.#peer));
        return;
      case frameType.statAnswer:
        this.#statAnswered(readMessage.statAnswer(payload, this.#peer));
        return;
      case frameType.end:
        this.#rangeEnded(header.requestId, header.offset);
        return;
      case frameType.hashesAnswer:
        this.#hashesAnswered(header, payload);
        return;
      case frameType.pong:
        if (this.#pingsOut === 0) throw this.#error('protocol-violation', 'sent a PONG that nobody asked for');
        this.#pingsOut -= 1;
        this.#handler.alive();
        return;
      case frameType.error:
        this.#refused(header.requestId, readMessage.error(payload, this.#peer));
        return;
      case frameType.goodbye:
        this.#end(
          this.#error('server-closed', `said goodbye: ${printable(readMessage.goodbye(payload, this.#peer).reason)}`),
        );
        return;
      default:
        throw this.#error(
          'protocol-violation',
          `sent a frame of type 0x${header.type.toString(16)}, which only clients send`,
        );
    }
  }

  dataStart(requestId: number, offset: number, bytes: number): void {
    const range = this.#ranges[0];
    if (range?.requestId !== requestId)
      throw this.#error(
        'protocol-violation',
        `sent data for request ${requestId}, which is not the one to be answered now`,
      );
    if (offset !== range.position || offset + bytes > range.end) {
      throw this.#error(
        'protocol-violation',
        `sent bytes ${offset} to ${offset + bytes}, expected them from ${range.position} to ${range.end} at most`,
      );
    }
    this.#handler.dataStart(range.segment, offset, bytes);
  }

  /** The socket asks for the next buffer behind every read, behind the one as well that ended the connection. */
  dataTarget(bytesMax: number): Uint8Array | undefined {
    return this.#closed ? undefined : this.#handler.dataTarget(bytesMax);
  }

  dataFilled(bytes: number): void {
    const range = this.#ranges[0];
    if (range !== undefined) range.position += bytes;
    this.#handler.dataFilled(bytes);
  }

  #arm(): Uint8Array {
    return this.#reader.target() ?? (this.#overflow ??= new Uint8Array(overflowBytes));
  }

  /** Bytes have come into what `#arm` gave last. Returns false to stop reading. */
  #read(bytes: number, buffer: Uint8Array): boolean {
    if (this.#closed) return false;
    try {
      if (buffer.buffer === this.#overflow?.buffer) {
        const taken = this.#reader.push(buffer.subarray(0, bytes));
        // Kept as a copy: the overflow buffer is armed again.
        if (taken < bytes) this.#held = buffer.slice(taken, bytes);
      } else {
        this.#reader.filled(bytes);
      }
      if (this.#closed) return false;
      return this.#held === undefined && this.#reader.target() !== undefined;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #socketFailed(error: Error): void {
    this.#end(tlsError(this.#peer, error) ?? socketError(this.#peer, error, this.#connected));
  }

  #socketConnected(fault: ManygetError | undefined): void {
    if (fault !== undefined) {
      this.#end(fault);
      return;
    }
    this.#connected = true;
    this.#handler.connected(performance.now() - this.#startedAtMs);
    if (this.#closed) return;
    this.#socket.cork();
    this.#socket.write(this.#greeting.first());
    if (this.#greeting.isOneWay) {
      this.#askFacts();
      const known = this.#facts.fresh(performance.now());
      if (known === undefined) this.#facts.wait(this);
      else this.factsKnown(known);
    }
    this.#socket.uncork();
  }

  /** Another connection knows already what this one has asked for too: the answer can come later. */
  factsKnown({ version, info }: KnownFacts): void {
    if (this.#ready || this.#closed) return;
    this.#version = version;
    this.#becomeReady(info);
  }

  #greeted(hello: Hello): void {
    this.#countAnswer();
    if (this.#greeting.isOneWay) return;
    const answer = this.#greeting.answer(hello);
    if (answer !== undefined) this.#send(answer);
    this.#askFacts();
  }

  #askFacts(): void {
    this.#send(encodeMessage.stat(statRequest, { name: this.#address.name, follow: true }));
  }

  #countAnswer(): void {
    this.#answers += 1;
    if (this.#answers > answersMax) {
      throw this.#error('protocol-violation', `answered HELLO and STAT more than ${answersMax} times`);
    }
  }

  #statAnswered(answer: StatAnswer): void {
    this.#countAnswer();
    const changed = this.#version !== '' && this.#version !== answer.version;
    if (pieceCount(answer.size, answer.pieceBytes) > mgpLimits.piecesMax) {
      const what = `states ${answer.size} bytes in pieces of ${answer.pieceBytes}, expected at most ${mgpLimits.piecesMax} pieces`;
      throw this.#error('protocol-violation', what);
    }
    if (answer.hashedBytes > answer.size) {
      const what = `says that ${answer.hashedBytes} bytes are hashed of a file of ${answer.size}`;
      throw this.#error('protocol-violation', what);
    }
    if (changed) throw this.#error('file-changed', `has another version of "${printable(this.#address.name)}" now`);
    this.#version = answer.version;
    clearTimeout(this.#timer);
    const info: SourceInfo = {
      name: answer.name,
      sizeBytes: answer.size,
      mtimeMs: answer.mtimeMs,
      pieceBytes: answer.pieceBytes,
      contentId: answer.contentId ?? undefined,
      sha256: answer.sha256 ?? undefined,
      hashedBytes: answer.hashedBytes,
      version: undefined,
      traits: mgpTraits,
    };
    this.#info = info;
    if (this.#ready) this.#handler.infoChanged(info);
    else this.#becomeReady(info);
    if (!this.#closed) this.#facts.learn({ version: answer.version, info }, performance.now());
  }

  #becomeReady(info: SourceInfo): void {
    this.#ready = true;
    this.#facts.leave(this);
    this.#handler.ready(info);
  }

  #rangeEnded(requestId: number, end: number): void {
    const range = this.#ranges.shift();
    if (range?.requestId !== requestId || end !== range.position || end < range.owedUntil) {
      throw this.#error(
        'protocol-violation',
        `ended request ${requestId} at ${end} behind ${range?.position ?? 0}, expected ${range?.requestId ?? 'none'} at ${range?.owedUntil ?? 0} or later`,
      );
    }
    this.#handler.segmentEnded(range.segment, range.position);
  }

  #hashesAnswered(header: FrameHeader, payload: Uint8Array): void {
    const asked = this.#hashRequests.get(header.requestId);
    if (asked === undefined) throw this.#error('protocol-violation', 'sent piece hashes that nobody asked for');
    this.#hashRequests.delete(header.requestId);
    this.#handler.hashes(asked.first, readHashes(header, payload, asked, this.#peer));
  }

  #refused(requestId: number, refusal: { code: MgpErrorCode; message: string }): void {
    const error = this.#error(codeOfRefusal[refusal.code], `answered: ${printable(refusal.message)}`);
    if (this.#hashRequests.delete(requestId)) {
      this.#handler.hashesRefused(error);
    } else if (requestId === statRequest && this.#info !== undefined && error.code === 'server-read-failed') {
      // It cannot hash the file: its bytes are as good as those of who has no hashes.
      this.#handler.infoChanged({ ...this.#info, hashesFailed: error.message });
    } else {
      throw error;
    }
  }

  #send(frame: Uint8Array): void {
    if (!this.#closed) this.#socket.write(frame);
  }

  #timedOut(afterMs: number): void {
    const seconds = `${afterMs / 1000} s`;
    if (!this.#connected) this.#end(this.#error('connect-timeout', `did not answer within ${seconds}`));
    else this.#end(this.#error('source-silent', `accepted the connection, but said nothing within ${seconds}`));
  }

  #cutError(): ManygetError {
    if (!this.#reader.greeted) return this.#error('not-mgp', this.#unsaid());
    return this.#error(
      'connection-lost',
      this.#ranges.length > 0 ? 'closed the connection in mid-range' : 'closed the connection',
    );
  }

  /** What the other side did that hung up without a word. */
  #unsaid(): string {
    if (!this.#address.isSecure)
      return 'closed the connection before it said hello (where it wants TLS, its address begins with mgps://)';
    return this.#connected ? 'closed the connection before it said hello' : closedInHandshake('mgp');
  }

  #error(code: ErrorCode, what: string): ManygetError {
    return new ManygetError(code, `${this.#peer} ${what}`);
  }

  #fail(error: unknown): void {
    this.#end(asManygetError(error, 'unexpected', this.#peer));
  }

  #end(error: ManygetError): void {
    if (this.#closed) return;
    this.#facts.forget();
    this.#leave(error);
  }

  #leave(error: ManygetError): void {
    this.#closed = true;
    this.#facts.leave(this);
    clearTimeout(this.#timer);
    this.#socket.destroy();
    this.#handler.closed(error);
  }
}
