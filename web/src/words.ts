import type { QueueItem } from '../../src/base/queue-snapshot.js';
import type { SourceState } from '../../src/base/snapshot.js';

/** What people read instead of the words of the program. */
const stateWords: Readonly<Record<string, string>> = {
  waiting: 'Waiting for its turn',
  paused: 'Paused',
  complete: 'Complete',
  error: 'Failed',
  removed: 'Removed',
  connecting: 'Connecting',
  resuming: 'Checking what is here already',
  downloading: 'Downloading',
  'disk-full': 'The disk is full',
  finishing: 'Finishing',
};

export function stateOf(item: QueueItem): string {
  if (item.state === 'active' && item.phase === 'waiting') return 'Waiting for a server';
  const word = item.state === 'active' ? (item.phase ?? 'connecting') : item.state;
  return stateWords[word] ?? word;
}

const sourceWords: Readonly<Record<SourceState, string>> = {
  connecting: 'connecting',
  ready: 'ready',
  active: 'delivering',
  stalled: 'silent',
  'backing-off': 'pausing',
  closed: 'closed',
  quarantined: 'left out',
  removed: 'removed',
  disabled: 'resting',
};

export function sourceStateOf(state: SourceState): string {
  return sourceWords[state] ?? state;
}

const advice: Readonly<Record<string, string>> = {
  'file-not-found': 'Check the address, or add a server that has the file.',
  'no-source': 'Check the addresses. Add another server, then try again.',
  'gave-up': 'No server answered for a long time. Try again later; nothing is lost.',
  'sources-disagree': 'The servers hold different files. Leave the odd one out, then try again.',
  'verification-failed': 'What arrived is not what it should be. Add other servers, then try again.',
  'output-exists': 'A file of that name is there. Choose another name or folder.',
  'output-not-writable': 'The folder cannot be written to. Choose another one.',
  'disk-full': 'Make room on the disk, then try again; nothing is lost.',
  'io-failed': 'The disk had a problem. Look at it, then try again.',
};

export function adviceFor(code: string): string {
  return advice[code] ?? 'Try again; what is here already stays.';
}
