import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { choosePieceBytes, pieceCount } from '../wire/content-id.js';
import { frameType, type FrameHeader } from '../wire/mgp-frame.js';
import { mgpLimits } from '../wire/mgp-limits.js';
import { encodeMessage, readMessage, type MgpErrorCode } from '../wire/mgp-messages.js';
import type { CatalogFile } from './catalog.js';
import { diskFault } from './disk-fault.js';
import type { FileSender } from './file-sender.js';
import type { FileFacts } from './file-version.js';
import type { HashTable } from './hash-table.js';
import type { ServerContext } from './server-context.js';
import type { HashFollower } from './worker-hashes.js';
import type { HashProblem } from './worker-messages.js';

/** STAT requests of one connection that wait for hashes. */
const followsMax = 64;

/** What the requests of a connection need of it. */
export interface RequestChannel {
  readonly peer: string;
  readonly closed: boolean;
  readonly sender: FileSender;
  send(frame: Uint8Array): void;
}

/**
 * Answers the requests of one connection, one by one in their order. Only RANGE outlives its answer here: its bytes are
 * the sender's.
 */
export class MgpRequests {
  readonly #channel: RequestChannel;
  readonly #context: ServerContext;
  readonly #follows = new Set<Follow>();

  constructor(channel: RequestChannel, context: ServerContext) {
    this.#channel = channel;
    this.#context = context;
  }

  /** @throws ManygetError `protocol-violation`, which ends the connection. */
  async handle(header: FrameHeader, payload: Uint8Array): Promise<void> {
    const { requestId } = header;
    switch (header.type) {
      case frameType.trim:
        this.#channel.sender.trim(requestId, header.offset);
        return;
      case frameType.ping:
        this.#channel.send(encodeMessage.pong(requestId));
        return;
      case frameType.list:
      case frameType.stat:
      case frameType.hashes:
      case frameType.range:
        break;
      default:
        throw this.#violation(`a frame of type 0x${header.type.toString(16).padStart(2, '0')} where requests belong`);
    }
    if (requestId === 0) throw this.#violation('a request with the id 0');
    try {
      await this.#answer(header, payload);
    } catch (error) {
      if (error instanceof ManygetError) throw error;
      this.error(requestId, 'read-failed', diskFault(error));
    }
  }

  error(requestId: number, code: MgpErrorCode, message: string): void {
    this.#channel.send(encodeMessage.error(requestId, { code, message: printable(message, 500) }));
  }

  /** The connection is gone: nobody is to be told any more. */
  stop(): void {
    for (const follow of this.#follows) this.#context.hashes.unfollow(follow.file, follow);
    this.#follows.clear();
  }

  async #answer(header: FrameHeader, payload: Uint8Array): Promise<void> {
    switch (header.type) {
      case frameType.list:
        return this.#list(header, payload);
      case frameType.stat:
        return this.#stat(header, payload);
      case frameType.hashes:
        return this.#hashes(header, payload);
      default:
        return this.#range(header, payload);
    }
  }

  async #list({ requestId }: FrameHeader, payload: Uint8Array): Promise<void> {
    const { after } = readMessage.list(payload, this.#channel.peer);
    const page = await this.#context.lister.page(after, () => this.#channel.closed);
    this.#channel.send(encodeMessage.listAnswer(requestId, page));
  }

  async #stat({ requestId }: FrameHeader, payload: Uint8Array): Promise<void> {
    const { name, follow } = readMessage.stat(payload, this.#channel.peer);
    const file = await this.#find(requestId, name);
    if (file === undefined) return;
    const table = this.#context.hashes.want(name, file);
    const done = table?.done === true;
    if (follow === true && !done && this.#follows.size >= followsMax) {
      this.error(requestId, 'busy', `expected at most ${followsMax} STAT requests that follow, on one connection`);
      return;
    }
    this.#channel.send(statFrame(requestId, file, done ? table : undefined, table?.hashedBytes ?? 0));
    if (follow !== true || done || this.#channel.closed) return;
    const follower = new Follow(requestId, file, this.#channel, (f) => this.#follows.delete(f));
    this.#follows.add(follower);
    this.#context.hashes.follow(file, follower);
  }

  async #hashes({ requestId, offset }: FrameHeader, payload: Uint8Array): Promise<void> {
    const { name, version, count } = readMessage.hashes(payload, this.#channel.peer);
    const file = await this.#find(requestId, name, version);
    if (file === undefined) return;
    const pieces = pieceCount(file.size, choosePieceBytes(file.size));
    if (offset + count > pieces) {
      this.error(requestId, 'bad-range', `expected pieces of 0 to ${pieces}, received ${offset} to ${offset + count}`);
      return;
    }
    const hashes = this.#context.hashes.want(name, file)?.pieces(offset, count);
    if (hashes === undefined) this.error(requestId, 'not-hashed', 'these pieces have not been hashed yet');
    else this.#channel.send(encodeMessage.hashesAnswer(requestId, offset, hashes));
  }

  async #range({ requestId, offset: start }: FrameHeader, payload: Uint8Array): Promise<void> {
    const { name, version, end } = readMessage.range(payload, this.#channel.peer);
    const { sender } = this.#channel;
    if (sender.hasJob(requestId)) throw this.#violation(`a second RANGE with the open id ${requestId}`);
    if (sender.jobCount >= mgpLimits.rangesOpenMax) {
      this.error(
        requestId,
        'busy',
        `expected at most ${mgpLimits.rangesOpenMax} open RANGE requests on one connection`,
      );
      return;
    }
    const file = await this.#find(requestId, name, version);
    if (file === undefined) return;
    if (start > end || end > file.size) {
      this.error(requestId, 'bad-range', `expected bytes of 0 to ${file.size}, received ${start} to ${end}`);
      return;
    }
    const open = await this.#context.openFiles.acquire(file);
    if (open === undefined) this.error(requestId, 'changed', changedMessage(name));
    else sender.enqueue({ id: requestId, file: open, next: start, end });
  }

  /** The file, if it is there and of the version asked for; else the error has been sent. */
  async #find(requestId: number, name: string, version?: string): Promise<CatalogFile | undefined> {
    const file = await this.#context.catalog.find(name);
    if (file === undefined) {
      this.error(requestId, 'not-found', `there is no file "${printable(name, 200)}" here`);
      return undefined;
    }
    if (version === undefined || version === file.version) return file;
    this.#context.hashes.want(name, file);
    this.error(requestId, 'changed', changedMessage(name));
    return undefined;
  }

  #violation(received: string): ManygetError {
    return new ManygetError('protocol-violation', `${this.#channel.peer} sent ${received}`);
  }
}

function changedMessage(name: string): string {
  return `"${printable(name, 200)}" is no longer the version asked for`;
}

function statFrame(
  requestId: number,
  file: CatalogFile,
  known: HashTable | undefined,
  hashedBytes: number,
): Uint8Array {
  return encodeMessage.statAnswer(requestId, {
    name: file.name,
    size: file.size,
    mtimeMs: file.mtimeMs,
    version: file.version,
    pieceBytes: choosePieceBytes(file.size),
    hashedBytes: known?.hashedBytes ?? hashedBytes,
    contentId: known?.contentId ?? null,
    sha256: known?.sha256 ?? null,
  });
}

/** The second answer to a STAT that follows. */
class Follow implements HashFollower {
  readonly file: CatalogFile;
  readonly #requestId: number;
  readonly #channel: RequestChannel;
  readonly #over: (follow: Follow) => void;

  constructor(requestId: number, file: CatalogFile, channel: RequestChannel, over: (follow: Follow) => void) {
    this.file = file;
    this.#requestId = requestId;
    this.#channel = channel;
    this.#over = over;
  }

  hashesKnown(table: HashTable): void {
    this.#over(this);
    this.#channel.send(statFrame(this.#requestId, this.file, table, table.hashedBytes));
  }

  hashesFailed(_file: FileFacts, code: HashProblem, reason: string): void {
    this.#over(this);
    const message = printable(`"${this.file.name}" could not be hashed: ${reason}`, 500);
    this.#channel.send(encodeMessage.error(this.#requestId, { code, message }));
  }
}
