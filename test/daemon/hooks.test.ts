import { expect, test } from 'vitest';
import { factsOf, runHooks } from '../../src/daemon/hooks.js';
import type { DownloadQueue, QueueListener } from '../../src/daemon/queue/download-queue.js';
import type { QueueEntry } from '../../src/daemon/queue/queue-entry.js';
import { noProgress } from '../../src/daemon/queue/entry-progress.js';

/** What a queue does with a hook, for one download that has ended. */
function endWith(progress: Partial<QueueEntry['progress']>, command: string): string[] {
  const faults: string[] = [];
  const listeners: QueueListener[] = [];
  const listen = (listener: QueueListener): (() => void) => {
    listeners.push(listener);
    return () => undefined;
  };
  using _hooks = runHooks({ listen } as unknown as DownloadQueue, { onComplete: command }, (fault) =>
    faults.push(fault),
  );
  for (const tell of listeners)
    tell('complete', { gid: 'a'.repeat(16), progress: { ...noProgress, ...progress } } as QueueEntry);
  return faults;
}

test('a program that cannot be started is told, and ends nothing', () => {
  expect(endWith({}, 'no\0program')).toEqual([expect.stringContaining('cannot start')]);
});

test('a name that no environment can hold is handed over without what it cannot hold', () => {
  expect(endWith({ outputPath: '/films/a\0b.bin' }, 'true')).toEqual([]);
});

test('a name is that of the file, whatever path a server makes of it', () => {
  const named = (name: string, outputPath: string): string | undefined =>
    factsOf({ gid: 'a'.repeat(16), progress: { ...noProgress, name, outputPath } })['MANYGET_NAME'];
  expect(named('../../bin/film.mp4', '/films/film.mp4')).toBe('film.mp4');
  expect(named('../film.mp4', '')).toBe('film.mp4');
  expect(named('../..', '')).toBe('');
});
