import { rangeBytes, type ByteRange } from '../../base/byte-range.js';
import { ManygetError } from '../../base/errors.js';
import { latin1 } from '../../base/latin1.js';
import { judgeAnswer, type Answer } from '../../wire/http-answer.js';
import { parseRetryAfter } from '../../wire/http-date.js';
import { keepsAlive, type BodyFraming, type HttpHead } from '../../wire/http-head.js';
import { PartsShape } from '../../wire/http-parts-shape.js';
import { MultipartReader } from '../../wire/http-multipart-reader.js';
import { rangesHeader } from '../../wire/http-range.js';
import type { SampleAnswer, Sampler } from '../source.js';
import { HttpChannel, type HttpChannelHandler } from './http-channel.js';
import type { HttpClient } from './http-client.js';
import type { HttpFile } from './http-file.js';
import type { ShownLogin } from './http-login.js';
import { requestsOutMax } from './pipelining.js';
import { QuestionSize } from './question-size.js';

/** Questions of many ranges that are out at once, where the server is known to take them in turn; those of one range are requests like any other. */
const questionsMax = 3;
/** An answer that takes longer is as good as none. */
const answerMsMax = 10_000;
/** One range that was asked for is never longer. */
const rangeBytesMax = 1024 * 1024;

interface Asked {
  readonly ranges: readonly ByteRange[];
  readonly guess: readonly string[] | undefined;
  isAsGuessed: boolean;
  readonly parts: (Uint8Array | undefined)[];
  readonly resolve: (answer: SampleAnswer) => void;
  readonly reject: (error: ManygetError) => void;
  costBytes: number;
  /** Parts come in the order of the questions, as a rule: the one that is due. */
  next: number;
  /** What it was asked with, where the server wants a password. */
  login: ShownLogin | undefined;
  sentMs: number;
}

type Body =
  | {
      readonly kind: 'parts';
      readonly boundary: string;
      readonly reader: MultipartReader;
      /** Bytes in the scratch memory that were not read yet. */
      filled: number;
      /** And all that came of the body. */
      isWhole: boolean;
    }
  | { readonly kind: 'plain'; readonly start: number; readonly bytes: Uint8Array; filled: number };

/**
 * Asks an HTTP source for many short ranges, on a connection of its own: as many as fit into one request where the
 * server answers with parts, one after another where it does not. Where the server is known to answer requests in
 * their turn, the next ones are out before the first is answered.
 *
 * Invariant: `#asked` are the questions that are out or wait for the connection, in order; an answer is for the first.
 */
export class HttpSampler implements Sampler, HttpChannelHandler {
  readonly #file: HttpFile;
  readonly #client: HttpClient;
  readonly #scratch = Buffer.alloc(64 * 1024);
  /** How this server answers, once that is known. */
  #shape: PartsShape | undefined;
  #channel: HttpChannel | undefined;
  readonly #asked: Asked[] = [];
  #body: Body | undefined;
  #keepsAlive = true;
  #timer: NodeJS.Timeout | undefined;
  readonly #size = new QuestionSize();
  #answeredMs = 0;
  #closed = false;

  constructor(file: HttpFile, client: HttpClient) {
    this.#file = file;
    this.#client = client;
  }

  get rangesAtOnce(): number {
    return this.#size.ranges;
  }

  get questionsAtOnce(): number {
    const isProved = this.#client.origins.of(this.#file.url).pipelining === 'works' && this.#keepsAlive;
    if (!isProved) return 1;
    return this.#size.ranges === 1 ? requestsOutMax : questionsMax;
  }

  ask(ranges: readonly ByteRange[], guess?: readonly string[]): Promise<SampleAnswer> {
    return new Promise((resolve, reject) => {
      const asked: Asked = {
        ranges,
        guess,
        isAsGuessed: false,
        parts: ranges.map(() => undefined),
        resolve,
        reject,
        costBytes: 0,
        next: 0,
        login: undefined,
        sentMs: 0,
      };
      this.#asked.push(asked);
      if (this.#asked.length === 1) this.#startTimer();
      if (this.#channel?.isOpen === true && !this.#client.isElsewhere(this.#channel, this.#file)) this.#send(asked);
      else this.#dial();
    });
  }

  close(): void {
    this.#closed = true;
    this.#hangUp();
    this.#rejectAll(new ManygetError('aborted', 'the comparison has ended'));
  }

  // What the channel tells.

  opened(): void {
    if (this.#client.isElsewhere(this.#channel, this.#file)) {
      this.#dial();
      return;
    }
    for (const asked of this.#asked) this.#send(asked);
  }

  head(head: HttpHead, framing: BodyFraming): void {
    const [asked] = this.#asked;
    const [first] = asked?.ranges ?? [];
    const last = asked?.ranges.at(-1);
    if (asked === undefined || first === undefined || last === undefined) {
      this.#fail('protocol-violation', 'sent an answer that nobody asked for');
      return;
    }
    if (asked.login?.answered(head) === true) {
      this.#hangUp();
      this.#dial();
      return;
    }
    this.#keepsAlive = keepsAlive(head, framing);
    const range = { start: first.start, end: last.end, conditional: this.#file.ifRange !== undefined };
    this.#answered(judgeAnswer(range, this.#file.known, head, framing), asked);
  }

  bodyTarget(bytesMax: number): Uint8Array | undefined {
    const body = this.#body;
    if (body?.kind === 'plain' && body.filled < body.bytes.length) {
      return body.bytes.subarray(body.filled, body.filled + Math.min(bytesMax, body.bytes.length - body.filled));
    }
    if (body?.kind === 'parts' && body.filled === this.#scratch.length) this.#readParts();
    const from = body?.kind === 'parts' ? body.filled : 0;
    return this.#scratch.subarray(from, Math.min(from + bytesMax, this.#scratch.length));
  }

  bodyFilled(bytes: number): void {
    const [body, asked] = [this.#body, this.#asked[0]];
    if (asked === undefined || body === undefined) return;
    asked.costBytes += bytes;
    body.filled += bytes;
  }

  bodyEnded(): void {
    const [asked] = this.#asked;
    const body = this.#body;
    if (asked !== undefined && body !== undefined) {
      if (body.kind === 'plain') this.#take(asked, body.start, body.bytes.subarray(0, body.filled));
      else this.#partsEnded(asked, body);
      this.#body = undefined;
      this.#done(asked);
    }
    if (this.#keepsAlive) return;
    this.#hangUp();
    // What was out behind it was not heard.
    if (this.#asked.length > 0) this.#dial();
  }

  closed(error: ManygetError | undefined): void {
    this.#channel = undefined;
    if (this.#asked.length === 0) return;
    this.#fail(error?.code ?? 'connection-lost', error === undefined ? 'closed the connection' : error.message);
  }

  // Requests and answers.

  #dial(): void {
    if (this.#closed) return;
    if (this.#client.isElsewhere(this.#channel, this.#file)) this.#hangUp();
    this.#keepsAlive = true;
    this.#channel ??= new HttpChannel(this.#client.dialPlan(this.#file.url, this.#file.publicOnly), this);
  }

  #send(asked: Asked): void {
    const [first] = asked.ranges;
    const last = asked.ranges.at(-1);
    if (first === undefined || last === undefined || this.#closed) return;
    asked.login = this.#client.showLogin(this.#file.url);
    const request = this.#client.request(this.#file, {
      login: asked.login,
      start: first.start,
      end: last.end,
      ifRange: this.#file.ifRange,
      range: rangesHeader(asked.ranges),
    });
    asked.costBytes += request.length;
    asked.sentMs = performance.now();
    this.#channel?.send(request);
  }

  #answered(answer: Answer, asked: Asked): void {
    const { peer } = this.#client.origins.of(this.#file.url);
    // Its own words beside the bytes: head lines are counted as the least that servers send.
    asked.costBytes += 200;
    if (answer.kind === 'multipart') {
      const longest = Math.max(...asked.ranges.map(rangeBytes));
      const { boundary } = answer;
      const reader = new MultipartReader(boundary, peer, longest);
      this.#body = { kind: 'parts', boundary, reader, filled: 0, isWhole: true };
      return;
    }
    if (answer.kind === 'bytes' && !answer.whole && answer.end !== undefined) {
      const length = answer.end - answer.start;
      if (length <= rangeBytesMax) {
        const isOne = asked.ranges.some((r) => r.start >= answer.start && r.end <= (answer.end ?? 0));
        if (isOne && (asked.ranges.length === 1 || length <= this.#scratch.length)) {
          this.#body = { kind: 'plain', start: answer.start, bytes: new Uint8Array(length), filled: 0 };
          return;
        }
      }
    }
    const isUnfit = answer.kind === 'bytes' || answer.kind === 'unsatisfied';
    const isRefused = answer.kind === 'refused' && answer.code !== 'http-server-error' && !this.#file.isMoved;
    if (asked.ranges.length > 1 && (isUnfit || (isRefused && this.#size.isTrying(asked.ranges.length)))) {
      // It does not answer so many ranges with parts. Nothing was answered for this time.
      this.#size.refused(asked.ranges.length);
      this.#hangUp();
      for (const one of [...this.#asked]) this.#done(one);
      return;
    }
    if (answer.kind === 'busy') {
      const retryAfterMs = parseRetryAfter(answer.retryAfter, this.#client.clock.nowMs());
      this.#hangUp();
      this.#rejectAll(new ManygetError('server-busy', `${peer} is busy`, { retryAfterMs }));
      return;
    }
    if (answer.kind === 'refused' && answer.code === 'http-server-error') {
      this.#fail(answer.code, answer.text);
      return;
    }
    if (answer.kind === 'redirect' || (answer.kind === 'refused' && this.#file.isMoved)) {
      // Where it is now, the connections that bring the file find out.
      this.#fail('server-read-failed', 'has the file elsewhere by now');
      return;
    }
    this.#fail('http-range', `does not answer a short range (${answer.kind})`);
  }

  /** The whole answer is here: is it what was guessed? */
  #partsEnded(asked: Asked, body: Body & { readonly kind: 'parts' }): void {
    const { ranges, guess, parts } = asked;
    const text = body.isWhole && guess !== undefined ? this.#scratch.toString('latin1', 0, body.filled) : undefined;
    if (text !== undefined && guess !== undefined && this.#shape?.write(body.boundary, ranges, guess) === text) {
      asked.isAsGuessed = true;
      return;
    }
    this.#readParts();
    if (text === undefined || parts.includes(undefined)) return;
    const texts = parts.map((part) => (part === undefined ? '' : latin1(part)));
    this.#shape = PartsShape.learn(text, body.boundary, ranges, texts) ?? this.#shape;
  }

  /** Reads what is in the scratch memory part by part. */
  #readParts(): void {
    const [{ known }, body, asked] = [this.#file, this.#body, this.#asked[0]];
    if (asked === undefined || body?.kind !== 'parts') return;
    body.reader.push(this.#scratch.subarray(0, body.filled), (part) => {
      const { totalBytes, start } = part.range;
      if (totalBytes === undefined || totalBytes === known.sizeBytes) this.#take(asked, start, part.bytes);
    });
    body.filled = 0;
    body.isWhole = false;
  }

  /** Bytes of the file from `start` on: hands them to whatever was asked for among them. */
  #take(asked: Asked, start: number, bytes: Uint8Array): void {
    const due = asked.ranges[asked.next];
    if (due?.start === start && due.end === start + bytes.length) {
      asked.parts[asked.next] = bytes;
      asked.next += 1;
      return;
    }
    for (const [i, range] of asked.ranges.entries()) {
      if (range.start < start || range.end > start + bytes.length) continue;
      asked.parts[i] = bytes.subarray(range.start - start, range.end - start);
    }
  }

  #done(asked: Asked): void {
    this.#asked.splice(this.#asked.indexOf(asked), 1);
    this.#startTimer();
    const { parts, costBytes, isAsGuessed } = asked;
    const nowMs = performance.now();
    const tookMs = nowMs - Math.max(asked.sentMs, this.#answeredMs);
    this.#answeredMs = nowMs;
    if (isAsGuessed || !parts.includes(undefined)) this.#size.answered(asked.ranges.length, tookMs);
    if (isAsGuessed) {
      asked.resolve({ isAsGuessed, parts: [], costBytes });
      return;
    }
    const missing = parts.filter((part) => part === undefined).length;
    if (missing > 0 && missing < parts.length) this.#size.brought(parts.length - missing);
    asked.resolve({ isAsGuessed, parts, costBytes });
  }

  #fail(code: ManygetError['code'], what: string): void {
    this.#hangUp();
    const { peer } = this.#client.origins.of(this.#file.url);
    this.#rejectAll(new ManygetError(code, what.startsWith('server ') ? what : `${peer} ${what}`));
  }

  #rejectAll(error: ManygetError): void {
    clearTimeout(this.#timer);
    for (const asked of this.#asked.splice(0)) {
      if (asked.sentMs > 0) this.#size.failed(asked.ranges.length);
      asked.reject(error);
    }
  }

  /** For the answer that is due next. */
  #startTimer(): void {
    clearTimeout(this.#timer);
    if (this.#asked.length === 0) return;
    this.#timer = setTimeout(() => this.#fail('source-silent', 'did not answer in time'), answerMsMax);
  }

  #hangUp(): void {
    this.#channel?.destroy();
    this.#channel = undefined;
    this.#body = undefined;
  }
}
