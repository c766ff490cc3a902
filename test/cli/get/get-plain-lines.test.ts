import { expect, test } from 'vitest';

import { getPlainLines } from '../../../src/cli/get/get-plain-lines.js';
import { downloadSnapshot, sourceSnapshot } from '../../support/scripted-download.js';

test('one line for the whole and one for each server, each complete in itself', () => {
  const sources = [
    sourceSnapshot(0),
    sourceSnapshot(1, { state: 'backing-off', note: 'refused\n', firstByteMs: undefined }),
  ];
  expect(getPlainLines(downloadSnapshot({ sources }))).toEqual([
    '3.2s  total  8.0/20.0 MiB  40.0%  3.00 MiB/s  ETA 4.0s  downloading  video.mp4',
    '3.2s  server 1  127.0.0.1:9001  3.00/5.00 MiB  1.50 MiB/s  active  first byte 1.2ms',
    '3.2s  server 2  127.0.0.1:9002  3.00/5.00 MiB  1.50 MiB/s  backing-off  first byte -  refused\\u{a}',
  ]);
});

test('why a download is in its phase is said where it is not the usual one', () => {
  const note = 'no source answers';
  const shown = (phase: 'downloading' | 'waiting') => getPlainLines(downloadSnapshot({ phase, note, sources: [] }))[0];
  expect(shown('waiting')).toMatch(/ waiting {2}video\.mp4 {2}no source answers$/);
  expect(shown('downloading')).toMatch(/ downloading {2}video\.mp4$/);
});

test('what is not known yet is not made up', () => {
  const unknown = { sizeBytes: undefined, doneBytes: 0, speedBytesPerSec: 0, etaMs: undefined, elapsedMs: 0 } as const;
  expect(getPlainLines(downloadSnapshot({ ...unknown, phase: 'connecting', sources: [] }))).toEqual([
    '0.0s  total  0 B  0 B/s  ETA -  connecting  video.mp4',
  ]);
});

test('a file of 0 bytes is whole, an absurd estimate is none', () => {
  const [line] = getPlainLines(downloadSnapshot({ sizeBytes: 0, doneBytes: 0, etaMs: 1e170, sources: [] }));
  expect(line).toBe('3.2s  total  0/0 B  100%  3.00 MiB/s  ETA -  downloading  video.mp4');
});
