import type { DownloadEventBody } from '../base/events.js';
import type { SchedulerCommand } from '../core/scheduler-messages.js';

/** What is told of a request: whose bytes these were to be, and whether they may come twice. */
export function requestEvent(command: SchedulerCommand & { type: 'request' }): DownloadEventBody {
  const { connection, start, end, source, victim, isHedge, reason } = command;
  const common = { source, connection, start, end, reason };
  if (victim === undefined) return { type: 'segment-assigned', ...common };
  return { type: isHedge ? 'segment-hedged' : 'segment-stolen', victim, ...common };
}
