import { ManygetError } from '../base/errors.js';
import type { FleetHandle, ServeOptions } from '../base/fleet-handle.js';
import { Fleet } from '../server/fleet.js';
import { planFleet } from '../server/fleet-plan.js';
import { agentName } from './agent.js';
import { checkOptionTypes } from './option-types.js';

const optionTypes = {
  paths: 'strings',
  ports: 'numbers',
  host: 'string',
  rateLimits: 'numbers',
  token: 'string',
  signal: 'signal',
} as const;

/**
 * Starts servers of files and folders, each on its port and in its own thread. Resolves when all of them listen.
 * @throws ManygetError `usage`, `nothing-to-serve`, `port-in-use`, `listen-failed` or `aborted`; nothing is left behind.
 */
export async function serve(options: ServeOptions): Promise<FleetHandle> {
  checkOptionTypes(options, optionTypes, ['paths', 'ports']);
  const { signal } = options;
  throwIfAborted(signal);
  const fleet = new Fleet(await planFleet(options), { agent: agentName() });
  const stop = (): void => void fleet.stop();
  signal?.addEventListener('abort', stop, { once: true });
  void fleet.done.then(() => signal?.removeEventListener('abort', stop));
  await fleet.start();
  if (signal?.aborted === true) await fleet.stop();
  throwIfAborted(signal);
  return fleet;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new ManygetError('aborted', 'the servers were stopped before they had started', { cause: signal.reason });
  }
}
