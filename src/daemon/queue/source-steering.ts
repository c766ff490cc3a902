import { checkSourceAddress } from '../../base/source-address.js';
import type { DownloadSpec } from './download-spec.js';
import type { QueueEntry } from './queue-entry.js';
import { stateConflict } from './state-conflict.js';

/** What steering wants of the queue. */
interface SteeredQueue {
  /** @throws ManygetError `usage`: what a download would fail of as soon as it begins. */
  check(spec: DownloadSpec): void;
  /** Keeps what a download is to be from now on, and tells of it. */
  respec(entry: QueueEntry, spec: DownloadSpec): void;
}

/**
 * What somebody wants with the single sources of a download: more of them, fewer, none of this one for now. The wish is
 * in the download's spec, so that it outlives the daemon; a running download has heard of it when a call settles.
 */
export class SourceSteering {
  readonly #queue: SteeredQueue;

  constructor(queue: SteeredQueue) {
    this.#queue = queue;
  }

  /** @throws ManygetError `usage`: one of them is no address, and none is added. A download that waits would fail of it. */
  async add(entry: QueueEntry, urls: readonly string[]): Promise<void> {
    if (entry.isStopped) throw stateConflict(entry, 'changed');
    urls.forEach(checkSourceAddress);
    const isFresh = (url: string): boolean => !entry.spec.sources.includes(url);
    this.#queue.check({ ...entry.spec, sources: [...entry.spec.sources, ...urls.filter(isFresh)] });
    const { handle } = entry;
    if (handle !== undefined) await Promise.all(urls.filter(isFresh).map((url) => handle.addSource(url)));
    this.#queue.respec(entry, { ...entry.spec, sources: [...entry.spec.sources, ...urls.filter(isFresh)] });
  }

  async remove(entry: QueueEntry, urls: readonly string[]): Promise<void> {
    if (entry.isStopped) throw stateConflict(entry, 'changed');
    const { handle } = entry;
    const sources = handle?.snapshot()?.sources ?? [];
    const gone = sources.filter(({ url, state }) => urls.includes(url) && state !== 'removed');
    if (handle !== undefined) await Promise.all(gone.map(({ id }) => handle.removeSource(id)));
    const isKept = (url: string): boolean => !urls.includes(url);
    const { sources: named, unused } = entry.spec;
    this.#queue.respec(entry, { ...entry.spec, sources: named.filter(isKept), unused: unused?.filter(isKept) });
  }

  /** Lets one source of a running download rest, or uses it again; kept for the runs to come. */
  async use(entry: QueueEntry, id: number, isUsed: boolean): Promise<void> {
    const { handle } = entry;
    if (handle === undefined) throw stateConflict(entry, 'steered');
    await (isUsed ? handle.enableSource(id) : handle.disableSource(id));
    const url = handle.snapshot()?.sources.find((source) => source.id === id)?.url;
    const others = (entry.spec.unused ?? []).filter((each) => each !== url);
    this.#queue.respec(entry, { ...entry.spec, unused: isUsed || url === undefined ? others : [...others, url] });
  }

  /** What one source of a running download may bring; undefined: no limit. */
  async limit(entry: QueueEntry, id: number, bytesPerSec: number | undefined): Promise<void> {
    if (entry.handle === undefined) throw stateConflict(entry, 'steered');
    await entry.handle.setSourceLimit(id, bytesPerSec);
  }
}
