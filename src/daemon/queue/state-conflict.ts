import { ManygetError } from '../../base/errors.js';
import type { QueueEntry } from './queue-entry.js';

/** What is asked of a download makes no sense in the state that it is in. @param what As in "cannot be paused now". */
export function stateConflict(entry: QueueEntry, what: string): ManygetError {
  return new ManygetError('state-conflict', `${entry.gid} is ${entry.state} and cannot be ${what} now`);
}
