/** `fleet`: asks the daemon, and prints its answer. */
import { resolve } from 'node:path';

import { ManygetError } from '../../base/errors.js';
import type { FleetItem } from '../../base/fleet-snapshot.js';
import type { DaemonClient } from '../../daemon/client.js';
import { type CliIo, printLines } from '../io.js';
import { readToken } from '../options/access-options.js';
import { fleetLines } from './fleet-lines.js';
import type { FleetAddRequest, FleetCommand } from './fleet-request.js';

/** Returns the exit status. */
export async function runFleetCommand(command: FleetCommand, client: DaemonClient, io: CliIo): Promise<number> {
  switch (command.kind) {
    case 'fleet-add': {
      const fleet = await add(command.request, client, io);
      printLines(io, command.request.json ? [JSON.stringify(fleet)] : fleetLines([fleet]));
      return 0;
    }
    case 'fleet-ls': {
      const fleets = await client.fleets();
      printLines(io, command.json ? [JSON.stringify(fleets)] : fleetLines(fleets));
      return 0;
    }
    case 'fleet-close':
    case 'fleet-open': {
      const verb = command.kind === 'fleet-close' ? 'close' : 'open';
      const changed = new Map<number, FleetItem>();
      for (const { id, server } of command.targets) changed.set(id, await client.steerFleet(verb, id, server));
      printLines(io, fleetLines([...changed.values()]));
      return 0;
    }
    case 'fleet-rm':
      return remove(new Set(command.ids), client, io);
  }
}

async function remove(ids: ReadonlySet<number>, client: DaemonClient, io: CliIo): Promise<number> {
  const there = new Set((await client.fleets()).map((fleet) => fleet.id));
  const slip = [...ids].find((id) => !there.has(id));
  // Told before anything is done with the others.
  if (slip !== undefined) throw new ManygetError('fleet-unknown', `there is no fleet ${slip}`);
  for (const id of ids) await client.removeFleet(id);
  printLines(io, [`${ids.size} removed`]);
  return 0;
}

async function add(request: FleetAddRequest, client: DaemonClient, io: CliIo): Promise<FleetItem> {
  const { ports, host, rateLimits } = request;
  // The daemon has another current folder.
  const paths = request.paths.map((path) => resolve(path));
  return client.addFleet({ paths, ports, host, rateLimits, token: readToken(request.access, io.env) });
}
