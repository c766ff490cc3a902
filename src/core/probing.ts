/** Asking a connection more often how late it is brings nothing. */
const probeMsMin = 250;
const probeMsMax = 2000;
/** In its first seconds a connection fills the way, and what the last answer said is soon wrong. */
const youngMs = 2000;

interface AnswerFacts {
  readonly hasStalled: boolean;
  readonly isBusy: boolean;
}

/** What probes on one connection told: each is answered behind everything that was sent before it. */
export class Probing {
  readonly #bornMs: number;
  #nextMs: number;
  #askedAtMs: number | undefined;
  #receivedWhenAsked = 0;
  #lastMs: number | undefined;
  #meanMs: number | undefined;
  #pipeBytes = 0;

  constructor(nowMs: number) {
    this.#bornMs = nowMs;
    this.#nextMs = nowMs + probeMsMin;
  }

  /** How long answers took, as a mean in which the last one counts most; undefined before the first. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** How long the last answer took that came while the connection had more to do; undefined before the first. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  /** What came between a probe and its answer: bytes that were on the way. */
  get pipeBytes(): number {
    return this.#pipeBytes;
  }

  /** True where it is time to ask again, `leftMs` before the connection is done; then it counts as asked. */
  take(nowMs: number, leftMs: number, receivedBytes: number): boolean {
    if (nowMs < this.#nextMs) return false;
    if (this.#askedAtMs !== undefined && nowMs - this.#askedAtMs < 4 * probeMsMin) return false;
    const restMs = nowMs - this.#bornMs < youngMs ? probeMsMin : Math.min(probeMsMax, leftMs / 4);
    this.#nextMs = nowMs + Math.max(probeMsMin, restMs);
    this.#askedAtMs = nowMs;
    this.#receivedWhenAsked = receivedBytes;
    return true;
  }

  /**
   * The answer is there. Where nothing came for longer than the way explains (`hasStalled`) it waited for the end of a stall; where
   * the connection has nothing more to do (not `isBusy`), nothing was in its way.
   */
  answered(nowMs: number, receivedBytes: number, { hasStalled, isBusy }: AnswerFacts): void {
    if (this.#askedAtMs === undefined) return;
    const sample = nowMs - this.#askedAtMs;
    this.#askedAtMs = undefined;
    const pipe = receivedBytes - this.#receivedWhenAsked;
    this.#pipeBytes = Math.max(pipe, (this.#pipeBytes + pipe) / 2);
    if (hasStalled) return;
    if (isBusy) this.#lastMs = sample;
    this.#meanMs = this.#meanMs === undefined ? sample : this.#meanMs * 0.4 + sample * 0.6;
  }
}
