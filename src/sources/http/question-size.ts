/** Ranges in one request at first: what our own servers take, and less than any that has a limit worth speaking of. */
const rangesFirst = 64;
/** What goes on top of a range is paid for each request. Apache takes 200; these are 5 KB of a head, of the 8 that servers take at the least. */
const rangesMax = 192;
/** An answer that comes so soon may be larger. */
const soonMs = 100;
/** And one that takes so long keeps what matters more waiting. */
const lateMs = 400;

/** How many ranges one request is for: as many as this server answers with parts, and soon. Knows nothing of what is in them. */
export class QuestionSize {
  #ranges = rangesFirst;
  #most = rangesMax;

  get ranges(): number {
    return this.#ranges;
  }

  /** All `asked` ranges were answered, in so many milliseconds. */
  answered(asked: number, tookMs: number): void {
    if (tookMs >= lateMs) this.#ranges = Math.min(this.#ranges, rangesFirst);
    else if (tookMs < soonMs && asked === this.#ranges) this.#ranges = Math.min(this.#most, asked * 2);
  }

  /** Of more than these the answer had nothing. */
  brought(ranges: number): void {
    this.#ranges = ranges;
    this.#most = ranges;
  }

  /** So many are more than any server has to take. */
  isTrying(asked: number): boolean {
    return asked > rangesFirst;
  }

  /** The answer to `asked` ranges was not one of parts: from now on fewer, and where those were few, one at a time. */
  refused(asked: number): void {
    this.brought(this.isTrying(asked) ? rangesFirst : 1);
  }

  /** `asked` ranges had no answer, whatever that was due to: it may have been that they were so many. */
  failed(asked: number): void {
    if (this.isTrying(asked)) this.brought(rangesFirst);
  }
}
