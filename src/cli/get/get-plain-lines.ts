/** A download as lines that stand alone: one for the whole, one for each server; for pipes, logs and grep. */
import type { DownloadSnapshot, SourceSnapshot } from '../../base/snapshot.js';
import { printable } from '../../base/printable.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { doneShare, formatEta, formatPair, formatPercent, formatShortMs } from '../figures.js';

/** The lines of one report, without colours; fields are separated by two blanks. `phase`: in which word to say how it is. */
export function getPlainLines(snapshot: DownloadSnapshot, phase: string = snapshot.phase): string[] {
  const time = formatDuration(snapshot.elapsedMs);
  return [totalLine(time, snapshot, phase), ...snapshot.sources.map((source) => sourceLine(time, source))];
}

function totalLine(time: string, snapshot: DownloadSnapshot, phase: string): string {
  const { sizeBytes, doneBytes } = snapshot;
  return join([
    time,
    'total',
    sizeBytes === undefined ? formatBytes(doneBytes) : formatPair(doneBytes, sizeBytes),
    sizeBytes === undefined ? '' : formatPercent(doneShare(doneBytes, sizeBytes)),
    formatSpeed(snapshot.speedBytesPerSec),
    `ETA ${formatEta(snapshot.etaMs)}`,
    phase,
    printable(snapshot.name),
    // What a running download began with is no news in every line.
    snapshot.phase === 'downloading' ? '' : printable(snapshot.note),
  ]);
}

function sourceLine(time: string, source: SourceSnapshot): string {
  return join([
    time,
    `server ${source.id + 1}`,
    printable(source.label),
    formatPair(source.receivedBytes, source.assignedBytes),
    formatSpeed(source.speedBytesPerSec),
    source.state,
    `first byte ${formatShortMs(source.firstByteMs)}`,
    printable(source.note),
  ]);
}

function join(fields: readonly string[]): string {
  return fields.filter((field) => field !== '').join('  ');
}
