import { hedgeBytesFree } from './split.js';

/** Share of the bytes that may be fetched twice on purpose; a little more is always allowed, as far as the file is not small itself. */
const hedgeShareMax = 0.012;
const hedgeBytesMin = 256 * 1024;
/** Small hedges are allowed whatever was hedged before, until all of them are this share of the file. */
const smallHedgeShareMax = 0.02;
/** And as many as all connections bring in this share of the time that is gained. */
const hedgePrice = 0.05;

/** How much of a file may still be fetched twice on purpose. */
export class HedgeAllowance {
  #bytesLeft: number;
  #smallBytesLeft: number;

  constructor(missingBytes: number) {
    this.#smallBytesLeft = missingBytes * smallHedgeShareMax;
    this.#bytesLeft = Math.min(hedgeBytesMin, this.#smallBytesLeft) + missingBytes * hedgeShareMax;
  }

  get bytesLeft(): number {
    return this.#bytesLeft;
  }

  /** At most so many of `bytes`, whatever was hedged before. */
  smallBytes(bytes = hedgeBytesFree): number {
    return Math.min(bytes, this.#smallBytesLeft);
  }

  /** For each millisecond gained, where all bring `rateSum` bytes a second. */
  bytesPerMs(rateSum: number): number {
    return (rateSum / 1000) * hedgePrice;
  }

  hedged(bytes: number): void {
    this.#bytesLeft -= bytes;
    this.#smallBytesLeft -= bytes;
  }
}
