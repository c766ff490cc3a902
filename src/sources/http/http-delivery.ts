import { ManygetError } from '../../base/errors.js';
import type { SegmentId } from '../../core/scheduler-messages.js';
import type { PartHeadReader } from '../../wire/http-part-head-reader.js';
import type { ConnectionHandler } from '../source.js';

const frameBytes = 1024 * 1024;
/** Bytes that are wanted by nobody land here: written over again and again, read by nobody. */
const scratch = new Uint8Array(64 * 1024);

/** A range that the engine wants. */
export interface Order {
  readonly segment: SegmentId;
  position: number;
  end: number;
  /** A request for it is out, or its bytes are coming. */
  asked: boolean;
}

/** A body of file bytes that begins to come. */
export interface FileBody {
  /** File offset of its first byte. */
  readonly position: number;
  /** Where it ends; undefined: the file's size is not known. */
  readonly end: number | undefined;
  /** Who gets it; undefined: nobody yet. */
  readonly order: Order | undefined;
  /** The whole file from its start on: where parts cannot be asked for, one order after another is filled from it. */
  readonly whole: boolean;
}

interface RunningBody extends FileBody {
  position: number;
  order: Order | undefined;
  /** Left of what the engine was told to expect. */
  frameLeft: number;
}

/** A multipart body whose first part has not begun. */
interface RunningParts {
  readonly reader: PartHeadReader;
  readonly order: Order;
}

/** A body of which the first byte alone is asked for. */
interface PeekedBody {
  readonly onFirst: (byte: number) => void;
}

/**
 * Brings the bodies of answers to those who ordered them: skips what is before a wanted range, ends it where it was
 * trimmed, and reads over what nobody wants. Knows nothing of HTTP and of connections.
 *
 * Invariants: orders are filled in the order in which they were given. The engine's memory is asked for only from
 * within `target`.
 */
export class HttpDelivery {
  readonly #handler: ConnectionHandler;
  readonly #onSurplus: (leftBytes: number, whole: boolean) => void;
  readonly #orders: Order[] = [];
  #body: RunningBody | RunningParts | PeekedBody | 'unwanted' | undefined;
  #isStopped = false;

  /** @param onSurplus The rest of the body is wanted by nobody: `discardRest`, or hang up and `forget`. */
  constructor(handler: ConnectionHandler, onSurplus: (leftBytes: number, whole: boolean) => void) {
    this.#handler = handler;
    this.#onSurplus = onSurplus;
  }

  /** A body is coming, of the file or not. */
  get isBusy(): boolean {
    return this.#body !== undefined;
  }

  /** The first order that nobody was asked for yet. */
  get next(): Order | undefined {
    return this.#orders.find((order) => !order.asked);
  }

  /** What the whole file that is coming means for the next order; undefined where none is coming. */
  get wholeBody(): 'in-use' | 'ahead' | 'gone-by' | undefined {
    const body = this.#body;
    if (!isFileBody(body) || !body.whole) return undefined;
    if (body.order !== undefined) return 'in-use';
    return (this.next?.position ?? Infinity) < body.position ? 'gone-by' : 'ahead';
  }

  add(segment: SegmentId, start: number, end: number): void {
    this.#orders.push({ segment, position: start, end, asked: false });
  }

  trim(segment: SegmentId, end: number): void {
    const order = this.#orders.find((o) => o.segment === segment);
    if (order === undefined || end >= order.end) return;
    order.end = Math.max(end, order.position);
    // One whose bytes are on their way ends when they come: a server that is silent stays one that owes something.
    if (!order.asked && order.position >= order.end) this.#finish(order);
  }

  /** Ends orders that were taken back to nothing while their answers were awaited in vain: no range says that. */
  dropEmpty(): void {
    for (const order of this.#orders.filter((o) => !o.asked && o.position >= o.end)) this.#finish(order);
  }

  /** The next body is of the file. */
  begin(body: FileBody): void {
    this.#body = { ...body, frameLeft: 0 };
  }

  /** The next body has parts: its first one is for `order`. */
  beginParts(reader: PartHeadReader, order: Order): void {
    this.#body = { reader, order };
  }

  /** The next body, or what is left of this one, is of no use. */
  discardRest(): void {
    this.#body = 'unwanted';
  }

  /** The next body is of no use, but for its first byte. */
  peek(onFirst: (byte: number) => void): void {
    this.#body = { onFirst };
  }

  /** Nothing more comes of what was asked for: it is to be asked for again. */
  forget(): void {
    this.#body = undefined;
    for (const order of this.#orders) order.asked = false;
  }

  /** Nothing more is told to anybody. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Where the next bytes of the body go; undefined while nobody has room for them, or wants them yet. */
  target(bytesMax: number): Uint8Array | undefined {
    const body = this.#wantedBody();
    if (body === undefined) return undefined;
    // One byte at a time: the first byte of the part belongs elsewhere.
    if (body !== 'unwanted' && !isFileBody(body)) return scratch.subarray(0, 1);
    if (body === 'unwanted') return scratch.subarray(0, Math.min(bytesMax, scratch.length));
    const { order, position } = body;
    if (position < order.position) {
      const most = this.#handler.maySkip(Math.min(bytesMax, scratch.length, order.position - position));
      return most > 0 ? scratch.subarray(0, most) : undefined;
    }
    if (body.frameLeft === 0) {
      body.frameLeft = Math.min(order.end, position - (position % frameBytes) + frameBytes) - position;
      this.#handler.dataStart(order.segment, position, body.frameLeft);
    }
    return this.#handler.dataTarget(Math.min(bytesMax, body.frameLeft));
  }

  /** `bytes` bytes are at the start of the last target. True where they are in the file now. */
  filled(bytes: number): boolean {
    const body = this.#body;
    if (body === undefined || body === 'unwanted') return false;
    if (!isFileBody(body)) {
      if ('reader' in body) this.#partHead(body);
      else this.#peeked(body);
      return false;
    }
    const { order } = body;
    const skips = order === undefined || body.position < order.position;
    body.position += bytes;
    if (skips) {
      this.#handler.skipped(body.position, bytes);
      return false;
    }
    order.position = body.position;
    body.frameLeft -= bytes;
    this.#handler.dataFilled(bytes);
    if (!this.#isStopped && order.position >= order.end) this.#finish(order);
    return true;
  }

  /**
   * The body is over.
   * @throws ManygetError `connection-lost`: before its end.
   */
  ended(peer: string): void {
    const body = this.#body;
    this.#body = undefined;
    if (body === undefined || body === 'unwanted' || 'onFirst' in body) return;
    if ('reader' in body) throw new ManygetError('http-range', `${peer} sent a multipart answer without a part`);
    if (body.end !== undefined && body.position < body.end) {
      throw new ManygetError(
        'connection-lost',
        `${peer} ended its answer at byte ${body.position}, expected ${body.end}`,
      );
    }
    // Shorter than what was asked for: the rest is anybody's.
    if (body.order !== undefined) this.#finish(body.order);
  }

  /** The body with the order that it is for; ends orders that have all they want. */
  #wantedBody(): (RunningBody & { order: Order }) | RunningParts | PeekedBody | 'unwanted' | undefined {
    for (;;) {
      const body = this.#body;
      if (this.#isStopped || body === undefined) return undefined;
      if (!isFileBody(body)) return body;
      if (body.order === undefined && body.whole) this.#adopt(body);
      if (body.order === undefined) return undefined;
      if (body.order.position < body.order.end) return body as RunningBody & { order: Order };
      this.#finish(body.order);
    }
  }

  /** A body that nobody owns goes to the next order, where it has not gone by. */
  #adopt(body: RunningBody): void {
    const { next } = this;
    if (next === undefined || next.position < body.position) return;
    next.asked = true;
    body.order = next;
    body.frameLeft = 0;
  }

  #finish(order: Order): void {
    const at = this.#orders.indexOf(order);
    if (at < 0) return;
    this.#orders.splice(at, 1);
    const body = this.#body;
    const isComing = isFileBody(body) && body.order === order;
    if (isComing) body.order = undefined;
    this.#handler.segmentEnded(order.segment, order.position);
    if (this.#isStopped || !isComing || this.#body !== body) return;
    const left = (body.end ?? Infinity) - body.position;
    if (left > 0) this.#onSurplus(left, body.whole);
    // The end of the body itself, or what follows, is still to be read.
    else this.#body = 'unwanted';
  }

  #peeked({ onFirst }: PeekedBody): void {
    this.#body = 'unwanted';
    onFirst(scratch[0] ?? 0);
  }

  #partHead({ reader, order }: RunningParts): void {
    reader.push(scratch.subarray(0, 1));
    const { range } = reader;
    if (range === undefined) return;
    if (range.start > order.position || range.end <= order.position) {
      const text = `a part of bytes ${range.start} to ${range.end}, expected them from ${order.position}`;
      throw new ManygetError('http-range', `a multipart answer begins with ${text}`);
    }
    this.begin({ position: range.start, end: range.end, order, whole: false });
  }
}

function isFileBody(body: RunningBody | RunningParts | PeekedBody | 'unwanted' | undefined): body is RunningBody {
  return body !== undefined && body !== 'unwanted' && 'position' in body;
}
