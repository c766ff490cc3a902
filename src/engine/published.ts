import type { DownloadOptions } from '../base/download-handle.js';
import { asManygetError, ManygetError } from '../base/errors.js';
import { hashAlgorithms } from '../base/hash-algorithm.js';
import { strongestHash, type FileHashes, type Manifest } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { isSourceAddress } from '../base/source-address.js';
import type { LearnedAddress, PublishedFacts, Source } from '../sources/source.js';
import type { Assembly } from './assembly.js';
import type { EventLog } from './event-log.js';
import type { LiveControl } from './live-control.js';
import type { ManifestCheck } from './manifest-check.js';
import type { ManifestFacts } from './manifest-facts.js';
import type { DownloadOutput } from './download-output.js';
import type { SourcePool } from './source-pool.js';
import type { SourceRunner } from './source-runner.js';

/** A manifest that takes longer is not worth waiting for: what it would save is less. */
const waitMsMax = 1500;
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
  readonly #ending = new AbortController();
  #waitsUntilMs: number | undefined;
  #hasBegun = false;
  /** Who has stated the digest that counts. */
  #author: SourceRunner | undefined;

  constructor(parts: PublishedParts) {
    this.#parts = parts;
  }

  /**
   * Looks at what `good`, the sources that agree on a file of `sizeBytes` bytes, publish. True while more is on its way
   * and worth waiting for; what comes after the first false changes nothing about the pieces any more.
   */
  isPending(good: readonly SourceRunner[], sizeBytes: number): boolean {
    for (const runner of good) {
      if (this.#heard.has(runner) || runner.info === undefined || runner.isStopped) continue;
      this.#heard.add(runner);
      const author = this.#found.get(runner.source.url);
      if (author !== undefined) this.#vet(runner, author);
      else if (runner.info.published !== undefined) this.#hear(runner, runner.info.published, sizeBytes);
    }
    const waits = this.#waitsUntilMs !== undefined && this.#parts.nowMs() < this.#waitsUntilMs;
    const { manifest, output } = this.#parts;
    if (!waits && !this.#hasBegun && !this.#pool.mayHearHashes)
      manifest.keepCut(output.earlier?.replay.header.pieceBytes);
    this.#hasBegun ||= !waits;
    return waits;
  }

  /** Nothing more is fetched or used. */
  close(): void {
    this.#ending.abort();
  }

  #hear(runner: SourceRunner, published: PublishedFacts, sizeBytes: number): void {
    const { options } = this.#parts;
    if (options.verify === false || options.followLinks === false) return;
    this.#adoptHashes(runner, published.hashes);
    const { manifestUrl } = published;
    const wantsPieces = options.manifest?.pieces === undefined && !this.#pool.mayHearHashes && !this.#hasBegun;
    if (manifestUrl !== undefined && wantsPieces && this.#waitsUntilMs === undefined) {
      this.#waitsUntilMs = this.#parts.nowMs() + waitMsMax;
      void this.#fetch(runner, published, manifestUrl, sizeBytes);
    } else this.#follow(runner, published, published.mirrors);
  }

  /** The digest of the whole file is the proof where there is no better one. */
  #adoptHashes(runner: SourceRunner, hashes: FileHashes): void {
    const { manifest, check } = this.#parts;
    const strongest = strongestHash(hashes);
    if (this.#author !== undefined || check.isWanted || strongest === undefined || this.#hasBegun) return;
    if (manifest.pieces !== undefined || !this.#isVouchedFor(strongest.algorithm, strongest.hex)) return;
    this.#author = runner;
    manifest.adopt({ ...this.#parts.options.manifest, hashes });
    check.expect({ [strongest.algorithm]: strongest.hex }, statedBy(runner));
    this.#note(`${runner.source.label} states the ${hashAlgorithms[strongest.algorithm].ianaName} of the file`);
  }

  async #fetch(runner: SourceRunner, published: PublishedFacts, url: string, sizeBytes: number): Promise<void> {
    const { publicOnly, mirrors } = published;
    const name = runner.info?.name ?? runner.source.fileName;
    let more: readonly string[] = [];
    try {
      const document = await this.#parts.fetchManifest(url, name, { publicOnly }, this.#ending.signal);
      if (this.#ending.signal.aborted) return;
      this.#adoptManifest(runner, document, sizeBytes);
      more = document.sources.map((source) => source.url);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const why = asManygetError(error).message;
      this.#note(`what ${runner.source.label} names as its manifest is not used: ${printable(why, 300)}`);
    }
    this.#waitsUntilMs = -Infinity;
    this.#follow(runner, published, [...mirrors, ...more]);
    this.#parts.assembly.agree();
  }

  /** @throws ManygetError `manifest-refused`: it is of no use here. */
  #adoptManifest(runner: SourceRunner, document: Manifest, sizeBytes: number): void {
    const { manifest, check, output } = this.#parts;
    const useless = (why: string): ManygetError => new ManygetError('manifest-refused', why);
    if (document.sizeBytes !== undefined && document.sizeBytes !== sizeBytes) {
      throw useless(`it describes a file of ${document.sizeBytes} bytes, expected ${sizeBytes}`);
    }
    const stated = runner.info?.published?.hashes ?? {};
    const userHashes = this.#parts.options.manifest?.hashes ?? {};
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
    if (this.#hasBegun) throw useless(`it came after the download had begun`);
    const { pieces } = document;
    const earlier = output.earlier?.replay.header.pieceBytes;
    const usesPieces = pieces !== undefined && (earlier === undefined || earlier === pieces.pieceBytes);
    const isUsers = strongestHash(userHashes) !== undefined;
    const known: FileHashes = strongest === undefined ? {} : { [strongest.algorithm]: strongest.hex };
    const hashes = isUsers ? userHashes : strongest === undefined ? manifest.hashes : known;
    manifest.adopt({ sizeBytes, hashes: { ...stated, ...hashes }, pieces: usesPieces ? pieces : undefined });
    if (usesPieces) this.#pool.mirrors.contentBecomesKnown();
    // Pieces that are all right are a whole that is right: to hash it once more would prove nothing.
    const isProved = usesPieces && (pieces.algorithm === 'sha256' || pieces.algorithm === 'sha512');
    if (!isUsers) check.expect(isProved ? {} : hashes, statedBy(runner));
    const what = usesPieces ? 'the hashes of all pieces' : 'a hash of the file';
    this.#note(`the manifest that ${runner.source.label} names has ${what}`);
  }

  get #pool(): SourcePool {
    return this.#parts.assembly.pool;
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

  /** Uses the other addresses of the file, as far as something proves or will prove what they send. */
  #follow(runner: SourceRunner, published: PublishedFacts, addresses: readonly string[]): void {
    const { manifest } = this.#parts;
    const { publicOnly, isSecure } = published;
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

function statedBy(runner: SourceRunner): string {
  return ` as ${runner.source.label} states (--no-follow-links ignores that)`;
}

/** Scheme apart, what an address stands for: one server is one source. Undefined for protocols that are not ours. */
function placeOf(address: string): string | undefined {
  if (!isSourceAddress(address) || !URL.canParse(address)) return undefined;
  const { hostname, protocol, port, pathname, search } = new URL(address);
  const usual = protocol === 'https:' ? '443' : protocol === 'http:' ? '80' : '9001';
  return `${hostname}:${port === '' ? usual : port}${pathname}${search}`;
}
