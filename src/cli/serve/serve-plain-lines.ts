/** A fleet as lines that stand alone, one a server; for pipes, logs and grep. */
import { printable } from '../../base/printable.js';
import type { FleetSnapshot, ServerSnapshot } from '../../base/snapshot.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { counted, formatPercent } from '../figures.js';

/** The lines of one report, without colours; fields are separated by two blanks. */
export function servePlainLines(snapshot: FleetSnapshot): string[] {
  const time = formatDuration(snapshot.elapsedMs);
  const hashing = snapshot.files.filter((file) => file.hashed < 1);
  return [
    ...snapshot.servers.map((server) => serverLine(time, server)),
    ...hashing.map((file) => join([time, 'hashing', printable(file.name), formatPercent(file.hashed)])),
  ];
}

function serverLine(time: string, server: ServerSnapshot): string {
  return join([
    time,
    `server ${server.number}`,
    `port ${server.port}`,
    server.state,
    counted(server.clients, 'client'),
    `${formatBytes(server.sentBytes)} sent`,
    formatSpeed(server.speedBytesPerSec),
    printable(server.note),
  ]);
}

function join(fields: readonly string[]): string {
  return fields.filter((field) => field !== '').join('  ');
}
