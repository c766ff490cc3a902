import { isManifestOperand } from '../base/manifest.js';
import { ManygetError } from '../base/errors.js';
import { documentFetcher } from '../app/fetch-bytes.js';
import { planDownloads, type PlannedDownload } from '../app/plan-downloads.js';
import { isPublicKey, type SignatureDemand } from '../app/signed-document.js';
import { printable } from '../base/printable.js';
import { checkSourceAddress, isSourceAddress } from '../base/source-address.js';
import type { DownloadQueue } from './queue/download-queue.js';
import { isGid } from './queue/gid.js';
import type { QueueEntry } from './queue/queue-entry.js';

/** From what somebody names (addresses, manifests, checksums) to entries of the queue. */
interface AddressWishes {
  readonly sources: readonly string[];
  /** As `readOptions` gives them. */
  readonly options: Readonly<Record<string, string>>;
  readonly position?: number | undefined;
}

interface MetalinkWishes {
  readonly document: Uint8Array;
  readonly options: Readonly<Record<string, string>>;
  readonly position?: number | undefined;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

export class Additions {
  readonly #queue: DownloadQueue;

  constructor(queue: DownloadQueue) {
    this.#queue = queue;
  }

  /** Adds one download of one file at several addresses. */
  async addAddresses(wishes: AddressWishes): Promise<QueueEntry> {
    const [entry] = await this.#addPlanned(wishes, wishes.sources, nothing());
    if (entry === undefined) throw new ManygetError('usage', 'no source was given, expected at least one URL');
    return entry;
  }

  /**
   * Adds what is named: addresses are of one file, and every manifest among them brings its own files.
   * @throws ManygetError as `planDownloads`.
   */
  async addOperands(wishes: AddressWishes): Promise<QueueEntry[]> {
    if (wishes.sources.length === 0) {
      throw new ManygetError('usage', 'no source was given, expected at least one URL');
    }
    wishes.sources.forEach(checkSourceAddress);
    const addresses = wishes.sources.filter((source) => !isManifestOperand(source));
    const manifests = wishes.sources.filter(isManifestOperand);
    return this.#addPlanned(wishes, [...addresses, ...manifests], nothing());
  }

  /** Adds every file of a Metalink that is handed over as a document. */
  async addMetalink(wishes: MetalinkWishes): Promise<QueueEntry[]> {
    const stdin = (async function* () {
      yield wishes.document;
      await Promise.resolve();
    })();
    return this.#addPlanned(wishes, ['-'], stdin);
  }

  async #addPlanned(
    wishes: Pick<AddressWishes, 'options' | 'position'>,
    operands: readonly string[],
    stdin: AsyncIterable<Uint8Array>,
  ): Promise<QueueEntry[]> {
    const { checksum, gid, signature, ...options } = wishes.options;
    if (gid !== undefined && !isGid(gid)) {
      throw new ManygetError('usage', `"${printable(gid, 40)}" is no GID, expected 16 hexadecimal digits`);
    }
    const plan = await planDownloads(
      { operands, checksums: checksum === undefined ? [] : [checksum] },
      { stdin, fetchBytes: documentFetcher(), demand: signatureDemand(options['trusted-key'], signature) },
    );
    if (gid !== undefined && plan.downloads.length > 1) {
      throw new ManygetError('usage', `one GID was given for ${plan.downloads.length} downloads`);
    }
    return plan.downloads.map((planned, index) =>
      this.#queue.add({
        spec: specOf(planned, options),
        gid: gid?.toLowerCase(),
        position: wishes.position === undefined ? undefined : wishes.position + index,
      }),
    );
  }
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

function specOf(planned: PlannedDownload, options: Readonly<Record<string, string>>): QueueEntry['spec'] {
  const { sources, manifest, relativePath } = planned;
  return { sources, options, content: manifest, relativePath };
}
