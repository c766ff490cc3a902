import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, failure, mib, until } from '../support/download-lab.js';
import { freePort } from '../support/free-port.js';
import { ignoresRange } from '../support/http-quirks.js';
import { HttpTestServer } from '../support/http-test-server.js';
import { randomBytesOf } from '../support/random-bytes.js';

const size = 6 * mib;
const right = randomBytesOf(size, 1);
const other = randomBytesOf(size, 2);
const http = { netrc: false, proxy: {} } as const;

/** No dates: nothing but the bytes tells the files of two servers apart. */
async function serverOf(file: Uint8Array, etag = ''): Promise<HttpTestServer> {
  return HttpTestServer.start({ file, etag });
}

/** The one sample that is asked for alone, to settle who is right, is answered when many a tick has gone by. */
function slowForSample(range: string | undefined): Promise<void> | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  if (first === undefined || first === '0' || Number(last) - Number(first) >= 16) return undefined;
  const sinceMs = performance.now();
  return until(() => performance.now() - sinceMs > 250);
}

describe.concurrent('bytes, without any hash, of a source that is no more', () => {
  it('because the user removed it are compared with those of the only one that is left', async () => {
    await using lab = await DownloadLab.create();
    const [odd, steady] = [await serverOf(other), await serverOf(right)];
    const handle = lab.get([odd.url], { http, limitBytesPerSec: 4 * mib });
    await until(() => handle.snapshot().doneBytes > 256 * 1024);
    handle.addSource(steady.url);
    handle.removeSource(0);
    await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('because its file changed are compared with those of the only one that is left', async () => {
    await using lab = await DownloadLab.create();
    const [changing, steady] = [await serverOf(other, '"v1"'), await serverOf(right)];
    const handle = lab.get([changing.url], { http, limitBytesPerSec: 4 * mib });
    await until(() => handle.snapshot().doneBytes > 256 * 1024);
    changing.file = right;
    changing.etag = '"v2"';
    handle.addSource(steady.url);
    await handle.done;
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'file-changed' }]);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('stay where the one that is left has the same', async () => {
    await using lab = await DownloadLab.create();
    const [first, second] = [await serverOf(right), await serverOf(right)];
    const handle = lab.get([first.url], { http, limitBytesPerSec: 4 * mib });
    await until(() => handle.snapshot().doneBytes > 256 * 1024);
    handle.addSource(second.url);
    handle.removeSource(0);
    const report = await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(report.sources[0]?.bytes).toBeGreaterThan(256 * 1024);
    expect(report.sources[1]?.bytes).toBeLessThan(size);
  });

  it('because it ended before the checksum of the file proved wrong are held against those of the only one that is left', async () => {
    await using lab = await DownloadLab.create();
    const spoilt = Buffer.from(right);
    spoilt[70_000] = (spoilt[70_000] ?? 0) ^ 1;
    const odd = await serverOf(spoilt);
    const steady = await HttpTestServer.start({
      file: right,
      etag: '',
      held: ({ headers }) => slowForSample(headers.range),
    });
    const manifest = { hashes: { sha256: createHash('sha256').update(right).digest('hex') } };
    const handle = lab.get([odd.url], { http, limitBytesPerSec: 4 * mib, manifest });
    await until(() => handle.snapshot().doneBytes > 256 * 1024);
    handle.addSource(steady.url);
    handle.removeSource(0);
    await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('and of an earlier run are compared with those of the only one of today', async () => {
    await using lab = await DownloadLab.create();
    const [before, now] = [await serverOf(other), await serverOf(right)];
    const first = lab.get([before.url], { http, limitBytesPerSec: 4 * mib });
    await until(() => first.snapshot().doneBytes > mib);
    await first.cancel();
    await lab.get([now.url], { http }).done;
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('and of an earlier run are not asked for again where they came from the same version of the same source', async () => {
    await using lab = await DownloadLab.create();
    const server = await serverOf(right, '"v1"');
    const first = lab.get([server.url], { http, limitBytesPerSec: 4 * mib });
    await until(() => first.snapshot().doneBytes > mib);
    await first.cancel();
    const before = server.connections;
    await lab.get([server.url], { http, connectionsPerSourceMax: 1 }).done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(server.connections).toBe(before + 1);
  });
});

it('a server that gives no parts is compared with the only one that does', async () => {
  await using lab = await DownloadLab.create();
  const [whole, parts] = [await serverOf(other), await serverOf(right)];
  whole.quirk = ignoresRange;
  const error = await failure(lab.get([whole.url, parts.url], { http, limitBytesPerSec: 8 * mib }));
  expect(error.code).toBe('sources-disagree');
  expect(lab.written()).toBeUndefined();
});

it('servers without hashes are compared, although one that would state hashes is expected and never comes', async () => {
  await using lab = await DownloadLab.create();
  const [one, two] = [await serverOf(right), await serverOf(other)];
  const away = `mgp://127.0.0.1:${await freePort()}/f.bin`;
  const error = await failure(lab.get([one.url, two.url, away], { http }));
  expect(error.code).toBe('sources-disagree');
  expect(lab.written()).toBeUndefined();
});
