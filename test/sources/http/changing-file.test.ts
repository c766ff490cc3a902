import { describe, expect, test } from 'vitest';
import { fetchFile } from '../../support/http-download.js';
import { HttpTestServer, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const before = randomBytesOf(3 * 1024 * 1024 + 99, 1);
const after = randomBytesOf(before.length, 2);
const longer = randomBytesOf(before.length + 5, 3);

/** Gives a mebibyte of the first version, cuts the connection, and from then on calls `change`. */
function changesOnTheWay(change: (server: HttpTestServer) => void, server: () => HttpTestServer): Quirk {
  let changed = false;
  return (_ask, right) => {
    if (changed || right.body.length < 2) return right;
    changed = true;
    change(server());
    return { ...right, cutAfter: 1024 * 1024 };
  };
}

async function changingServer(options: { etag?: string; lastModified?: string }, change: (s: HttpTestServer) => void) {
  const server: HttpTestServer = await HttpTestServer.start({ file: before, ...options });
  server.quirk = changesOnTheWay(change, () => server);
  return server;
}

const changes: readonly {
  what: string;
  start: { etag?: string; lastModified?: string };
  change: (s: HttpTestServer) => void;
}[] = [
  {
    what: 'its strong ETag',
    start: { etag: '"v1"' },
    change: (server) => {
      server.etag = '"v2"';
      server.file = after;
    },
  },
  {
    what: 'its weak ETag',
    start: { etag: 'W/"v1"' },
    change: (server) => {
      server.etag = 'W/"v2"';
      server.file = after;
    },
  },
  {
    what: 'its size alone',
    start: { etag: '' },
    change: (server) => {
      server.file = longer;
    },
  },
  {
    what: 'its date alone',
    start: { etag: '', lastModified: 'Tue, 03 Nov 2020 10:00:00 GMT' },
    change: (server) => {
      server.lastModified = 'Tue, 03 Nov 2020 10:00:07 GMT';
      server.file = after;
    },
  },
];

describe('a file that changes in mid-download', () => {
  test.each(changes)('is noticed by $what, and never mixed', async ({ start, change }) => {
    const server = await changingServer(start, change);
    const outcome = await fetchFile([server.url]);
    if (outcome.kind === 'whole') throw new Error('two versions were mixed');
    expect(outcome.error.code).toBe('file-changed');
    expect(outcome.message).toMatch(/another version|states a size|sends a file of/);
  });

  test('comes from the mirror that still has the old version', async () => {
    const server = await changingServer({ etag: '"v1"' }, (s) => {
      s.etag = '"v2"';
      s.file = after;
    });
    const mirror = await HttpTestServer.start({ file: before, etag: '"other-site"' });
    const outcome = await fetchFile([server.url, mirror.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(before.equals(outcome.bytes)).toBe(true);
  });
});
