import { expect, test } from 'vitest';

import { ManygetError } from '../../../src/base/errors.js';
import { showDownload } from '../../../src/cli/get/show-download.js';
import { memoryIo } from '../../support/cli-streams.js';
import { ScriptedDownload } from '../../support/scripted-download.js';

const report = {
  intervalMs: 3_600_000,
  json: false,
  quiet: false,
  verbose: false,
  color: 'never',
  liveView: false,
} as const;

test('once a manifest has come, only the download of what it names hears of the wish to end', async () => {
  const io = memoryIo();
  const handle = new ScriptedDownload();
  handle.done.catch(() => undefined);
  handle.fail(new ManygetError('is-manifest', 'a manifest'));
  const onManifest = (): Promise<number> => {
    io.signal('SIGINT');
    io.signal('SIGINT');
    return Promise.resolve(5);
  };
  expect(await showDownload({ report, again: undefined, onManifest }, () => handle, io)).toBe(5);
  expect([io.stdout.text, io.stderr.text, io.exits]).toEqual(['', '', []]);
});

test('what is said before anybody can read it is shown as well', async () => {
  const handle = new ScriptedDownload();
  handle.emit({ type: 'notice', reason: 'no source is at "b"', atMs: 0 });
  handle.emit({ type: 'notice', reason: 'said later', atMs: 1 });
  const io = memoryIo();
  const shown = showDownload({ report, again: undefined }, () => handle, io);
  handle.finish();
  expect(await shown).toBe(0);
  expect(io.stdout.lines().slice(0, 2)).toEqual(['0.0s  no source is at "b"', '0.0s  said later']);
});

test('who stopped a download is said, once', async () => {
  const io = memoryIo();
  const handle = new ScriptedDownload();
  const shown = showDownload({ report: { ...report, verbose: true }, again: undefined }, () => handle, io);
  handle.emit({ type: 'phase', phase: 'failed', code: 'aborted', reason: 'said below', atMs: 1 });
  io.signal('SIGTERM');
  expect(await shown).toBe(130);
  expect(io.stderr.lines()[0]).toBe('manyget: the download was stopped by SIGTERM; its state is kept');
  expect(io.stdout.text).not.toContain('said below');
});
