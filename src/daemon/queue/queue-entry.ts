import type { ManygetError } from '../../base/errors.js';
import {
  mapStates,
  type MapRun,
  type NumberedEvent,
  type QueueDetail,
  type QueueItem,
  type QueueState,
  type SpeedSample,
} from '../../base/queue-snapshot.js';
import type { DownloadReport, DownloadSnapshot } from '../../base/snapshot.js';
import { nameInAddress } from '../../base/source-address.js';
import type { EngineDownload } from '../engine/engine-download.js';
import { mapRuns, scaledRuns } from '../engine/map-runs.js';
import { specFromJson, specToJson, type DownloadSpec } from './download-spec.js';
import { noProgress, progressFromJson, type EntryProgress } from './entry-progress.js';
import type { StoredDownload } from './queue-store.js';

const eventsMax = 400;
const samplesMax = 300;

/** One download of the queue: what it is to be, how far it is, and, while it has one, its live handle. */
export class QueueEntry {
  readonly gid: string;
  readonly addedAtMs: number;
  readonly playPath: string;
  spec: DownloadSpec;
  state: QueueState;
  place: number;
  endedAtMs: number | undefined;
  progress: EntryProgress;
  handle: EngineDownload | undefined;
  /** How often the engine broke down while it ran. */
  engineLosses = 0;
  /** What the running handle was told last. */
  limitBytesPerSec: number | undefined;
  /** Since when it is paused with a handle that is alive. */
  pausedAtMs = 0;
  /** The end of a former handle: until then its output is taken. */
  leaving: Promise<void> | undefined;
  readonly samples: SpeedSample[] = [];
  readonly events: NumberedEvent[] = [];
  #eventCount = 0;

  constructor(stored: Omit<StoredDownload, 'spec' | 'progress'>, spec: DownloadSpec, playPath: string) {
    this.gid = stored.gid;
    this.state = stored.state;
    this.place = stored.place;
    this.addedAtMs = stored.addedAtMs;
    this.endedAtMs = stored.endedAtMs;
    this.playPath = playPath;
    this.spec = spec;
    this.progress = {
      ...noProgress,
      name: wantedName(spec) ?? firstName(spec.sources[0] ?? ''),
    };
  }

  static fromStore(stored: StoredDownload, playPath: string): QueueEntry {
    const entry = new QueueEntry(stored, specFromJson(stored.spec), playPath);
    entry.progress = progressFromJson(stored.progress);
    return entry;
  }

  get isStopped(): boolean {
    return this.state === 'complete' || this.state === 'error' || this.state === 'removed';
  }

  toStore(): StoredDownload {
    const { gid, state, place, addedAtMs, endedAtMs } = this;
    const progress = JSON.stringify(this.progress);
    return { gid, state, place, spec: specToJson(this.spec), progress, addedAtMs, endedAtMs };
  }

  /** What the live handle says goes into the progress, which outlives it. */
  notice(): DownloadSnapshot | undefined {
    const snapshot = this.handle?.snapshot();
    if (snapshot === undefined) return undefined;
    this.progress = {
      ...this.progress,
      name: wantedName(this.spec) ?? (snapshot.name === '' ? this.progress.name : snapshot.name),
      outputPath: snapshot.outputPath === '' ? this.progress.outputPath : snapshot.outputPath,
      // Between a start and the first answer of a server nothing is known again: what was known still holds.
      sizeBytes: snapshot.sizeBytes ?? this.progress.sizeBytes,
      doneBytes: snapshot.sizeBytes === undefined ? this.progress.doneBytes : snapshot.doneBytes,
      verifiedBytes: snapshot.sizeBytes === undefined ? this.progress.verifiedBytes : snapshot.verifiedBytes,
      pieceBytes: snapshot.pieceBytes ?? this.progress.pieceBytes,
      pieceCount: snapshot.pieceCount ?? this.progress.pieceCount,
      elapsedMs: snapshot.elapsedMs,
      duplicateBytes: snapshot.duplicateBytes,
      sources: snapshot.sources,
    };
    return snapshot;
  }

  /** The map of a handle that has ended. */
  keepMap(handle: EngineDownload | undefined): void {
    if (handle?.lastMap !== undefined) this.progress = { ...this.progress, map: [...handle.lastMap] };
  }

  finished(report: DownloadReport, nowMs: number): void {
    this.notice();
    this.keepMap(this.handle);
    this.handle = undefined;
    this.state = 'complete';
    this.endedAtMs = nowMs;
    const { sizeBytes, sha256, outputPath, elapsedMs } = report;
    const name = wantedName(this.spec) ?? report.name;
    const whole = { sizeBytes, doneBytes: sizeBytes, verifiedBytes: sizeBytes, sha256, outputPath, name, elapsedMs };
    this.progress = { ...this.progress, ...whole, error: undefined };
  }

  /** An earlier daemon had finished it, and could not say so any more. */
  foundWhole(nowMs: number): void {
    this.state = 'complete';
    this.endedAtMs = nowMs;
    const { sizeBytes = 0 } = this.progress;
    this.progress = { ...this.progress, doneBytes: sizeBytes, verifiedBytes: sizeBytes, error: undefined };
  }

  failed(error: ManygetError, nowMs: number): void {
    this.notice();
    this.keepMap(this.handle);
    this.handle = undefined;
    this.state = 'error';
    this.endedAtMs = nowMs;
    this.progress = { ...this.progress, error: { code: error.code, message: error.message } };
  }

  /** Keeps every event of `handle`, while it is the entry's. */
  async follow(handle: EngineDownload): Promise<void> {
    for await (const event of handle.events()) this.#keep(event);
  }

  /** Something that the download itself knows nothing of. */
  tell(reason: string): void {
    this.#keep({ type: 'notice', atMs: this.progress.elapsedMs, reason });
  }

  #keep(event: NumberedEvent['event']): void {
    this.#eventCount += 1;
    this.events.push({ number: this.#eventCount, clockMs: Date.now(), event });
    if (this.events.length > eventsMax) this.events.splice(0, eventsMax / 4);
  }

  sample(nowMs: number): void {
    const speeds = this.handle
      ?.snapshot()
      ?.sources.flatMap((source) => [source.id, Math.round(source.speedBytesPerSec)]);
    this.samples.push({ atMs: nowMs, speeds: speeds ?? [] });
    if (this.samples.length > samplesMax) this.samples.splice(0, samplesMax / 4);
  }

  /** The map of the file in `cells` parts: of one that nobody fetches now as it was at last, or without its servers. */
  async mapRuns(cells: number): Promise<MapRun[]> {
    if (this.handle !== undefined) return this.handle.mapRuns(cells);
    const { sizeBytes, doneBytes, map } = this.progress;
    if (map !== undefined && map.length > 0) return scaledRuns(mapRuns(map), cells);
    const done = this.state === 'complete' ? cells : Math.floor(cells * (doneBytes / Math.max(1, sizeBytes ?? 1)));
    const runs: MapRun[] = [
      [done, mapStates.indexOf('verified'), -2],
      [cells - done, mapStates.indexOf('missing'), -1],
    ];
    return runs.filter(([count]) => count > 0);
  }

  item(position: number): QueueItem {
    const live = this.notice();
    const { progress } = this;
    return {
      gid: this.gid,
      name: progress.name,
      state: this.state,
      phase: this.state === 'active' ? (live?.phase ?? 'connecting') : undefined,
      note: this.state === 'active' ? (live?.note ?? '') : '',
      position,
      sizeBytes: progress.sizeBytes,
      doneBytes: progress.doneBytes,
      verifiedBytes: progress.verifiedBytes,
      speedBytesPerSec: this.state === 'active' ? Math.round(live?.speedBytesPerSec ?? 0) : 0,
      etaMs: this.state === 'active' && live?.etaMs !== undefined ? Math.round(live.etaMs) : undefined,
      connections: this.state === 'active' ? (live?.sources ?? []).reduce((sum, each) => sum + each.connections, 0) : 0,
      sourceCount: this.spec.sources.length,
      addedAtMs: this.addedAtMs,
      endedAtMs: this.endedAtMs,
      outputPath: progress.outputPath,
      error: progress.error,
      playPath: this.playPath,
    };
  }

  detail(position: number): QueueDetail {
    const item = this.item(position);
    const { progress } = this;
    const { 'http-passwd': _secret, ...options } = this.spec.options;
    return {
      item,
      sources: progress.sources,
      uris: this.spec.sources,
      pieceBytes: progress.pieceBytes,
      pieceCount: progress.pieceCount,
      resumedBytes: this.handle?.snapshot()?.resumedBytes ?? 0,
      duplicateBytes: progress.duplicateBytes,
      elapsedMs: progress.elapsedMs,
      options,
      sha256: progress.sha256,
    };
  }
}

/** What somebody wants the file to be called, which no server has a say in. */
function wantedName({ options, relativePath }: DownloadSpec): string | undefined {
  const name = options['out'] ?? relativePath;
  return name === '' ? undefined : name;
}

/** What a download is called until its server has said it. */
function firstName(url: string): string {
  const name = nameInAddress(url);
  if (name !== '') return name;
  return URL.canParse(url) ? new URL(url).host : url;
}
