import { asManygetError, ManygetError } from '../base/errors.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import type { Assembly } from './assembly.js';
import type { DownloadOutput } from './download-output.js';
import type { EventLog } from './event-log.js';
import type { ManifestCheck } from './manifest-check.js';
import type { FileFacts } from './resume-state.js';
import { statedBy } from './source-errors.js';

interface WholeProofParts {
  readonly check: ManifestCheck;
  readonly assembly: Assembly;
  readonly output: DownloadOutput;
  readonly hasher: PieceHasher;
  readonly log: EventLog;
  /** The file's facts where it came as one stream. */
  readonly streamed: () => FileFacts | undefined;
  readonly onFail: (error: ManygetError) => void;
}

/** What is certain of the whole file. */
interface ProvedWhole {
  /** Undefined where it was not computed. */
  readonly sha256: string | undefined;
  /** The stated hashes that it has ("sha-256, md5"); empty where none was stated. */
  readonly names: string;
}

/**
 * All bytes are here: holds the whole file against the hashes that were stated for it, and where it is wrong looks for
 * who brought wrong bytes, once for each source.
 */
export class WholeProof {
  readonly #parts: WholeProofParts;
  readonly #stopping = new AbortController();
  #isBusy = false;
  /** Bytes were taken out of the file since it was begun to be held against its hashes. */
  #isOutdated = false;
  #searches = 0;

  constructor(parts: WholeProofParts) {
    this.#parts = parts;
  }

  /** Nobody waits for an answer any more. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Bytes are missing again: what is being found out says nothing of the file as it will be. */
  forgotten(): void {
    this.#isOutdated = true;
  }

  /** The file is as its hashes say; undefined where that is being found out, where it goes on, and where it has failed. */
  async prove(): Promise<ProvedWhole | undefined> {
    if (this.#isBusy) return undefined;
    // What goes by in order is held against its hashes as it does.
    if (this.#parts.output.windowBytes !== undefined) return { sha256: undefined, names: '' };
    this.#isBusy = true;
    this.#isOutdated = false;
    try {
      const proved = await this.#checkWhole();
      return this.#isOver() ? undefined : proved;
    } catch (error) {
      if (this.#isOver()) return undefined;
      const fault = asManygetError(error, 'io-failed');
      if (!(await this.#heals(fault)) && !this.#isOver()) this.#parts.onFail(fault);
      return undefined;
    } finally {
      this.#isBusy = false;
      // They may have come again meanwhile, when nobody was to be told.
      if (this.#isOutdated && !this.#isStopped()) this.#parts.assembly.agree();
    }
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Nobody waits for this answer: the end has come, or it will be asked for anew once all bytes are here again. */
  #isOver(): boolean {
    return this.#isStopped() || this.#isOutdated;
  }

  /** True where it was found out who brought wrong bytes, and they are fetched again. */
  async #heals(fault: ManygetError): Promise<boolean> {
    const { assembly, check, log } = this.#parts;
    const expected = check.strongest ?? this.#statedHash;
    const searchesMax = assembly.pool.runners.length;
    if (fault.code !== 'verification-failed' || expected === undefined || this.#searches >= searchesMax) return false;
    this.#searches += 1;
    assembly.setPhase('finishing', 'the whole file is wrong: looking for who brought wrong bytes');
    try {
      if (!(await assembly.proof.accuse(expected.algorithm, expected.hex, this.#stopping.signal))) return false;
    } catch (error) {
      log.add({ type: 'notice', reason: asManygetError(error).message });
      return false;
    }
    if (!this.#isStopped()) assembly.setPhase('downloading', 'fetching wrong bytes again');
    return true;
  }

  /** Where no piece was proved, a stated digest of the whole is the only proof there is. */
  get #statedHash(): { algorithm: 'sha256'; hex: string } | undefined {
    const { pool, facts, isProved, transfer } = this.#parts.assembly;
    const hex = pool.statedSha256(facts?.contentId);
    const isStream = this.#parts.streamed() !== undefined;
    const isWanted = transfer?.verifier.isOn === true && !isProved && !isStream;
    return hex === undefined || !isWanted ? undefined : { algorithm: 'sha256', hex };
  }

  async #checkWhole(): Promise<ProvedWhole> {
    const { assembly, check, output, log, streamed } = this.#parts;
    const facts = streamed() ?? assembly.facts;
    if (facts === undefined) return { sha256: undefined, names: '' };
    if (!check.isWanted) return this.#checkStated();
    assembly.setPhase('finishing', `checking the whole file: ${check.names}`);
    const hashes = await check.finish(output.partPath, facts.sizeBytes);
    log.add({ type: 'notice', reason: `the whole file is as expected: ${check.names}` });
    return { sha256: hashes.sha256, names: check.names };
  }

  async #checkStated(): Promise<ProvedWhole> {
    const stated = this.#statedHash;
    if (stated === undefined) return { sha256: undefined, names: '' };
    const { assembly, hasher, output } = this.#parts;
    const sha256 = await hasher.hashWholeFile(output.partPath);
    if (sha256 === stated.hex) return { sha256, names: 'sha-256' };
    const who = assembly.pool.whoStatesSha256(assembly.facts?.contentId);
    throw new ManygetError(
      'verification-failed',
      `the file's SHA-256 is ${sha256}, expected ${stated.hex}${who === undefined ? '' : statedBy(who)}; it is kept as ${output.partPath}`,
    );
  }
}
