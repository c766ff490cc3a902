import { expect, it } from 'vitest';
import { DownloadLab, eventsOf } from '../support/download-lab.js';
import { HttpTestServer } from '../support/http-test-server.js';
import { randomBytesOf } from '../support/random-bytes.js';

it('a piece that slow servers always share, one of which lies, is had from one alone in the end', async () => {
  await using lab = await DownloadLab.create();
  // One piece, and all servers alike slow: whoever has its part first takes of another's.
  const file = lab.file('file.bin', 256 * 1024);
  const fleet = await lab.serve(file.path, { rateLimits: [300 * 1024] });
  const liar = await HttpTestServer.start({ file: randomBytesOf(file.bytes.length, 2), etag: '' });
  const handle = lab.get([fleet.url(1), liar.url], {
    http: { netrc: false, proxy: {} },
    sourceRules: [{ match: liar.url, limitBytesPerSec: 300 * 1024 }],
  });
  await handle.done;
  expect(lab.written()?.equals(file.bytes)).toBe(true);
  expect(eventsOf(handle, 'piece-corrupt').length).toBeLessThan(10);
});
