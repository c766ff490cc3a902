/** Downloads of a daemon as views get to see them, made by hand. */
import type { QueueDetail, QueueItem } from '../../src/base/queue-snapshot.js';
import { sourceSnapshot } from './scripted-download.js';

const MiB = 1024 * 1024;

export function queueItem(number: number, change: Partial<QueueItem> = {}): QueueItem {
  return {
    gid: number.toString(16).padStart(16, '0'),
    name: `film-${number}.mp4`,
    state: 'active',
    phase: 'downloading',
    note: '',
    position: -1,
    sizeBytes: 100 * MiB,
    doneBytes: number * MiB,
    verifiedBytes: number * MiB,
    speedBytesPerSec: 2 * MiB,
    etaMs: 40_000,
    connections: 4,
    sourceCount: 4,
    addedAtMs: number,
    endedAtMs: undefined,
    outputPath: `film-${number}.mp4`,
    error: undefined,
    playPath: '/play/',
    ...change,
  };
}

export function queueDetail(item: QueueItem, sourceCount: number): QueueDetail {
  return {
    item,
    sources: Array.from({ length: sourceCount }, (_, id) => sourceSnapshot(id)),
    uris: [],
    pieceBytes: MiB,
    pieceCount: 100,
    resumedBytes: 0,
    duplicateBytes: 0,
    elapsedMs: 12_000,
    options: {},
    sha256: undefined,
  };
}
