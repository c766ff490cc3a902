import { describe, expect, test } from 'vitest';

import { ManygetError } from '../../../src/base/errors.js';
import { runMany } from '../../../src/cli/get/run-many.js';
import { memoryIo } from '../../support/cli-streams.js';
import { ScriptedDownload } from '../../support/scripted-download.js';

const report = {
  intervalMs: undefined,
  json: false,
  quiet: true,
  verbose: false,
  color: 'never',
  liveView: false,
} as const;

test('files that were never begun do not count as there, when the user ends', async () => {
  const items = [0, 1, 2, 3].map((i) => ({ name: `f${i}`, begin: () => Promise.resolve(new ScriptedDownload()) }));
  const io = memoryIo();
  const ended = runMany(items, { report: { ...report, quiet: false }, again: 'manyget get', atOnceMax: 1 }, io);
  await new Promise(setImmediate);
  io.signal('SIGINT');
  expect(await ended).toBe(130);
  expect(io.stdout.lines().at(-1)).toMatch(/^0 of 4 files are there/);
  expect(io.stderr.text).toBe(
    'manyget: the downloads were stopped by you; what is there is kept\n         go on with: manyget get\n',
  );
  expect(io.stdout.text).toContain('f0  stopped\n');
});

test('a file of an earlier run that is being verified is stopped, too', async () => {
  const finished = (signal: AbortSignal): Promise<string> =>
    new Promise((_, reject) => {
      signal.onabort = () => reject(new ManygetError('aborted', 'stopped'));
    });
  const items = [{ name: 'f', finished, begin: () => Promise.resolve(new ScriptedDownload()) }];
  const io = memoryIo();
  const ended = runMany(items, { report: { ...report, quiet: false }, again: 'manyget get', atOnceMax: 1 }, io);
  await new Promise(setImmediate);
  io.signal('SIGINT');
  expect(await ended).toBe(130);
  expect(io.stdout.lines().at(-1)).toMatch(/^0 of 1 files are there/);
});

test('what a download says while it is begun is shown', async () => {
  const io = memoryIo();
  const handle = new ScriptedDownload();
  handle.emit({ type: 'notice', reason: 'no source is at "b"', atMs: 0 });
  handle.finish();
  const items = [{ name: 'f', begin: () => Promise.resolve(handle) }];
  await runMany(items, { report: { ...report, quiet: false }, again: 'manyget get', atOnceMax: 1 }, io);
  expect(io.stdout.lines()).toContain('f  no source is at "b"');
});

describe('a limit for several files', () => {
  test('is shared by those that are under way, and the last one has all of it', async () => {
    const downloads = [new ScriptedDownload(), new ScriptedDownload(), new ScriptedDownload()];
    const limits = (): (number | undefined)[] => downloads.map((download) => download.state.limitBytesPerSec);
    const begun: (() => void)[] = [];
    const started = downloads.map((_, i) => new Promise<void>((resolve) => (begun[i] = resolve)));
    const items = downloads.map((download, i) => ({
      name: `f${i}`,
      begin: () => {
        begun[i]?.();
        return Promise.resolve(download);
      },
    }));
    const ended = runMany(items, { report, again: '', atOnceMax: 2, limitBytesPerSec: 6000 }, memoryIo());
    await Promise.all(started.slice(0, 2));
    await new Promise(setImmediate);
    expect(limits()).toEqual([3000, 3000, undefined]);
    downloads[0]?.finish();
    await started[2];
    await new Promise(setImmediate);
    expect(limits()).toEqual([3000, 3000, 3000]);
    downloads[1]?.finish();
    await new Promise(setImmediate);
    expect(limits()[2]).toBe(6000);
    downloads[2]?.finish();
    expect(await ended).toBe(0);
  });
});
