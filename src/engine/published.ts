import type { DownloadOptions } from '../base/download-handle.js';
import { asManygetError, ManygetError } from '../base/errors.js';
import { hashAlgorithms } from '../base/hash-algorithm.js';
import { strongestHash, type FileHashes, type Manifest } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { isSourceAddress } from '../base/source-address.js';
import type { LearnedAddress, PublishedFacts, Source } from '../sources/source.js';
import { choosePieceBytes, pieceCount } from '../wire/content-id.js';
import type { Assembly } from './assembly.js';
import type { EventLog } from './event-log.js';
import type { LiveControl } from './live-control.js';
import type { ManifestCheck } from './manifest-check.js';
import { countOfPieces, type ManifestFacts } from './manifest-facts.js';
import type { DownloadOutput } from './download-output.js';
import { statedBy } from './source-errors.js';
import type { SourcePool } from './source-pool.js';
import type { SourceRunner } from './source-runner.js';

/** A manifest that takes longer is not worth waiting for: what it would save is less. */
const waitMsMax = 1500;
/** One that comes beside the file's bytes holds nobody up: there is time while some are missing, up to this. */
const besideMsMax = 10_000;
/** A manifest whose pieces are promised is fetched behind the first bytes of the file, or after this time. */
const firstBytesMsMax = 100;
/** Addresses that are taken from headers and manifests, together. */
const mirrorsMax = 16;

/** Gets a Metalink, and what it says of the file called `name`. */
export type FetchManifest = (
  url: string,
  name: string,
  learned: LearnedAddress,
  signal: AbortSignal,
) => Promise<Manifest>;

interface PublishedParts {
  readonly options: DownloadOptions;
  readonly manifest: ManifestFacts;
  readonly check: ManifestCheck;
  readonly assembly: Assembly;
  readonly control: LiveControl;
  readonly output: DownloadOutput;
  readonly log: EventLog;
  readonly nowMs: () => number;
  readonly makeSource: (url: string, learned: LearnedAddress) => Source;
  readonly fetchManifest: FetchManifest;
}

/**
 * What the sources that the user named publish beside the file (digests, a Metalink, other addresses), and what of it
 * is used: the first digest and the first manifest, where the user has given none; other addresses only where hashes
 * of the pieces, or what they themselves state, prove that they hold the same bytes.
 *
 * Invariant: what is published by a source that was found on the way is not followed any further.
 */
export class Published {
  readonly #parts: PublishedParts;
  readonly #heard = new Set<SourceRunner>();
  /** Sources that were found on the way, each with the source that named it. */
  readonly #found = new Map<string, SourceRunner>();
  /** Heard while a manifest was on its way: where else they lead is looked at after that. */
  readonly #unfollowed: SourceRunner[] = [];
  readonly #ending = new AbortController();
  /** A manifest is on its way and worth waiting for, until then at the most. */
  #waitsUntilMs: number | undefined;
  /** It comes beside the file's bytes, for which it may take until then. */
  #besideUntilMs = 0;
  #hasWaited = false;
  /** Whose manifest is fetched once there are bytes: what is in it was promised. */
  #promised: { readonly runner: SourceRunner; readonly sinceMs: number } | undefined;
  /** The manifest that is here, of which others may yet say that it is theirs. */
  #arrived: { readonly runner: SourceRunner; readonly document: Manifest } | undefined;
  #hasBegun = false;
  /** Who has stated the digest that counts. */
  #author: SourceRunner | undefined;

  constructor(parts: PublishedParts) {
    this.#parts = parts;
  }

  /**
   * Looks at what `good`, the sources that agree on a file of `sizeBytes` bytes, publish. True while more is on its way
   * and worth waiting for. What comes after the first false changes nothing about the pieces any more, but for the
   * manifest whose pieces were promised.
   */
  isPending(good: readonly SourceRunner[], sizeBytes: number): boolean {
    for (const runner of good) {
      if (this.#heard.has(runner) || runner.info === undefined || runner.isStopped) continue;
      this.#heard.add(runner);
      const author = this.#found.get(runner.source.url);
      if (author !== undefined) this.#vet(runner, author);
      else if (runner.info.published !== undefined) this.#hear(runner, runner.info.published, sizeBytes);
    }
    this.#goOn(sizeBytes);
    const { manifest, output } = this.#parts;
    const waits = this.#waitsUntilMs !== undefined;
    if (!waits && !this.#hasBegun && !this.#pool.mayHearHashes)
      manifest.keepCut(output.earlier?.replay.header.pieceBytes);
    this.#hasBegun ||= !waits;
    return waits && !this.#pool.hashesArePromised;
  }

  /** Nothing more is fetched or used. */
  close(): void {
    this.#ending.abort();
  }

  #hear(runner: SourceRunner, published: PublishedFacts, sizeBytes: number): void {
    const { options } = this.#parts;
    if (options.verify === false || options.followLinks === false) return;
    this.#adoptHashes(runner, published.hashes);
    const wantsPieces = options.manifest?.pieces === undefined && !this.#pool.mayHearHashes && !this.#hasBegun;
    if (this.#waitsUntilMs !== undefined) this.#unfollowed.push(runner);
    else if (!wantsPieces || this.#hasWaited || published.manifestUrl === undefined) {
      this.#follow(runner, published.mirrors);
    } else this.#await(runner, published, sizeBytes);
  }

  /** A manifest is worth waiting for: before anything begins, unless what matters for that is promised. */
  #await(runner: SourceRunner, published: PublishedFacts, sizeBytes: number): void {
    const isPromise = published.manifestPieceBytes === choosePieceBytes(sizeBytes);
    this.#hasWaited = true;
    if (!isPromise || this.#parts.output.earlier !== undefined) {
      void this.#fetch(runner);
      return;
    }
    this.#waitsUntilMs = Infinity;
    this.#pool.hashesArePromised = true;
    this.#promised = { runner, sinceMs: this.#parts.nowMs() };
  }

  /** Takes the next step with the manifest that is waited for. */
  #goOn(sizeBytes: number): void {
    if (this.#waitsUntilMs === undefined) return;
    const nowMs = this.#parts.nowMs();
    const [promised, arrived] = [this.#promised, this.#arrived];
    const ledger = this.#parts.assembly.transfer?.ledger;
    const hasBytes = ledger !== undefined && ledger.receivedBytes > 0;
    if (promised !== undefined && (hasBytes || nowMs - promised.sinceMs >= firstBytesMsMax)) {
      this.#promised = undefined;
      this.#besideUntilMs = nowMs + besideMsMax;
      void this.#fetch(promised.runner);
    }
    if (nowMs < this.#besideUntilMs && ledger?.isReceived === false) this.#waitsUntilMs = nowMs + waitMsMax;
    const isLate = nowMs >= this.#waitsUntilMs;
    if (arrived !== undefined && (isLate || !this.#isVoteOpen(arrived.document))) {
      this.#use(arrived.runner, arrived.document, sizeBytes);
    } else if (isLate) this.#settle();
  }

  /** The digest of the whole file is the proof where there is no better one. */
  #adoptHashes(runner: SourceRunner, hashes: FileHashes): void {
    const { manifest, check } = this.#parts;
    const strongest = strongestHash(hashes);
    const isStated = check.isWanted || this.#isUsers || this.#author !== undefined;
    if (isStated || strongest === undefined || this.#hasBegun) return;
    if (manifest.pieces !== undefined || !this.#isVouchedFor(strongest.algorithm, strongest.hex)) return;
    this.#author = runner;
    manifest.adopt({ ...this.#parts.options.manifest, hashes });
    this.#expect(runner, { [strongest.algorithm]: strongest.hex });
    this.#note(`${runner.source.label} states the ${hashAlgorithms[strongest.algorithm].ianaName} of the file`);
  }

  async #fetch(runner: SourceRunner): Promise<void> {
    const { publicOnly = true, manifestUrl = '' } = runner.info?.published ?? {};
    const name = runner.info?.name ?? runner.source.fileName;
    this.#waitsUntilMs = this.#parts.nowMs() + waitMsMax;
    try {
      const document = await this.#parts.fetchManifest(manifestUrl, name, { publicOnly }, this.#ending.signal);
      if (this.#ending.signal.aborted) return;
      this.#arrived = { runner, document };
      if (this.#waitsUntilMs === undefined)
        throw new ManygetError('manifest-refused', 'it came after the download had begun');
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#refuse(runner, error);
      this.#settle(runner);
    }
    this.#parts.assembly.agree();
  }

  #use(runner: SourceRunner, document: Manifest, sizeBytes: number): void {
    let more: readonly string[] = [];
    try {
      this.#adoptManifest(runner, document, sizeBytes);
      more = document.sources.map((source) => source.url);
    } catch (error) {
      this.#refuse(runner, error);
    }
    this.#settle(runner, more);
  }

  #refuse(runner: SourceRunner, error: unknown): void {
    const why = asManygetError(error).message;
    this.#note(`what ${runner.source.label} names as its manifest is not used: ${printable(why, 300)}`);
  }

  /** Nothing waits for a manifest any more: `author`'s, which names `more` addresses, has come, or will not. */
  #settle(author?: SourceRunner, more: readonly string[] = []): void {
    this.#waitsUntilMs = undefined;
    this.#arrived = undefined;
    this.#pool.hashesArePromised = false;
    if (author !== undefined) this.#follow(author, [...(author.info?.published?.mirrors ?? []), ...more]);
    for (const runner of this.#unfollowed.splice(0)) this.#follow(runner, runner.info?.published?.mirrors ?? []);
  }

  /** @throws ManygetError `manifest-refused`: it is of no use here. */
  #adoptManifest(runner: SourceRunner, document: Manifest, sizeBytes: number): void {
    const { manifest, output } = this.#parts;
    const useless = (why: string): ManygetError => new ManygetError('manifest-refused', why);
    if (document.sizeBytes !== undefined && document.sizeBytes !== sizeBytes) {
      throw useless(`it describes a file of ${document.sizeBytes} bytes, expected ${sizeBytes}`);
    }
    const { pieces } = document;
    if (pieces !== undefined && pieceCount(sizeBytes, pieces.pieceBytes) !== countOfPieces(pieces)) {
      const expected = pieceCount(sizeBytes, pieces.pieceBytes);
      throw useless(
        `it has the hashes of ${countOfPieces(pieces)} pieces of ${pieces.pieceBytes} bytes, expected ${expected}`,
      );
    }
    const stated = runner.info?.published?.hashes ?? {};
    const userHashes = this.#userHashes;
    for (const [name, hex] of Object.entries(document.hashes)) {
      const algorithm = name as keyof FileHashes;
      for (const other of [stated[algorithm], userHashes[algorithm]]) {
        if (other !== undefined && other !== hex) throw useless(`its ${name} is ${hex}, expected ${other}`);
      }
    }
    const strongest = strongestHash(document.hashes);
    if (strongest === undefined ? this.#isOneOfMany : !this.#isVouchedFor(strongest.algorithm, strongest.hex)) {
      throw useless('most of the sources do not state its digest');
    }
    const earlier = output.earlier?.replay.header.pieceBytes;
    const usesPieces = pieces !== undefined && (earlier === undefined || earlier === pieces.pieceBytes);
    const known: FileHashes = strongest === undefined ? {} : { [strongest.algorithm]: strongest.hex };
    const hashes = this.#isUsers ? userHashes : strongest === undefined ? manifest.hashes : known;
    manifest.adopt({ sizeBytes, hashes: { ...stated, ...hashes }, pieces: usesPieces ? pieces : undefined });
    if (usesPieces) this.#pool.mirrors.contentBecomesKnown();
    // Pieces that are all right are a whole that is right: to hash it once more would prove nothing.
    const isProved = usesPieces && (pieces.algorithm === 'sha256' || pieces.algorithm === 'sha512');
    if (!this.#isUsers) this.#expect(runner, isProved ? {} : hashes);
    const what = usesPieces ? 'the hashes of all pieces' : 'a hash of the file';
    this.#note(`the manifest that ${runner.source.label} names has ${what}`);
  }

  /** The whole file is held against these hashes: what goes by in order as it does. */
  #expect(author: SourceRunner, hashes: FileHashes): void {
    const { check, output } = this.#parts;
    if (output.windowBytes === undefined) check.expect(hashes, statedBy(author));
    else output.expect(hashes);
  }

  get #pool(): SourcePool {
    return this.#parts.assembly.pool;
  }

  get #userHashes(): FileHashes {
    return this.#parts.options.manifest?.hashes ?? {};
  }

  /** The user gives a hash of the whole file, which counts before any other. */
  get #isUsers(): boolean {
    return strongestHash(this.#userHashes) !== undefined;
  }

  get #isOneOfMany(): boolean {
    return this.#parts.options.sources.length > 1;
  }

  /** What one of several sources says counts only where most of those that the user named say it. */
  #isVouchedFor(algorithm: keyof FileHashes, hex: string): boolean {
    if (!this.#isOneOfMany) return true;
    const given = this.#pool.runners.filter((runner) => !runner.isStopped && !this.#found.has(runner.source.url));
    const same = given.filter((runner) => runner.info?.published?.hashes[algorithm] === hex);
    return same.length * 2 > this.#parts.options.sources.length;
  }

  /** Some of the sources may yet state the digest of `document`, and most do not so far. */
  #isVoteOpen(document: Manifest): boolean {
    const strongest = strongestHash(document.hashes);
    if (strongest === undefined || this.#isVouchedFor(strongest.algorithm, strongest.hex)) return false;
    return this.#pool.runners.some((runner) => !runner.isStopped && runner.info === undefined && runner.faults === 0);
  }

  /** Uses the other addresses of the file, as far as something proves or will prove what they send. */
  #follow(runner: SourceRunner, addresses: readonly string[]): void {
    const { manifest } = this.#parts;
    const { publicOnly = true, isSecure = true } = runner.info?.published ?? {};
    const hasProof =
      manifest.pieces !== undefined || this.#pool.mayHearHashes || strongestHash(manifest.hashes) !== undefined;
    if (!hasProof || this.#ending.signal.aborted) return;
    const known = new Set(this.#pool.runners.map((r) => placeOf(r.source.url)));
    let count = 0;
    for (const address of addresses) {
      if (this.#found.size >= mirrorsMax) break;
      const place = placeOf(address);
      if (place === undefined || known.has(place)) continue;
      // What came over TLS leads to what can be read and changed on the way only where every piece is checked.
      if (isSecure && !/^(?:https|mgps):/i.test(address) && manifest.pieces === undefined) continue;
      known.add(place);
      const source = this.#sourceAt(address, publicOnly);
      if (source === undefined) continue;
      this.#found.set(source.url, runner);
      manifest.expectAt(source.url, runner.info?.sizeBytes ?? 0);
      count += 1;
      this.#parts.control.join(source);
    }
    if (count > 0) this.#note(`${runner.source.label} names ${count} other ${count === 1 ? 'source' : 'sources'}`);
  }

  #sourceAt(address: string, publicOnly: boolean): Source | undefined {
    try {
      return this.#parts.makeSource(address, { publicOnly });
    } catch (error) {
      this.#note(`${printable(address, 100)} is not used: ${asManygetError(error).message}`);
      return undefined;
    }
  }

  /** A source that was found on the way has to show that it holds the same bytes, where no hashes of pieces will. */
  #vet(runner: SourceRunner, author: SourceRunner): void {
    const { manifest } = this.#parts;
    if (manifest.pieces !== undefined || this.#pool.mayHearHashes) return;
    const { info } = runner;
    const isSameVersion = info?.version?.startsWith('"') === true && info.version === author.info?.version;
    const states = info?.published?.hashes ?? {};
    const isSameHash = Object.entries(manifest.hashes).some(([name, hex]) => states[name as keyof FileHashes] === hex);
    if (isSameVersion || isSameHash) return;
    const text = `${runner.source.label}, which ${author.source.label} names, shows neither the same ETag nor the same digest; it is left out`;
    this.#parts.assembly.wrong.quarantine(runner, new ManygetError('content-differs', text));
  }

  #note(reason: string): void {
    this.#parts.log.add({ type: 'notice', reason });
  }
}

/** Scheme apart, what an address stands for: one server is one source. Undefined for protocols that are not ours. */
function placeOf(address: string): string | undefined {
  if (!isSourceAddress(address) || !URL.canParse(address)) return undefined;
  const { hostname, protocol, port, pathname, search } = new URL(address);
  const usual = protocol === 'https:' ? '443' : protocol === 'http:' ? '80' : '9001';
  return `${hostname}:${port === '' ? usual : port}${pathname}${search}`;
}
