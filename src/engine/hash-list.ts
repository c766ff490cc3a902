import { ManygetError } from '../base/errors.js';
import { contentId, pieceCount } from '../wire/content-id.js';
import { mgpLimits } from '../wire/mgp-limits.js';
import type { Link } from './link.js';

/** Who was asked and has sent nothing for so long, no bytes of the file either, is not there any more. */
const silenceMsMax = 5000;

interface HashListParts {
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  /** All hashes; they give the content id that the link states. */
  readonly onHashes: (link: Link, hashes: Uint8Array) => void;
  /** A source's hashes do not fit what it says of itself. */
  readonly onWrong: (link: Link, error: ManygetError) => void;
}

/**
 * Gets the piece hashes from one source after another until one has sent a list that gives its content id.
 *
 * Invariant: at most one connection is asked at a time.
 */
export class HashList {
  readonly #parts: HashListParts;
  readonly #hashes: Uint8Array;
  readonly #count: number;
  #asked: Link | undefined;
  #have = 0;
  #done = false;
  /** How far the one that is asked had come when it was last heard of. */
  #heardAtMs: number | undefined;
  #heardOffset: number | undefined;

  constructor(parts: HashListParts) {
    this.#parts = parts;
    this.#count = pieceCount(parts.sizeBytes, parts.pieceBytes);
    this.#hashes = new Uint8Array(this.#count * 32);
  }

  /** A connection whose source knows its hashes: asks it, unless another one is being asked. */
  offer(link: Link): void {
    if (this.#done || this.#asked !== undefined || link.info?.contentId === undefined || link.isClosed) return;
    if (this.#count === 0) {
      this.#complete(link, link.info.contentId);
      return;
    }
    this.#asked = link;
    this.#have = 0;
    this.#askNext(link);
  }

  received(link: Link, firstPiece: number, hashes: Uint8Array): void {
    if (this.#done || link !== this.#asked || firstPiece !== this.#have) return;
    this.#hashes.set(hashes, firstPiece * 32);
    this.#have += hashes.length / 32;
    if (this.#have < this.#count) this.#askNext(link);
    else this.#complete(link, link.info?.contentId ?? '');
  }

  /** This connection is no help any more; another one is to be offered. */
  lost(link: Link): void {
    if (link === this.#asked) this.#asked = undefined;
  }

  /** Time passes: nobody else would notice that the one that is asked says nothing, where it owes no bytes. */
  tick(nowMs: number): void {
    const link = this.#asked;
    if (link === undefined) return;
    const offset = link.inlet?.offset;
    if (this.#heardAtMs === undefined || offset !== this.#heardOffset || link.isWaitingForRoom) {
      this.#heardAtMs = nowMs;
      this.#heardOffset = offset;
    } else if (nowMs - this.#heardAtMs > silenceMsMax) {
      this.#asked = undefined;
      const text = `${link.runner.source.label} was asked for its piece hashes and said nothing for ${silenceMsMax / 1000} s`;
      link.close(new ManygetError('source-silent', text));
    }
  }

  #askNext(link: Link): void {
    this.#heardAtMs = undefined;
    link.requestHashes(this.#have, Math.min(mgpLimits.hashesMax, this.#count - this.#have));
  }

  #complete(link: Link, stated: string): void {
    this.#asked = undefined;
    const actual = contentId(this.#parts.sizeBytes, this.#parts.pieceBytes, this.#hashes);
    if (actual === stated) {
      this.#done = true;
      this.#parts.onHashes(link, this.#hashes);
      return;
    }
    const text = `${link.runner.source.label} sent piece hashes that give the content id ${actual}, expected ${stated} as it stated`;
    this.#parts.onWrong(link, new ManygetError('protocol-violation', text));
  }
}
