import { expect, test } from 'vitest';

import type { DownloadEvent } from '../../../src/base/events.js';
import { eventSentence, isTrouble } from '../../../src/cli/get/event-sentence.js';
import { sourceNames } from '../../../src/cli/get/source-names.js';
import { sourceSnapshot } from '../../support/scripted-download.js';

const MiB = 1024 * 1024;
const names = sourceNames([sourceSnapshot(0), sourceSnapshot(1)], true);
const part = { connection: 0, start: 0, end: 12 * MiB };

test.each<[DownloadEvent, string]>([
  [
    { atMs: 0, type: 'phase', phase: 'disk-full', code: 'disk-full', reason: '3 MiB are missing' },
    'disk full: 3 MiB are missing',
  ],
  [{ atMs: 0, type: 'phase', phase: 'failed', code: 'aborted', reason: 'it was removed' }, 'stopped: it was removed'],
  [{ atMs: 0, type: 'phase', phase: 'failed', code: 'gave-up', reason: 'nobody answered' }, 'failed: nobody answered'],
  [{ atMs: 0, type: 'source-added', source: 0, url: 'mgp://h:1/x' }, ':9001 added: mgp://h:1/x'],
  [{ atMs: 0, type: 'source-ready', source: 0, connection: 1, reason: 'in 1 ms' }, ':9001 ready: in 1 ms'],
  [{ atMs: 0, type: 'source-lost', source: 1, code: 'server-closed', reason: 'it said so' }, ':9002 lost: it said so'],
  [
    { atMs: 0, type: 'source-quarantined', source: 1, code: 'size-differs', reason: '5 bytes, not 6' },
    ':9002 left out: 5 bytes, not 6',
  ],
  [{ atMs: 0, type: 'source-removed', source: 1, reason: '' }, ':9002 removed'],
  [{ atMs: 0, type: 'connection-opening', source: 1, reason: 'second' }, ':9002 gets a connection: second'],
  [{ atMs: 0, type: 'connection-closed', source: 1, connection: 1, reason: 'idle' }, ':9002 loses a connection: idle'],
  [{ atMs: 0, type: 'segment-assigned', source: 0, ...part, reason: 'idle' }, ':9001 gets 12.0 MiB: idle'],
  [
    { atMs: 0, type: 'segment-assigned', source: 0, ...part, reason: '12.0 MiB of its share' },
    ':9001 gets 12.0 MiB of its share',
  ],
  [
    { atMs: 0, type: 'segment-assigned', source: 0, ...part, reason: '12.0 MiB that nobody holds: by speed' },
    ':9001 gets 12.0 MiB that nobody holds: by speed',
  ],
  [
    { atMs: 0, type: 'segment-assigned', source: 0, ...part, reason: '12.0 MiB: from the start on only' },
    ':9001 gets 12.0 MiB: from the start on only',
  ],
  [
    { atMs: 0, type: 'segment-stolen', source: 0, victim: 1, ...part, reason: 'would finish 3.1 s later' },
    ':9001 takes 12.0 MiB from :9002: would finish 3.1 s later',
  ],
  [
    { atMs: 0, type: 'segment-stolen', source: 0, victim: 0, ...part, reason: 'done sooner' },
    ':9001 moves 12.0 MiB to another connection of its own: done sooner',
  ],
  [
    { atMs: 0, type: 'segment-hedged', source: 0, victim: 1, ...part, reason: 'silent for 2 s' },
    ':9001 also fetches 12.0 MiB of :9002: silent for 2 s',
  ],
  [
    { atMs: 0, type: 'piece-corrupt', piece: 7, sources: [0, 1], reason: 'fetched again' },
    'piece 7 from :9001, :9002 is corrupt: fetched again',
  ],
  [{ atMs: 0, type: 'hashes-known', source: 0, reason: '20 pieces' }, ':9001 sent the piece hashes: 20 pieces'],
  [{ atMs: 0, type: 'notice', reason: 'evil \u001b[2J' }, 'evil \\u{1b}[2J'],
])('%j reads %j', (event, sentence) => {
  expect(eventSentence(event, names)).toBe(sentence);
});

test('ports alone name servers only where they share a host and differ', () => {
  const two = (labels: readonly string[], short: boolean) =>
    labels.map((_, id) =>
      sourceNames(
        labels.map((label, at) => ({ id: at, label })),
        short,
      ).short(id),
    );
  expect(two(['h:1', 'h:2'], true)).toEqual([':1', ':2']);
  expect(two(['h:1', 'h:2'], false)).toEqual(['h:1', 'h:2']);
  expect(two(['h:1', 'i:2'], true)).toEqual(['h:1', 'i:2']);
  expect(two(['h:1', 'h:1'], true)).toEqual(['h:1', 'h:1']);
  expect(two(['h:1'], true)).toEqual(['h:1']);
  expect(sourceNames([], true).short(4)).toBe('server 5');
});

test.each<[DownloadEvent, string]>([
  [
    { atMs: 0, type: 'source-ready', source: 0, connection: 1, reason: '127.0.0.1:9001 is there: connected in 2 ms' },
    ':9001 ready: connected in 2 ms',
  ],
  [
    { atMs: 0, type: 'source-lost', source: 1, code: 'connect-refused', reason: 'server 127.0.0.1:9002 refused it' },
    ':9002 lost: refused it',
  ],
  [
    {
      atMs: 0,
      type: 'segment-stolen',
      source: 0,
      victim: 1,
      ...part,
      reason: '12.0 MiB done 3.2 s sooner, off the one that would end last',
    },
    ':9001 takes 12.0 MiB from :9002: done 3.2 s sooner, off the one that would end last',
  ],
])('a reason does not repeat what was said: %j reads %j', (event, sentence) => {
  expect(eventSentence(event, names)).toBe(sentence);
});

test('what the user ends is no trouble, what fails is', () => {
  const failed = { atMs: 0, type: 'phase', phase: 'failed', reason: 'it ended' } as const;
  expect(isTrouble({ ...failed, code: 'aborted' })).toBe(false);
  expect(isTrouble({ ...failed, code: 'gave-up' })).toBe(true);
  expect(isTrouble({ ...failed, phase: 'downloading', code: undefined })).toBe(false);
});
