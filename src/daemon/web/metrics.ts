import type { FleetItem } from '../../base/fleet-snapshot.js';
import type { DownloadQueue } from '../queue/download-queue.js';

/** The queue and the fleets in the text format of Prometheus. */
export function metricsText(queue: DownloadQueue, fleets: readonly FleetItem[]): string {
  const { active, waiting, stopped, speedBytesPerSec } = queue.totals();
  const servers = queue.servers();
  const { rss, heapUsed } = process.memoryUsage();
  const families = [
    gauge('manyget_downloads', 'Downloads by state', [
      ['state="active"', active],
      ['state="waiting"', waiting],
      ['state="stopped"', stopped],
    ]),
    gauge('manyget_speed_bytes_per_second', 'Speed of all downloads', [['', speedBytesPerSec]]),
    gauge(
      'manyget_download_done_bytes',
      'Bytes that are here, of each running download',
      queue.lists.active.map((entry) => [`gid="${entry.gid}"`, entry.item(-1).doneBytes]),
    ),
    counter(
      'manyget_server_bytes_total',
      'Bytes that ended downloads had from each server',
      servers.map((server) => [`server="${label(server.origin)}"`, server.bytes]),
    ),
    counter(
      'manyget_server_faults_total',
      'Faults of each server',
      servers.map((server) => [`server="${label(server.origin)}"`, server.faults]),
    ),
    ...fleetFamilies(fleets),
    gauge('process_resident_memory_bytes', 'Memory', [['', rss]]),
    gauge('manyget_heap_used_bytes', 'Heap', [['', heapUsed]]),
  ];
  return `${families.join('\n')}\n`;
}

function fleetFamilies(fleets: readonly FleetItem[]): string[] {
  const servers = fleets.flatMap(({ id, servers: own }) =>
    own.map((server) => ({ ...server, labels: `fleet="${id}",server="${server.number}",port="${server.port}"` })),
  );
  if (servers.length === 0) return [];
  return [
    gauge(
      'manyget_fleet_server_up',
      'Whether a server of a fleet takes clients',
      servers.map(({ labels, state }) => [labels, state === 'alive' ? 1 : 0]),
    ),
    gauge(
      'manyget_fleet_server_clients',
      'Clients of each server of a fleet',
      servers.map(({ labels, clients }) => [labels, clients]),
    ),
    counter(
      'manyget_fleet_server_sent_bytes_total',
      'Bytes that each server of a fleet has sent since it was opened',
      servers.map(({ labels, sentBytes }) => [labels, sentBytes]),
    ),
  ];
}

type Samples = readonly (readonly [labels: string, value: number])[];

const gauge = (name: string, help: string, samples: Samples): string => family(name, 'gauge', help, samples);
const counter = (name: string, help: string, samples: Samples): string => family(name, 'counter', help, samples);

function family(name: string, type: string, help: string, samples: Samples): string {
  const lines = samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
}

function label(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
