import { expect, test } from 'vitest';

import type { DownloadEvent } from '../../../src/base/events.js';
import { decisionLines } from '../../../src/cli/get/decision-lines.js';
import { textWidth, withoutColor } from '../../../src/cli/terminal/text-width.js';
import { makeTheme } from '../../../src/cli/terminal/theme.js';
import { sourceSnapshot } from '../../support/scripted-download.js';

const sources = [sourceSnapshot(0), sourceSnapshot(1)];
const plain = makeTheme(0, true);
const colored = makeTheme('truecolor', true);

function lost(atMs: number, reason: string): DownloadEvent {
  return { atMs, type: 'source-lost', source: 1, code: 'connect-refused', reason };
}

function ready(atMs: number, source: number): DownloadEvent {
  return { atMs, type: 'source-ready', source, connection: atMs, reason: 'connected in 2 ms' };
}

const stolen: DownloadEvent = {
  ...{ atMs: 3100, type: 'segment-stolen', source: 0, victim: 1, connection: 0, start: 0, end: 1024 },
  reason: 'would finish 3.1 s later',
};

test('tries that differ in how long they wait are one decision, told with the last of them', () => {
  const events = [
    lost(400, 'nothing listens there; tried again in 0.4 s'),
    lost(900, 'nothing listens there; tried again in 0.9 s'),
  ];
  expect(decisionLines(events, sources, 2, 80, plain)).toEqual([
    '   0.9s  :9002 lost ×2: nothing listens there; tried again in 0.9 s',
    '',
  ]);
});

test('a source that is lost, and left out for the same reason, is told of once', () => {
  const leftOut: DownloadEvent = {
    ...{ atMs: 60, type: 'source-quarantined', source: 1, code: 'not-found' },
    reason: 'there is no such file',
  };
  expect(decisionLines([ready(10, 1), lost(60, 'there is no such file'), leftOut], sources, 2, 80, plain)).toEqual([
    '   0.0s  :9002 ready: connected in 2 ms',
    '   0.1s  :9002 left out: there is no such file',
  ]);
});

test('a source is ready once, and again after it was lost; further connections to it are no news', () => {
  const opening: DownloadEvent = { atMs: 20, type: 'connection-opening', source: 0, reason: 'it may bring more' };
  const lines = (events: readonly DownloadEvent[]): string[] =>
    decisionLines(events, sources, 3, 80, plain).filter((line) => line !== '');
  expect(lines([ready(10, 0), opening, ready(30, 0), ready(40, 1)])).toEqual([
    '   0.0s  :9001 ready: connected in 2 ms',
    '   0.0s  :9002 ready: connected in 2 ms',
  ]);
  const gone: DownloadEvent = { atMs: 50, type: 'source-lost', source: 0, code: 'server-closed', reason: 'it said so' };
  expect(lines([opening, ready(30, 0), gone, ready(1000, 0)])).toEqual([
    '   0.1s  :9001 lost: it said so',
    '   1.0s  :9001 ready: connected in 2 ms',
  ]);
});

test('servers stand in the colours of their rows, whoever takes and whoever gives', () => {
  const [line = ''] = decisionLines([stolen], sources, 1, 80, colored);
  expect(line).toContain(colored.source(0, ':9001'));
  expect(line).toContain(colored.source(1, ':9002'));
  expect(line).toContain(colored.faint(': would finish 3.1 s later'));
  expect(decisionLines([lost(1, 'x')], sources, 1, 80, colored)[0]).toContain(colored.warn(' lost'));
});

test.each([20, 40, 60])('no line is wider than %i columns', (columns) => {
  const events = [stolen, lost(1, 'nothing listens there, and nobody knows why; tried again in 0.4 s')];
  for (const line of decisionLines(events, sources, 4, columns, colored)) {
    expect(textWidth(withoutColor(line))).toBeLessThanOrEqual(columns);
  }
});
