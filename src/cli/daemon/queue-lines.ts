/** The daemon's answers as lines for people. */
import type { QueueDetail, QueueItem, ServerRecord } from '../../base/queue-snapshot.js';
import { printable } from '../../base/printable.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { counted } from '../figures.js';
import { textTable } from './text-table.js';

const nameCharsMax = 48;

export function queueLines(items: readonly QueueItem[]): string[] {
  if (items.length === 0) return ['no downloads'];
  return textTable(items.map((item) => [item.gid, stateText(item), amount(item), speedText(item), shown(item.name)]));
}

function stateText(item: QueueItem): string {
  return item.state === 'active' ? (item.phase ?? 'active') : item.state;
}

function amount({ doneBytes, sizeBytes, state }: QueueItem): string {
  if (state === 'complete') return formatBytes(doneBytes);
  if (sizeBytes === undefined) return doneBytes > 0 ? formatBytes(doneBytes) : '-';
  const percent = Math.floor((doneBytes / Math.max(1, sizeBytes)) * 100);
  return `${percent}% of ${formatBytes(sizeBytes)}`;
}

function speedText({ state, speedBytesPerSec, etaMs, error }: QueueItem): string {
  if (error !== undefined) return error.code;
  if (state !== 'active') return '';
  return `${formatSpeed(speedBytesPerSec)}${etaMs === undefined ? '' : ` ${formatDuration(etaMs)}`}`;
}

export function sourceLines({ sources, uris }: QueueDetail): string[] {
  if (sources.length === 0) return uris.map((uri) => printable(uri, 200));
  const total = Math.max(
    1,
    sources.reduce((sum, source) => sum + source.receivedBytes, 0),
  );
  return textTable(
    sources.map((source) => [
      String(source.id),
      printable(source.label, 60),
      source.state,
      formatSpeed(source.speedBytesPerSec),
      `${Math.round((source.receivedBytes / total) * 100)}%`,
      source.connectMs === undefined ? '-' : `${source.connectMs.toFixed(1)} ms`,
      counted(source.faults, 'fault'),
      printable(source.note, 100),
    ]),
  );
}

export function serverLines(servers: readonly ServerRecord[]): string[] {
  if (servers.length === 0) return ['no server is known yet'];
  return textTable(
    servers.map((server) => [
      printable(server.origin, 80),
      formatBytes(server.bytes),
      `${formatSpeed(server.meanSpeedBytesPerSec)} mean`,
      counted(server.downloads, 'download'),
      counted(server.faults, 'fault'),
    ]),
  );
}

function shown(name: string): string {
  return printable(name, nameCharsMax);
}
