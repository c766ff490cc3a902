import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ManygetError } from '../base/errors.js';
import type { ServeOptions } from '../base/fleet-handle.js';
import { checkToken } from '../wire/mgp-auth.js';
import { resolveRoots, type ServedRoot } from './served-roots.js';
import type { ServerLimits, ServerTls } from './worker-messages.js';
import { messageOf } from '../base/message-of.js';

/** Servers of one fleet: each is a thread with its memory. */
const serversMax = 256;

interface ServerPlan {
  readonly number: number;
  readonly port: number;
  /** Undefined: no limit. */
  readonly bytesPerSec: number | undefined;
}

/** What a fleet is to be, checked. */
export interface FleetPlan {
  readonly host: string;
  readonly roots: readonly ServedRoot[];
  readonly servers: readonly ServerPlan[];
  readonly token: string | undefined;
  readonly tls: ServerTls | undefined;
}

/**
 * Checks the options of a fleet against themselves and the disk.
 * @throws ManygetError `usage` or `nothing-to-serve`.
 */
export async function planFleet(options: ServeOptions): Promise<FleetPlan> {
  const { ports, rateLimits = [], host = '127.0.0.1' } = options;
  checkPorts(ports);
  checkRates(rateLimits, ports.length);
  if (host === '') throw new ManygetError('usage', 'expected an address to listen on, received an empty one');
  const servers = ports.map((port, index): ServerPlan => {
    const rate = rateLimits.length === 1 ? rateLimits[0] : rateLimits[index];
    const bytesPerSec = rate === undefined || rate === 0 || rate === Infinity ? undefined : rate;
    return { number: index + 1, port, bytesPerSec };
  });
  const { token, tls } = options;
  if (token !== undefined) checkToken(token);
  return {
    host,
    roots: await resolveRoots(options.paths),
    servers,
    token,
    tls: tls === undefined ? undefined : await readTls(tls),
  };
}

function checkPorts(ports: readonly number[]): void {
  if (ports.length === 0) throw new ManygetError('usage', 'expected at least one port, received none');
  if (ports.length > serversMax) {
    throw new ManygetError('usage', `expected at most ${serversMax} ports, received ${ports.length}`);
  }
  const seenAt = new Map<number, number>();
  ports.forEach((port, index) => {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new ManygetError('usage', `expected a port of 0 to 65535 for server ${index + 1}, received ${port}`);
    }
    const other = seenAt.get(port);
    if (port !== 0 && other !== undefined) {
      throw new ManygetError(
        'usage',
        `expected a port for each server, received ${port} for both ${other} and ${index + 1}`,
      );
    }
    seenAt.set(port, index + 1);
  });
}

function checkRates(rates: readonly number[], servers: number): void {
  if (rates.length > 1 && rates.length !== servers) {
    throw new ManygetError(
      'usage',
      `expected one rate limit, or one for each of ${servers} servers, received ${rates.length}`,
    );
  }
  for (const rate of rates) {
    if (!(rate >= 0))
      throw new ManygetError('usage', `expected a rate limit of 0 or more bytes a second, received ${rate}`);
  }
}

/** Memory for file data: 8 MiB keep one server busy with any client; where many share the machine, 4 MiB each have to do. */
function poolBytes(servers: number): number {
  return Math.min(Math.max(16 / servers, 4), 8) * 1024 * 1024;
}

export function defaultLimits(servers: number): ServerLimits {
  return {
    connectionsMax: 1024,
    connectionsPerAddressMax: 512,
    helloMs: 10_000,
    idleMs: 600_000,
    keepAliveMs: 60_000,
    stallMs: 30_000,
    graceMs: 2000,
    poolBytes: poolBytes(servers),
  };
}

/** Reads certificate and key, and sees whether they belong together. @throws ManygetError `usage`. */
async function readTls(files: { readonly cert: string; readonly key: string }): Promise<ServerTls> {
  try {
    const tls = { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const why = messageOf(cause);
    throw new ManygetError(
      'usage',
      `the certificate "${files.cert}" and the key "${files.key}" cannot be used: ${why}`,
      {
        cause,
      },
    );
  }
}
