import { nameInAddress } from '../../base/source-address.js';
import { choosePieceBytes } from '../../wire/content-id.js';
import type { KnownFile } from '../../wire/http-answer.js';
import { ifRangeValue, noValidators, type Validators } from '../../wire/http-validators.js';
import type { LearnedAddress, PublishedFacts, SourceInfo } from '../source.js';
import { isPrivateAddress } from './http-redirect.js';

/** Useless answers to range requests, in a row, after which parts are not asked for any more, or the source is given up. */
const strikesMax = 3;
/** Addresses in a row that have expired before a byte came: the next one is not better. */
const expiriesMax = 3;

/** What an answer adds to what is known of the file. */
interface LearnedFacts {
  readonly sizeBytes: number;
  readonly validators: Validators;
  readonly name: string | undefined;
  /** Undefined where nobody wants to know. */
  readonly published: PublishedFacts | undefined;
}

/**
 * What one source's connections know together of its file: where it is by now, how large, of which version, and
 * whether the server gives parts of it.
 *
 * Invariant: size and validators are those of the first good answer and never change; who sees others reports a
 * changed file.
 */
export class HttpFile {
  /** As the user gave it, without a login. */
  readonly original: URL;
  readonly urlName: string;
  readonly isLearned: boolean;
  #url: URL;
  #publicOnly: boolean;
  readonly #isPublicFromTheStart: boolean;
  #known: KnownFile = { sizeBytes: undefined, validators: noValidators };
  #info: SourceInfo | undefined;
  /** Parts of it can be asked for; undefined: nobody has tried. */
  ranges: boolean | undefined;
  /** The newest answer was a good one: another connection need not ask for the facts again. */
  isTrusted = false;
  /** Its answers to ranges have proved useless: it is used from the start on, as if it gave no parts. */
  rangesAreBroken = false;
  /** Times that the redirects were followed anew and no byte has come since; undefined: none has ever come. */
  #expiries: number | undefined;
  /** Range answers in a row that were of no use. */
  strikes = 0;

  /** @param learned Somebody else than the user named it. */
  constructor(url: URL, learned?: LearnedAddress) {
    this.isLearned = learned !== undefined;
    this.#isPublicFromTheStart = learned?.publicOnly === true;
    this.#publicOnly = this.#isPublicFromTheStart;
    this.original = new URL(url);
    this.original.username = '';
    this.original.password = '';
    this.original.hash = '';
    this.#url = this.original;
    this.urlName = nameInAddress(this.original.href);
  }

  /** Where it is to be asked for: behind the redirects, once they were followed. */
  get url(): URL {
    return this.#url;
  }

  /** It must not be fetched from addresses of this machine and its own network. */
  get publicOnly(): boolean {
    return this.#publicOnly;
  }

  get known(): KnownFile {
    return this.#known;
  }

  get info(): SourceInfo | undefined {
    return this.#info;
  }

  /** What to send so that another version is not taken for this one; undefined where nothing is strong enough. */
  get ifRange(): string | undefined {
    return ifRangeValue(this.#known.validators);
  }

  get isMoved(): boolean {
    return this.#url !== this.original;
  }

  /** Its server is out in the internet: what it names may not lead into our own network. */
  isFromPublic(remoteAddress: string | undefined): boolean {
    return this.#publicOnly || (remoteAddress !== undefined && !isPrivateAddress(remoteAddress));
  }

  movedTo(url: URL, publicOnly: boolean): void {
    this.#url = url;
    this.#publicOnly ||= publicOnly;
    this.isTrusted = false;
  }

  /** Bytes of it have come. */
  hasWorked(): void {
    this.#expiries = 0;
  }

  /** Where the redirects led to has worked before, and may again in another place. */
  get mayHaveExpired(): boolean {
    return this.isMoved && this.#expiries !== undefined && this.#expiries < expiriesMax;
  }

  /** Where the redirects led to is of no use any more: they are followed anew. */
  forgetMove(): void {
    this.#expiries = (this.#expiries ?? 0) + 1;
    this.#url = this.original;
    this.#publicOnly = this.#isPublicFromTheStart;
    this.isTrusted = false;
  }

  /** Counts an answer that is of no use, and says what comes next. */
  strike(): 'try-again' | 'ask-whole' | 'give-up' {
    this.strikes += 1;
    if (this.strikes < strikesMax) return 'try-again';
    if (this.rangesAreBroken) return 'give-up';
    this.rangesAreBroken = true;
    this.strikes = 0;
    return 'ask-whole';
  }

  learn(facts: LearnedFacts): SourceInfo {
    if (this.#known.sizeBytes === undefined) {
      this.#known = { sizeBytes: facts.sizeBytes, validators: facts.validators };
    }
    this.isTrusted = true;
    this.#info = {
      name: facts.name ?? this.urlName,
      sizeBytes: this.#known.sizeBytes ?? facts.sizeBytes,
      mtimeMs: this.#known.validators.lastModifiedMs ?? 0,
      pieceBytes: choosePieceBytes(facts.sizeBytes),
      contentId: undefined,
      sha256: facts.published?.hashes.sha256,
      hashedBytes: 0,
      version: facts.validators.etag ?? facts.validators.lastModified,
      published: facts.published,
      traits: { canTrim: false, ranges: this.ranges === true },
    };
    return this.#info;
  }
}
