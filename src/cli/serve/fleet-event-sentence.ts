import type { FleetEvent } from '../../base/fleet-handle.js';
import { printable } from '../../base/printable.js';

/** What happened to a fleet, in words. */
export function fleetEventSentence(event: FleetEvent): string {
  const reason = printable(event.reason);
  return event.type === 'server' ? `server ${event.number}: ${reason}` : `${printable(event.name, 80)}: ${reason}`;
}
