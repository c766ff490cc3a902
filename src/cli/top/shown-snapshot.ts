import type { QueueDetail } from '../../base/queue-snapshot.js';
import type { DownloadPhase, DownloadSnapshot } from '../../base/snapshot.js';
import type { Glide } from './glide.js';

/** A download of the daemon as the live view of `get` shows one, its figures where they glide now. */
export function shownSnapshot(detail: QueueDetail, glide: Glide, nowMs: number): DownloadSnapshot {
  const { item, sources } = detail;
  const isActive = item.state === 'active';
  return {
    phase: phaseOf(detail),
    note: item.error?.message ?? item.note,
    name: item.name,
    outputPath: item.outputPath,
    sizeBytes: item.sizeBytes,
    doneBytes: isActive ? glide.at(item.gid, item.doneBytes, nowMs) : item.doneBytes,
    verifiedBytes: item.verifiedBytes,
    resumedBytes: detail.resumedBytes,
    duplicateBytes: detail.duplicateBytes,
    speedBytesPerSec: item.speedBytesPerSec,
    limitBytesPerSec: undefined,
    etaMs: item.etaMs,
    elapsedMs: detail.elapsedMs,
    pieceBytes: detail.pieceBytes,
    pieceCount: detail.pieceCount,
    sources: isActive
      ? sources.map((source) => ({
          ...source,
          receivedBytes: glide.at(`source ${source.id}`, source.receivedBytes, nowMs),
        }))
      : sources,
  };
}

function phaseOf({ item }: QueueDetail): DownloadPhase {
  switch (item.state) {
    case 'active':
      return item.phase ?? 'connecting';
    case 'waiting':
      return 'waiting';
    case 'paused':
      return 'paused';
    case 'complete':
      return 'done';
    case 'error':
    case 'removed':
      return 'failed';
  }
}
