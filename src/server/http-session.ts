import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { wantsKeepAlive } from '../wire/http-head.js';
import { announcesBody, HttpRequestParser, type HttpRequestHead } from '../wire/http-request-head.js';
import { HttpRequestRefusal } from '../wire/http-request-refusal.js';
import type { HeaderLine } from '../wire/http-request.js';
import { encodeAnswerHead, formatHttpDate } from '../wire/http-server-head.js';
import { diskFault } from './disk-fault.js';
import { FileSender, type SendJob, type SendProblem, type SendProtocol } from './file-sender.js';
import { plainAnswer, withoutBody, type FileBody, type HttpAnswer } from './http-answer.js';
import { busy, HttpRequests } from './http-requests.js';
import { resetSocket } from './reset-socket.js';
import { partyOf } from './seats.js';
import type { ClientSession, ServerContext } from './server-context.js';
import { TextSender } from './text-sender.js';

/** Requests that a client may send ahead, in bytes; then it is not read from until they are answered. */
const aheadBytesMax = 64 * 1024;
/** Requests ahead that are kept whatever the others have. */
const aheadBytesSure = 4 * 1024;
/** Answers that a client may leave unread before its next request has to wait. */
const unreadBytesMax = 256 * 1024;

/** The file that is being sent, and what of its text is still to go before its bytes. */
interface Sending {
  readonly body: FileBody;
  /** Head of the answer; "" once it is on its way. */
  head: string;
  /** Parts whose bytes have begun. */
  partsBegun: number;
  partsDone: number;
}

/**
 * The server's end of one HTTP/1.1 connection: its requests in order, one answer at a time, its end.
 *
 * Invariants: at most one request is being answered; bytes behind it wait in `#ahead`. The last bytes of a file are
 * sent only if the file was unchanged after they were read; otherwise the connection ends short of the announced length.
 */
export class HttpSession implements ClientSession, SendProtocol {
  readonly headBytes = 0;
  readonly #peer: string;
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #requests: HttpRequests;
  readonly #files: FileSender;
  readonly #texts: TextSender;
  #parser: HttpRequestParser;
  #ahead: Uint8Array | undefined;
  /** What of it counts against the server's memory for such. */
  #aheadCounted = 0;
  #timer: NodeJS.Timeout | undefined;
  #stage: 'waiting' | 'answering' | 'closed' = 'waiting';
  #sending: Sending | undefined;
  #keepsAlive = true;
  /** What is answered is a HEAD: no body follows. */
  #isHead = false;
  /** The server closes: the answer under way is the last one. */
  #isLast = false;
  /** Memory for requests was short: nothing more is taken from this client. */
  #dropsAhead = false;
  /** The client sends no more; what it has asked for is still answered. */
  #clientEnded = false;
  #counted = false;
  #activeAtMs = performance.now();

  constructor(socket: Socket, context: ServerContext) {
    this.#socket = socket;
    this.#context = context;
    this.#peer = `client ${socket.remoteAddress ?? 'gone'}:${socket.remotePort ?? 0}`;
    this.#parser = new HttpRequestParser(this.#peer);
    const { localAddress, localPort } = socket;
    this.#requests = new HttpRequests(context, this.#peer, {
      localAddress,
      localPort,
      encrypted: socket instanceof TLSSocket,
    });
    const party = partyOf(socket.remoteAddress ?? '');
    this.#files = new FileSender(socket, this, {
      pool: context.pool,
      party,
      gate: context.gate?.lane(party),
      releaseFile: (file) => context.openFiles.release(file),
      countSent: (bytes) => this.#countSent(bytes),
    });
    this.#texts = new TextSender(socket, context.texts, () => (this.#activeAtMs = performance.now()));
    this.#arm(context.limits.helloMs);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#gone());
  }

  get isIdle(): boolean {
    return this.#stage !== 'answering';
  }

  /** Bytes from the client. */
  receive(chunk: Uint8Array): void {
    if (this.#stage === 'closed') return;
    this.#activeAtMs = performance.now();
    if (this.#dropsAhead) return;
    this.#ahead = this.#ahead === undefined ? chunk : Buffer.concat([this.#ahead, chunk]);
    if (this.#stage === 'waiting') this.#read();
    this.#boundAhead();
  }

  goodbye(): void {
    if (this.#stage === 'closed') return;
    this.#isLast = true;
    if (this.#stage === 'waiting') this.#hangUp();
    else this.#arm(this.#context.limits.graceMs);
  }

  reset(): void {
    resetSocket(this.#socket);
    this.#socket.destroy(); // Without waiting for what is still to be written.
  }

  sweep(nowMs: number): void {
    if (this.#stage !== 'answering') return;
    const { idleMs, stallMs } = this.#context.limits;
    if (this.#files.isStuck(nowMs, stallMs) || nowMs - this.#activeAtMs > idleMs) this.#socket.destroy();
  }

  /** The first bytes of a part go out: the text before them goes out with them, in one packet where it fits. */
  writeHead(_out: Uint8Array, _at: number, job: SendJob): void {
    const sending = this.#sending;
    if (sending === undefined || job.id < sending.partsBegun) return;
    sending.partsBegun = job.id + 1;
    const text = sending.head + (sending.body.parts[job.id]?.head ?? '');
    sending.head = '';
    if (text === '') return;
    this.#socket.cork();
    this.#socket.write(text, 'latin1');
    process.nextTick(uncork, this.#socket);
  }

  jobDone(): void {
    const sending = this.#sending;
    if (sending === undefined) return;
    sending.partsDone += 1;
    if (sending.partsDone < sending.body.parts.length) return;
    this.#sending = undefined;
    const rest = sending.head + sending.body.tail; // The head is still there only if the file is empty.
    if (rest !== '') this.#socket.write(rest, 'latin1');
    this.#answered();
  }

  jobFailed(job: SendJob, problem: SendProblem): void {
    const sending = this.#sending;
    if (sending === undefined) return;
    this.#sending = undefined;
    if (sending.head === '' || sending.body.parts.length > 1) {
      this.#socket.destroy(); // Short of what was announced: the client knows that this is not all.
      return;
    }
    const { name } = job.file;
    const answer =
      problem === 'changed' ? busy(`"${name}" changes`) : plainAnswer(500, `"${name}" cannot be read: the disk failed`);
    this.#send(answer);
  }

  /** What waits behind the request that is being answered: not for long without end, nor by many at once. */
  #boundAhead(): void {
    const { ahead } = this.#context;
    let bytes = this.#ahead?.length ?? 0;
    if (bytes >= aheadBytesSure && bytes > this.#aheadCounted && !ahead.has(bytes - this.#aheadCounted)) {
      this.#ahead = undefined;
      this.#dropsAhead = true; // Where the next request would begin is not known any more: this answer is the last one.
      bytes = 0;
    }
    ahead.add(bytes - this.#aheadCounted);
    this.#aheadCounted = bytes;
    if (this.#stage === 'answering' && (this.#dropsAhead || bytes > aheadBytesMax)) this.#socket.pause();
  }

  /** Takes the next request from what has come, if it is whole. */
  #read(): void {
    const bytes = this.#ahead;
    this.#ahead = undefined;
    if (bytes !== undefined) {
      const wasFresh = this.#parser.isFresh;
      try {
        const taken = this.#parser.push(bytes);
        if (taken < bytes.length) this.#ahead = rest(bytes, taken);
      } catch (error) {
        this.#refuse(error);
        return;
      }
      if (wasFresh && !this.#parser.isFresh) this.#arm(this.#context.limits.helloMs);
    }
    const { head } = this.#parser;
    if (head !== undefined) void this.#answer(head);
    else if (this.#clientEnded) this.#hangUp();
    else this.#socket.resume();
  }

  async #answer(head: HttpRequestHead): Promise<void> {
    this.#parser = new HttpRequestParser(this.#peer);
    this.#stage = 'answering';
    if (!this.#isLast) this.#arm(undefined);
    if (!this.#counted) this.#context.counters.addClients(1);
    this.#counted = true;
    this.#isHead = head.method === 'HEAD';
    try {
      // A body is not read, so where it ends is not known.
      this.#keepsAlive = wantsKeepAlive(head) && !announcesBody(head, this.#peer);
      this.#send(await this.#requests.answer(head), head.minor);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #send(whole: HttpAnswer, minor: 0 | 1 = 1): void {
    const answer = this.#isHead ? withoutBody(whole) : whole;
    const { status, body } = answer;
    if (this.#stage === 'closed') {
      if (body.kind === 'file') for (const _ of body.parts) this.#context.openFiles.release(body.file);
      return;
    }
    if (body.kind === 'text' && !this.#texts.mayBegin(body.text)) {
      this.#send(busy('too much is being sent already'), minor);
      return;
    }
    if (status === 417) this.#keepsAlive = false; // What was expected to come, or not to, is not known.
    const bodyBytes = body.kind === 'text' ? Buffer.byteLength(body.text) : body.bodyBytes;
    const headers: HeaderLine[] = [['Date', httpDateNow()], ['Server', this.#context.agent], ...answer.headers];
    if (bodyBytes !== undefined) headers.push(['Content-Length', String(bodyBytes)]);
    if (!this.#keepsAlive || this.#isLast || this.#dropsAhead) headers.push(['Connection', 'close']);
    else if (minor === 0) headers.push(['Connection', 'keep-alive']);
    const head = encodeAnswerHead(status, headers);
    switch (body.kind) {
      case 'none':
        this.#socket.write(head, 'latin1');
        this.#answered();
        break;
      case 'text':
        this.#texts.send(head, body.text, () => this.#answered());
        break;
      case 'file':
        this.#sending = { body, head, partsBegun: 0, partsDone: 0 };
        body.parts.forEach(({ range }, id) =>
          this.#files.enqueue({ id, file: body.file, next: range.start, end: range.end }),
        );
        break;
    }
  }

  /** The answer is on its way; on to the next request. */
  #answered(): void {
    if (this.#stage === 'closed') return;
    this.#activeAtMs = performance.now();
    if (!this.#keepsAlive || this.#isLast || this.#dropsAhead) {
      this.#hangUp();
    } else if (this.#socket.writableLength > unreadBytesMax) {
      this.#socket.once('drain', () => this.#next());
    } else {
      // Not from within the call that ended the answer: many short ones must not pile up on the stack.
      setImmediate(() => this.#next());
    }
  }

  #next(): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'waiting';
    this.#isHead = false;
    if (this.#isLast) {
      this.#hangUp();
      return;
    }
    this.#arm(this.#context.limits.keepAliveMs);
    this.#read();
    this.#boundAhead();
  }

  /** Says what was wrong with a request, and ends the connection: where the next one would begin is not known. */
  #refuse(error: unknown): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'answering';
    this.#keepsAlive = false;
    this.#send(
      error instanceof HttpRequestRefusal
        ? plainAnswer(error.status, error.message)
        : plainAnswer(500, diskFault(error)),
    );
  }

  /** The time for what was awaited is over. */
  #overdue(): void {
    if (this.#stage !== 'waiting') {
      this.#socket.destroy();
    } else if (this.#parser.isFresh) {
      this.#hangUp();
    } else {
      this.#stage = 'answering';
      this.#keepsAlive = false;
      this.#send(plainAnswer(408, `the request was not whole after ${this.#context.limits.helloMs / 1000} s`));
    }
  }

  /** The client has closed its half: what it asked for before is still answered. */
  #ended(): void {
    this.#clientEnded = true;
    if (this.#stage === 'waiting') this.#hangUp();
  }

  /** Nothing more is answered; what is on its way may still arrive, for a while. */
  #hangUp(): void {
    if (this.#stage === 'closed') return;
    this.#stop();
    this.#socket.end();
    this.#socket.resume(); // What the client still says is read and dropped: unread bytes would reset the connection.
    this.#arm(this.#context.limits.graceMs);
  }

  #gone(): void {
    if (this.#stage !== 'closed') this.#stop();
    clearTimeout(this.#timer);
  }

  #stop(): void {
    this.#stage = 'closed';
    clearTimeout(this.#timer);
    this.#sending = undefined;
    this.#ahead = undefined;
    this.#boundAhead();
    this.#files.stop();
    this.#texts.stop();
    if (this.#counted) this.#context.counters.addClients(-1);
    this.#counted = false;
  }

  /** Sets the one timer of the connection; undefined: nothing is awaited. */
  #arm(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms !== undefined) this.#timer = setTimeout(() => this.#overdue(), ms);
  }

  #countSent(bytes: number): void {
    this.#activeAtMs = performance.now();
    this.#context.counters.addSent(bytes);
  }
}

/** The bytes from `at` on; a copy where few of many are left, so that those do not keep all of them in memory. */
function rest(bytes: Uint8Array, at: number): Uint8Array {
  const left = bytes.subarray(at);
  return left.length * 2 < left.buffer.byteLength ? Buffer.from(left) : left;
}

function uncork(socket: Socket): void {
  socket.uncork();
}

let dateText = '';
let dateSec = 0;

/** The Date header, made once a second. */
function httpDateNow(): string {
  const nowSec = Math.floor(Date.now() / 1000);
  if (nowSec !== dateSec) {
    dateSec = nowSec;
    dateText = formatHttpDate(nowSec * 1000);
  }
  return dateText;
}
