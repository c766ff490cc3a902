/** `limit`: changes what was asked for, and prints what holds. */
import { printable } from '../../base/printable.js';
import { formatSpeed } from '../../base/units.js';
import type { DaemonClient } from '../../daemon/client.js';
import type { CliIo } from '../io.js';
import type { LimitCommand } from './limit-request.js';

/** Returns the exit status. */
export async function runLimitCommand(command: LimitCommand, client: DaemonClient, io: CliIo): Promise<number> {
  const { gid, bytesPerSec, schedule, perHostMax } = command;
  const limit = gid === undefined ? 'max-overall-download-limit' : 'max-download-limit';
  const changes = {
    ...(bytesPerSec === undefined ? {} : { [limit]: String(bytesPerSec) }),
    ...(schedule === undefined ? {} : { [`${limit}-schedule`]: schedule }),
    ...(perHostMax === undefined ? {} : { 'max-connection-per-host': String(perHostMax) }),
  };
  const isChange = Object.keys(changes).length > 0;
  const options =
    gid === undefined
      ? await (isChange ? client.setQueueOptions(changes) : client.queueOptions())
      : (await (isChange ? client.setOptions(gid, changes) : client.detail(gid))).options;
  const rate = Number(options[limit] ?? 0);
  const rules = options[`${limit}-schedule`] ?? '';
  io.stdout.write(`rate: ${rate > 0 ? formatSpeed(rate) : 'no limit'}\n`);
  io.stdout.write(`schedule: ${rules === '' ? 'none' : printable(rules, 1000)}\n`);
  if (gid === undefined) {
    const most = Number(options['max-connection-per-host'] ?? 0);
    io.stdout.write(`connections per host: ${most > 0 ? most : 'no limit'}\n`);
  }
  return 0;
}
