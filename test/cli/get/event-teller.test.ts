import { expect, test } from 'vitest';

import type { DownloadEvent } from '../../../src/base/events.js';
import { EventTeller } from '../../../src/cli/get/event-teller.js';
import { sourceNames } from '../../../src/cli/get/source-names.js';
import { sourceSnapshot } from '../../support/scripted-download.js';

const names = sourceNames([sourceSnapshot(0), sourceSnapshot(1)], true);

function sentences(...events: readonly object[]): string[] {
  const teller = new EventTeller();
  return events.map((event) => teller.sentence({ atMs: 0, ...event } as DownloadEvent, names));
}

const why = { code: 'not-found', reason: 'there is no such file' } as const;
const lost = { type: 'source-lost', source: 1, ...why } as const;
const leftOut = { type: 'source-quarantined', source: 1, ...why } as const;

test('why a server is left out is not said again where it was just lost for that', () => {
  expect(sentences(lost, leftOut)).toEqual([':9002 lost: there is no such file', ':9002 left out']);
});

test('it is said where the server was lost for another reason, or another server was, or it was there again since', () => {
  expect(sentences({ ...lost, reason: 'refused' }, leftOut)[1]).toBe(':9002 left out: there is no such file');
  const ready = { type: 'source-ready', source: 1, connection: 0, reason: '' };
  expect(sentences(lost, ready, leftOut)[2]).toBe(':9002 left out: there is no such file');
  expect(sentences({ ...lost, source: 0 }, leftOut)[1]).toBe(':9002 left out: there is no such file');
});
