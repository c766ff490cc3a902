import { ManygetError, type ErrorCode } from '../../base/errors.js';
import type { SegmentId } from '../../core/scheduler-messages.js';
import { judgeAnswer, type Answer } from '../../wire/http-answer.js';
import { parseRetryAfter } from '../../wire/http-date.js';
import { keepsAlive, type BodyFraming, type HttpHead } from '../../wire/http-head.js';
import { PartHeadReader } from '../../wire/http-part-head-reader.js';
import type { ConnectionHandler, SourceConnection } from '../source.js';
import { AskedRequests, type Asked } from './asked-requests.js';
import { FollowedRedirects } from './followed-redirects.js';
import { HttpChannel, type HttpChannelHandler } from './http-channel.js';
import type { HttpClient } from './http-client.js';
import { HttpDelivery, type Order } from './http-delivery.js';
import type { HttpFile } from './http-file.js';
import type { HttpOrigin } from './http-origins.js';
import { judgeProbe, mayBeginMarkup, pageText, type FactsOutcome } from './http-probe.js';
import { drainBytesMax, judgeRange, type RangeAnswer } from './http-range-outcome.js';

/**
 * One connection to an HTTP source as the engine sees it: finds out what the file is, then fetches ranges. Behind it
 * is one TCP connection after another: a server that closes after each answer, and a range that nobody wants to the
 * end any more, cost a reconnect and no fault.
 *
 * Invariant: `#asked` are requests that were sent on `#channel`.
 */
export class HttpConnection implements SourceConnection, HttpChannelHandler {
  readonly #file: HttpFile;
  readonly #client: HttpClient;
  readonly #handler: ConnectionHandler;
  readonly #connectTimeoutMs: number;
  readonly #delivery: HttpDelivery;
  readonly #redirects: FollowedRedirects;
  readonly #asked: AskedRequests;
  #channel: HttpChannel | undefined;
  #origin: HttpOrigin;
  #timer: NodeJS.Timeout | undefined;
  #keepsAlive = false;
  #connected = false;
  #ready = false;
  #closed = false;
  /** The facts are being asked for: at first, and after the file has moved. */
  #probing = true;
  /** The first byte of the file did not tell enough. */
  #probesWhole = false;

  constructor(file: HttpFile, client: HttpClient, handler: ConnectionHandler, connectTimeoutMs: number) {
    this.#file = file;
    this.#client = client;
    this.#handler = handler;
    this.#asked = new AskedRequests(file, client, () => this.#origin);
    this.#redirects = new FollowedRedirects(file, client);
    this.#delivery = new HttpDelivery(handler, (leftBytes, whole) => this.#surplus(leftBytes, whole));
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#origin = client.origins.of(file.url);
    this.#probing = !file.isTrusted;
    this.#open();
  }

  request(segment: SegmentId, start: number, end: number): void {
    this.#delivery.add(segment, start, end);
    this.#pump();
  }

  trim(segment: SegmentId, end: number): void {
    this.#delivery.trim(segment, end);
  }

  requestHashes(): void {
    this.#handler.hashesRefused(this.#error('server-read-failed', 'speaks HTTP, which has no piece hashes'));
  }

  /** HTTP has no ping. */
  ping(): void {}

  resume(): void {
    if (!this.#closed) this.#channel?.resume();
  }

  close(error: ManygetError): void {
    this.#channel?.settle();
    this.#end(error);
  }

  // What the channel tells.

  opened(connectMs: number): void {
    this.#keepsAlive = true;
    if (!this.#connected) {
      this.#connected = true;
      this.#handler.connected(connectMs);
    }
    if (this.#closed) return;
    if (this.#client.isElsewhere(this.#channel, this.#file)) {
      this.#reopen();
      return;
    }
    // Another connection has learned the facts while this one was being made.
    if (this.#probing && this.#file.isTrusted && !this.#probesWhole) {
      this.#probing = false;
      this.#redirects.arrived();
    }
    if (this.#probing) {
      this.#sendProbe();
      return;
    }
    clearTimeout(this.#timer);
    if (this.#ready) this.#pump();
    else this.#becomeReady();
  }

  head(head: HttpHead, framing: BodyFraming): void {
    const asked = this.#asked.take();
    if (asked === undefined) throw this.#error('protocol-violation', 'sent an answer that nobody asked for');
    this.#keepsAlive = keepsAlive(head, framing);
    this.#client.cookies.take(asked.url, head.headers.all('set-cookie'));
    if (asked.login?.answered(head) === true) {
      this.#askAgain(asked.order, framing);
      return;
    }
    const answer = judgeAnswer(asked, this.#file.known, head, framing);
    if (this.#asked.isOutdated(asked, answer)) return this.#findAnew();
    switch (answer.kind) {
      case 'redirect':
        this.#redirects.follow(answer.location, this.#channel?.remoteAddress);
        this.#findAnew();
        return;
      case 'busy':
        this.#origin.saysBusy(parseRetryAfter(answer.retryAfter, this.#client.clock.nowMs()));
        this.#end(this.#origin.tooEarly());
        return;
      case 'changed':
        this.#end(this.#error('file-changed', answer.text));
        return;
      case 'refused':
        this.#refused(answer);
        return;
      case 'bytes':
      case 'multipart':
      case 'unsatisfied':
        this.#origin.saysFine();
        if (asked.order === undefined) this.#probed(asked, answer, head);
        else this.#answered(asked, asked.order, answer);
    }
  }

  bodyTarget(bytesMax: number): Uint8Array | undefined {
    return this.#delivery.target(bytesMax);
  }

  bodyFilled(bytes: number): void {
    if (this.#delivery.filled(bytes)) this.#file.hasWorked();
  }

  bodyEnded(): void {
    this.#delivery.ended(this.#origin.peer);
    if (this.#closed) return;
    if (!this.#keepsAlive) this.#reopen();
    if (this.#ready || this.#probing) this.#pump();
    else this.#becomeReady();
  }

  closed(error: ManygetError | undefined): void {
    const answers = this.#channel?.answers ?? 0;
    const unanswered = this.#asked.count > 0 || this.#delivery.isBusy || this.#probing;
    // A server may end an idle connection in the very moment in which it is used again: no fault of anybody's.
    const wasIdle = error?.code === 'connection-lost' && answers > 0 && !this.#delivery.isBusy;
    if ((error !== undefined && !wasIdle) || (unanswered && answers === 0)) {
      this.#end(error ?? this.#error('connection-lost', 'closed the connection without an answer'));
      return;
    }
    this.#channel = undefined;
    this.#delivery.forget();
    this.#asked.unheard();
    if (unanswered) this.#open();
  }

  /** What is left of the body is wanted by nobody: reads over it, or hangs up where that would take longer. */
  #surplus(leftBytes: number, mayServeMore: boolean): void {
    if (mayServeMore && this.#file.ranges !== true) return;
    if (leftBytes <= drainBytesMax) this.#delivery.discardRest();
    else this.#reopen();
  }

  // Connections.

  #open(): void {
    if (this.#closed) return;
    this.#origin = this.#client.origins.of(this.#file.url);
    clearTimeout(this.#timer);
    if (this.#origin.waitMs > 0) {
      // Not from within `connect`: nobody could know yet which connection it was that closed.
      this.#timer = setTimeout(() => this.#end(this.#origin.tooEarly()), 0);
      return;
    }
    const plan = this.#client.dialPlan(this.#file.url, this.#file.publicOnly);
    this.#timer = setTimeout(() => {
      this.#end(this.#origin.tooLate(this.#connectTimeoutMs, this.#channel?.isOpen === true, plan.proxy));
    }, this.#connectTimeoutMs);
    this.#channel = new HttpChannel(plan, this);
  }

  #reopen(): void {
    this.#channel?.destroy();
    this.#channel = undefined;
    this.#delivery.forget();
    this.#asked.forget();
    this.#open();
  }

  /** The file is elsewhere by now. */
  #findAnew(): void {
    this.#probing = true;
    this.#reopen();
  }

  // Requests.

  /** Sends what can be sent now. */
  #pump(): void {
    if (this.#closed || !this.#ready || this.#probing) return;
    this.#delivery.dropEmpty();
    for (;;) {
      const { next, wholeBody } = this.#delivery;
      if (next === undefined) return;
      if (this.#channel === undefined) {
        this.#open();
        return;
      }
      if (!this.#channel.isOpen) return;
      if (wholeBody !== undefined) {
        if (wholeBody === 'gone-by') this.#reopen();
        if (wholeBody === 'ahead') this.#channel.resume();
        return;
      }
      const pipelined = this.#asked.count > 0 || this.#delivery.isBusy;
      if (this.#client.isElsewhere(this.#channel, this.#file)) {
        if (!pipelined) this.#reopen();
        return;
      }
      const mayQueue = this.#keepsAlive && this.#file.ranges === true;
      if (pipelined && !(mayQueue && this.#asked.mayQueue())) return;
      if (this.#origin.waitMs > 0) {
        this.#end(this.#origin.tooEarly());
        return;
      }
      next.asked = true;
      const end = this.#file.ranges === true ? next.end : undefined;
      const conditional = end !== undefined && !this.#origin.ignoresIfRange && this.#file.ifRange !== undefined;
      this.#asked.send(this.#channel, { order: next, start: next.position, end, conditional, pipelined });
    }
  }

  /** The server wants to know who asks, and can be told. Where more is out, what is behind it would come before it. */
  #askAgain(order: Order | undefined, framing: BodyFraming): void {
    const isShort = framing.kind === 'length' && framing.bytes <= drainBytesMax;
    if (!this.#keepsAlive || !isShort || this.#asked.count > 0) {
      this.#reopen();
      return;
    }
    this.#delivery.discardRest();
    if (order === undefined) this.#sendProbe();
    else order.asked = false;
  }

  // Answers.

  #probed(asked: Asked, answer: Answer, head: HttpHead): void {
    const outcome = judgeProbe(asked, answer, head, this.#file.urlName, this.#client.refusesManifestAt(this.#file));
    this.#delivery.discardRest();
    if (outcome.kind === 'unusable') {
      this.#end(this.#error(outcome.code, outcome.text));
      return;
    }
    if (outcome.kind === 'unsized') {
      this.#streams(head);
      return;
    }
    if (outcome.ranges !== undefined) this.#file.ranges = outcome.ranges && !this.#file.rangesAreBroken;
    if (outcome.kind === 'ask-whole') {
      this.#probesWhole = true;
      if (this.#keepsAlive) this.#sendProbe();
      return;
    }
    if (outcome.mayBePage) {
      this.#delivery.peek((firstByte) => {
        if (mayBeginMarkup(firstByte)) this.#end(this.#error('http-content', pageText(this.#file.urlName)));
        else this.#learned(asked, outcome, head);
      });
    } else this.#learned(asked, outcome, head);
  }

  #learned({ url }: Asked, { sizeBytes, bodyIsFile, bodyBytes }: FactsOutcome, head: HttpHead): void {
    this.#probing = false;
    this.#probesWhole = false;
    this.#redirects.arrived();
    // Who was ready before owes the engine its bytes from here on, not these facts.
    if (this.#ready) clearTimeout(this.#timer);
    this.#client.learn(this.#file, url, sizeBytes, head, this.#channel?.remoteAddress);
    if (!bodyIsFile || this.#file.ranges === true) this.#surplus(bodyBytes ?? Infinity, false);
    else {
      // The rest of a small body is here in a moment; a whole file waits until somebody wants it.
      this.#delivery.begin({ position: 0, end: sizeBytes, order: undefined, whole: true });
      this.#becomeReady();
    }
  }

  /** The file comes without a size: all that can be had of it is this one stream. */
  #streams(head: HttpHead): void {
    if (this.#file.known.sizeBytes !== undefined) {
      this.#end(this.#error('file-changed', 'does not say how large the file is any more'));
      return;
    }
    clearTimeout(this.#timer);
    this.#probing = false;
    this.#ready = true;
    this.#delivery.begin({ position: 0, end: undefined, order: undefined, whole: true });
    this.#handler.unsized(this.#client.nameIn(head) ?? this.#file.urlName);
  }

  /** Asks for the file's facts: for its first byte, or for all of it where that did not tell. */
  #sendProbe(): void {
    if (this.#client.isElsewhere(this.#channel, this.#file)) {
      this.#reopen();
      return;
    }
    const end = this.#probesWhole ? undefined : 1;
    this.#asked.send(this.#channel, { order: undefined, start: 0, end, conditional: false, pipelined: false });
  }

  #becomeReady(): void {
    clearTimeout(this.#timer);
    this.#probing = false;
    const { info } = this.#file;
    if (this.#closed || info === undefined) return;
    if (!this.#ready) {
      this.#ready = true;
      this.#handler.ready(info);
    }
    this.#pump();
  }

  #answered(asked: Asked, order: Order, answer: RangeAnswer): void {
    const { ranges, known } = this.#file;
    const outcome = judgeRange(answer, order.position, { ranges, sizeBytes: known.sizeBytes });
    if (answer.kind !== 'unsatisfied') this.#asked.answered(asked);
    if (answer.kind === 'bytes' && answer.ifRangeIgnored) this.#origin.ignoresIfRange = true;
    switch (outcome.kind) {
      case 'refused':
        this.#refused(outcome);
        return;
      case 'ask-anew':
        this.#reopen();
        return;
      case 'parts':
        this.#delivery.beginParts(new PartHeadReader(outcome.boundary, this.#origin.peer), order);
        return;
      case 'body':
        this.#file.strikes = 0;
        this.#file.isTrusted = true;
        this.#delivery.begin({ position: outcome.start, end: outcome.end, order, whole: outcome.whole });
        this.#pump();
    }
  }

  /** An answer that is of no use. Too many of them, and ranges are not asked for any more; still too many: the end. */
  #strike(text: string): void {
    const next = this.#file.strike();
    const more = next === 'ask-whole' ? ': the file is asked for as a whole from now on' : '';
    this.#end(this.#error(next === 'give-up' ? 'http-range' : 'server-read-failed', text + more));
  }

  #refused({ code, text }: { readonly code: ErrorCode; readonly text: string }): void {
    if (this.#redirects.startOver(code)) this.#findAnew();
    else if (code === 'http-range' && this.#probing && !this.#probesWhole) {
      this.#file.rangesAreBroken = true;
      this.#file.ranges = false;
      this.#probesWhole = true;
      this.#reopen();
    } else if (code === 'http-range') this.#strike(text);
    else this.#end(this.#error(code, text));
  }

  // The end.

  #error(code: ErrorCode, what: string): ManygetError {
    return new ManygetError(code, `${this.#channel?.peer ?? this.#origin.peer} ${what}`);
  }

  #end(error: ManygetError): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#delivery.stop();
    if (error.scope === 'source') this.#file.isTrusted = false;
    this.#asked.forget();
    this.#channel?.destroy();
    this.#channel = undefined;
    this.#handler.closed(error);
  }
}
