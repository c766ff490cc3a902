/** Fleets of the daemon as lines for people. */
import type { FleetItem } from '../../base/fleet-snapshot.js';
import { hostAndPort } from '../../base/host-name.js';
import { printable } from '../../base/printable.js';
import { formatBytes, formatSpeed } from '../../base/units.js';
import { counted } from '../figures.js';
import { textTable } from './text-table.js';

export function fleetLines(fleets: readonly FleetItem[]): string[] {
  if (fleets.length === 0) return ['no fleets'];
  return fleets.flatMap((fleet) => [headLine(fleet), ...serverLines(fleet)]);
}

function headLine({ id, state, paths, error, hasToken }: FleetItem): string {
  const offered = paths.map((path) => printable(path, 200)).join(', ');
  const why = error === undefined ? '' : `: ${printable(error.message, 400)}`;
  const what = state === 'running' ? (hasToken ? '  for those who know its token' : '') : `  ${state}${why}`;
  return `${id}  ${offered}${what}`;
}

function serverLines({ id, servers }: FleetItem): string[] {
  return textTable(
    servers.map((server) => [
      `  ${id}.${server.number}`,
      hostAndPort(server.host, server.port),
      server.state === 'alive' ? 'open' : server.state,
      counted(server.clients, 'client'),
      formatBytes(server.sentBytes),
      formatSpeed(server.speedBytesPerSec),
    ]),
  );
}
