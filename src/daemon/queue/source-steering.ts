import type { DownloadSpec } from './download-spec.js';
import type { QueueEntry } from './queue-entry.js';
import { stateConflict } from './state-conflict.js';

/**
 * What somebody wants with the single sources of a download: more of them, fewer, none of this one for now. The wish is
 * in the download's spec, so that it outlives the daemon; a running download hears of it at once.
 */
export class SourceSteering {
  readonly #respec: (entry: QueueEntry, spec: DownloadSpec) => void;

  /** @param respec Keeps what a download is to be from now on, and tells of it. */
  constructor(respec: (entry: QueueEntry, spec: DownloadSpec) => void) {
    this.#respec = respec;
  }

  add(entry: QueueEntry, urls: readonly string[]): void {
    if (entry.isStopped) throw stateConflict(entry, 'changed');
    const fresh = urls.filter((url) => !entry.spec.sources.includes(url));
    for (const url of fresh) entry.handle?.addSource(url);
    this.#respec(entry, { ...entry.spec, sources: [...entry.spec.sources, ...fresh] });
  }

  remove(entry: QueueEntry, urls: readonly string[]): void {
    if (entry.isStopped) throw stateConflict(entry, 'changed');
    for (const source of entry.handle?.snapshot().sources ?? []) {
      if (urls.includes(source.url) && source.state !== 'removed') entry.handle?.removeSource(source.id);
    }
    const isKept = (url: string): boolean => !urls.includes(url);
    const { sources, unused } = entry.spec;
    this.#respec(entry, { ...entry.spec, sources: sources.filter(isKept), unused: unused?.filter(isKept) });
  }

  /** Lets one source of a running download rest, or uses it again; kept for the runs to come. */
  use(entry: QueueEntry, id: number, isUsed: boolean): void {
    if (entry.handle === undefined) throw stateConflict(entry, 'steered');
    if (isUsed) entry.handle.enableSource(id);
    else entry.handle.disableSource(id);
    const url = entry.handle.snapshot().sources.find((source) => source.id === id)?.url;
    const others = (entry.spec.unused ?? []).filter((each) => each !== url);
    this.#respec(entry, { ...entry.spec, unused: isUsed || url === undefined ? others : [...others, url] });
  }

  /** What one source of a running download may bring; undefined: no limit. */
  limit(entry: QueueEntry, id: number, bytesPerSec: number | undefined): void {
    if (entry.handle === undefined) throw stateConflict(entry, 'steered');
    entry.handle.setSourceLimit(id, bytesPerSec);
  }

  /** A run of a download begins: what was to rest before rests again. */
  begun({ handle, spec }: QueueEntry): void {
    if (spec.unused === undefined || spec.unused.length === 0) return;
    for (const { id, url } of handle?.snapshot().sources ?? [])
      if (spec.unused.includes(url)) handle?.disableSource(id);
  }
}
