import { isManifestOperand } from '../base/manifest.js';
import { ManygetError } from '../base/errors.js';
import { documentFetcher } from '../app/fetch-bytes.js';
import { planDownloads, type PlannedDownload } from '../app/plan-downloads.js';
import { isPublicKey, type SignatureDemand } from '../app/signed-document.js';
import { printable } from '../base/printable.js';
import { checkSourceAddress, isSourceAddress } from '../base/source-address.js';
import { namedOrigin } from './named-origin.js';
import { httpOptions } from './queue/download-options.js';
import type { DownloadQueue } from './queue/download-queue.js';
import { isGid } from './queue/gid.js';
import type { QueueEntry } from './queue/queue-entry.js';

/** What somebody names: addresses of one file, and manifests, each of which brings its own files. */
interface AdditionWishes {
  readonly sources: readonly string[];
  /** A Metalink that is handed over as a document. */
  readonly document?: Uint8Array | undefined;
  /** As `readOptions` gives them. */
  readonly options: Readonly<Record<string, string>>;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* only(document: Uint8Array): AsyncGenerator<Uint8Array> {
  yield document;
  await Promise.resolve();
}

interface PlannedEntry {
  readonly spec: QueueEntry['spec'];
  readonly gid: string | undefined;
}

/** From what somebody names (addresses, manifests, checksums) to entries of the queue. */
export class Additions {
  readonly #queue: DownloadQueue;

  constructor(queue: DownloadQueue) {
    this.#queue = queue;
  }

  /** Adds one download of one file at several addresses, or the files of a Metalink at one. Returns the first. */
  async addAddresses(
    sources: readonly string[],
    options: AdditionWishes['options'],
    position?: number,
  ): Promise<QueueEntry> {
    const [entry] = this.#queue.addAll(placed(await this.#plan(options, sources, nothing()), position));
    if (entry === undefined) throw noSource();
    return entry;
  }

  /** Adds every file of a Metalink that is handed over as a document. */
  async addMetalink(
    document: Uint8Array,
    options: AdditionWishes['options'],
    position?: number,
  ): Promise<QueueEntry[]> {
    return this.#queue.addAll(placed(await this.#plan(options, ['-'], only(document)), position));
  }

  /**
   * Adds all that is named, or nothing of it: one after another, from `position` on.
   * @throws ManygetError as `planDownloads`.
   */
  async addAll(all: readonly AdditionWishes[], position?: number): Promise<QueueEntry[]> {
    const planned: PlannedEntry[] = [];
    for (const { sources, document, options } of all) {
      if (sources.length === 0 && document === undefined) throw noSource();
      sources.forEach(checkSourceAddress);
      if (document !== undefined) planned.push(...(await this.#plan(options, ['-'], only(document))));
      const addresses = sources.filter((source) => !isManifestOperand(source));
      const manifests = sources.filter(isManifestOperand);
      if (sources.length > 0) planned.push(...(await this.#plan(options, [...addresses, ...manifests], nothing())));
    }
    return this.#queue.addAll(placed(planned, position));
  }

  async #plan(
    wished: AdditionWishes['options'],
    operands: readonly string[],
    stdin: AsyncIterable<Uint8Array>,
  ): Promise<PlannedEntry[]> {
    const { checksum, gid, signature, ...options } = wished;
    if (gid !== undefined && !isGid(gid)) {
      throw new ManygetError('usage', `"${printable(gid, 40)}" is no GID, expected 16 hexadecimal digits`);
    }
    // Of addresses alone each download has its own, and says itself what is wrong with them.
    const named = [...operands, signature ?? ''].filter(isSourceAddress);
    const origin = operands.some(isManifestOperand) ? namedOrigin(named, operands.includes('-'), options) : undefined;
    const http = httpOptions({ sources: named, options, origin }, this.#queue.options);
    const { downloads } = await planDownloads(
      { operands, checksums: checksum === undefined ? [] : [checksum] },
      { stdin, fetchBytes: documentFetcher({ http }), demand: signatureDemand(options['trusted-key'], signature) },
    );
    if (gid !== undefined && downloads.length > 1) {
      throw new ManygetError('usage', `one GID was given for ${downloads.length} downloads`);
    }
    return downloads.map((planned) => ({ spec: specOf(planned, options, origin), gid: gid?.toLowerCase() }));
  }
}

function placed(
  planned: readonly PlannedEntry[],
  position: number | undefined,
): (PlannedEntry & { position: number | undefined })[] {
  return planned.map((entry, index) => ({ ...entry, position: position === undefined ? undefined : position + index }));
}

function noSource(): ManygetError {
  return new ManygetError('usage', 'no source was given, expected at least one URL');
}

/**
 * Keys are given in full, and a signature as its text or an address: nobody has the daemon read files of its machine.
 * @throws ManygetError `usage`.
 */
function signatureDemand(keys: string | undefined, signature: string | undefined): SignatureDemand | undefined {
  if (keys === undefined) {
    if (signature === undefined) return undefined;
    throw new ManygetError('usage', 'the option signature needs trusted-key: without a key it proves nothing');
  }
  const list = keys.split('\n');
  const bad = list.find((key) => !isPublicKey(key));
  if (bad !== undefined) {
    throw new ManygetError(
      'usage',
      `"${printable(bad, 60)}" is no public key of minisign, expected 56 characters from RW on`,
    );
  }
  if (signature === undefined) return { keys: list };
  if (isSourceAddress(signature)) return { keys: list, signature };
  return { keys: list, signatureText: signature };
}

function specOf(
  planned: PlannedDownload,
  options: Readonly<Record<string, string>>,
  origin: string | undefined,
): QueueEntry['spec'] {
  const { sources, manifest, relativePath } = planned;
  return { sources, options, origin, content: manifest, relativePath };
}
