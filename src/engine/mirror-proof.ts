import type { DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, type HashAlgorithm } from '../base/hash-algorithm.js';
import type { PartFile } from '../store/part-file.js';
import { Audit } from './audit.js';
import { findCulprit } from './culprit-search.js';
import type { SourcePool } from './source-pool.js';
import { isNamed } from './source-pool.js';
import type { Transfer } from './transfer.js';
import type { WrongBytes } from './wrong-bytes.js';

interface MirrorProofParts {
  readonly options: DownloadOptions;
  /** What has come stays where it can be compared. */
  readonly keepsFile: boolean;
  /** Hashes of the whole file are known, and will decide in the end. */
  readonly endIsKnown: boolean;
  readonly pool: SourcePool;
  readonly wrong: () => WrongBytes;
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly onFail: (error: ManygetError) => void;
  readonly onSettled: () => void;
}

/** Has sources compared where there is nothing better: no hashes of pieces, and nobody who may state them yet. */
export class MirrorProof {
  readonly #parts: MirrorProofParts;
  #transfer: Transfer | undefined;
  #part: PartFile | undefined;
  #audit: Audit | undefined;
  #isWaiting = false;
  #hasSaidSo = false;

  constructor(parts: MirrorProofParts) {
    this.#parts = parts;
  }

  /** What was compared, in a sentence; undefined where nothing was. */
  get summary(): string | undefined {
    return this.#isWanted ? this.#audit?.summary : undefined;
  }

  begin(transfer: Transfer, part: PartFile): void {
    this.#audit?.close();
    const { options, keepsFile, endIsKnown, pool, wrong, random, nowMs, onFail, onSettled } = this.#parts;
    this.#transfer = transfer;
    this.#part = part;
    const audit = new Audit({
      part,
      ledger: transfer.ledger,
      runners: pool.runners,
      hasLeftAll: (runner) => wrong().hasLeftAll(runner),
      ordered: () => transfer.scheduler.inFlight(),
      trusts: (runner) => isNamed(options.trust, runner.source),
      endIsKnown,
      random,
      nowMs,
      onWrong: (runner, error) => wrong().quarantine(runner, error),
      onSpoilt: (deliverer, offset, reason) => wrong().spoilt(deliverer, offset, reason),
      onFail,
      onSettled,
    });
    this.#audit = audit;
    if (keepsFile && options.verify !== false) {
      transfer.sink.onBooked = (bytes, start, source) => {
        if (!transfer.verifier.hasHashes) audit.booked(bytes, start, source);
      };
    }
  }

  /** Time passes. @param busy How much of it this process was at work, 0 to 1. */
  tick(busy: number): void {
    if (this.#isWanted) this.#audit?.tick(busy);
  }

  /** All bytes are here: true while it is not known yet whether they may stay. */
  isUndecided(): boolean {
    if (!this.#isWanted) return false;
    this.#audit?.tick(0);
    this.#isWaiting = this.#audit?.isSettled === false;
    return this.#isWaiting || this.#transfer?.ledger.isReceived !== true;
  }

  /** True once each time all bytes are here and answers are waited for: the disk can do its part meanwhile. */
  takeWait(): boolean {
    const isFirst = this.#isWaiting && !this.#hasSaidSo;
    this.#hasSaidSo = this.#isWaiting;
    return isFirst;
  }

  /**
   * The whole file does not have this hash: true where a source was found whose bytes are wrong, so that they are
   * fetched again, or where all are being asked about a place at which they differ.
   */
  async accuse(algorithm: HashAlgorithm, expected: string, signal: AbortSignal): Promise<boolean> {
    const [transfer, part] = [this.#transfer, this.#part];
    if (transfer === undefined || part === undefined) return false;
    const { ledger } = transfer;
    const { runners } = this.#parts.pool;
    const found = await findCulprit({ ledger, part, runners, algorithm, expected, signal });
    if (found.kind === 'nobody') return false;
    if (found.kind === 'culprit') {
      const { label } = found.runner.source;
      const text = `${label} gave wrong bytes: with those of ${found.rightRunner.source.label} in their place the file has its ${hashAlgorithms[algorithm].ianaName}; it is left out, and what it gave is fetched again`;
      this.#parts.wrong().quarantine(found.runner, new ManygetError('content-differs', text));
      return true;
    }
    this.#audit?.ask(found.difference.start, found.difference.bytes.length, found.difference.deliverer);
    return true;
  }

  forget(start: number, end: number): void {
    this.#isWaiting = false;
    this.#audit?.forget(start, end);
  }

  close(): void {
    this.#audit?.close();
  }

  get #isWanted(): boolean {
    const { options, pool, keepsFile } = this.#parts;
    if (this.#transfer === undefined || !keepsFile || options.verify === false || !pool.mirrors.isSettled) return false;
    const { ledger, verifier } = this.#transfer;
    // Who is not there in the end, or has not stated hashes in all that time, states none.
    return !verifier.hasHashes && !(ledger.isReceived ? pool.awaitsHashes : pool.mayHearHashes);
  }
}
