import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, failure, mib, until } from '../support/download-lab.js';
import { ignoresRange, type exact } from '../support/http-quirks.js';
import { HttpTestServer, type HttpAsk, type HttpReply } from '../support/http-test-server.js';
import { randomBytesOf } from '../support/random-bytes.js';

const kib64 = 64 * 1024;
const size = 8 * mib + 12_345;
const right = randomBytesOf(size, 1);

/** The right file, but for one block of 64 KiB. */
function changed(block: number, seed = 2): Buffer {
  const bytes = Buffer.from(right);
  randomBytesOf(kib64, seed).copy(bytes, block * kib64);
  return bytes;
}

/** No entity tags, no dates: nothing but the bytes tells these apart. */
async function servers(...files: readonly Uint8Array[]): Promise<HttpTestServer[]> {
  return Promise.all(files.map((file) => HttpTestServer.start({ file, etag: '' })));
}

/** Says that it is busy from the n-th request on. */
function busyAfter(count: number): (ask: HttpAsk, reply: HttpReply) => HttpReply {
  return (ask, reply) =>
    ask.number < count ? reply : { status: 503, headers: {}, body: new Uint8Array(0), framing: 'length' };
}

const http = { netrc: false, proxy: {} } as const;

describe.concurrent('HTTP servers whose files have one size, without any hash', () => {
  it.each([0, 1, 31, 64, 100, 127])(
    'three against one that differs in block %i: the odd one is named, and the file is right',
    async (block) => {
      await using lab = await DownloadLab.create();
      const list = await servers(right, right, changed(block), right);
      const handle = lab.get(
        list.map((s) => s.url),
        { http },
      );
      await handle.done;
      expect(lab.written()?.equals(right)).toBe(true);
      expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 2, code: 'content-differs' }]);
      const reason = eventsOf(handle, 'source-quarantined')[0]?.reason ?? '';
      expect(reason).toContain(list[2]?.origin.slice(7));
      expect(reason).toContain('holds other bytes at byte');
      const said = eventsOf(handle, 'notice').map((e) => e.reason);
      const end = said.find((text) => text.includes('compared'));
      expect(end).toContain('129 of 129 stretches');
      expect(end).toContain('who differed from most was left out');
      expect(end).not.toContain('all alike');
    },
  );

  it('one against one: stops with a status of its own, and shows both groups', async () => {
    await using lab = await DownloadLab.create();
    const list = await servers(right, changed(70));
    const error = await failure(
      lab.get(
        list.map((s) => s.url),
        { http },
      ),
    );
    expect(error.code).toBe('sources-disagree');
    expect(error.exitStatus).toBe(34);
    for (const server of list) expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.message).toContain('--trust');
    expect(lab.written()).toBeUndefined();
  });

  it('one against one, of which the user trusts one: that one is believed', async () => {
    await using lab = await DownloadLab.create();
    const list = await servers(right, changed(70));
    for (const [trusted, bytes] of [right, changed(70)].entries()) {
      const handle = lab.get(
        list.map((s) => s.url),
        { http, overwrite: true, resume: false, trust: [`127.0.0.1:${list[trusted]?.port}`] },
      );
      await handle.done;
      expect(lab.written()?.equals(bytes)).toBe(true);
      expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 1 - trusted }]);
    }
  });

  it('two against two: stops, and shows both groups', async () => {
    await using lab = await DownloadLab.create();
    const list = await servers(right, changed(9), changed(9), right);
    const error = await failure(
      lab.get(
        list.map((s) => s.url),
        { http },
      ),
    );
    expect(error.code).toBe('sources-disagree');
    for (const server of list) expect(error.message).toContain(`127.0.0.1:${server.port}`);
  });

  it('that answer one range at a time: samples are taken one by one, as far as they are worth it', async () => {
    await using lab = await DownloadLab.create();
    const single: typeof exact = (ask, reply, file) =>
      ask.headers.range?.includes(',') === true ? ignoresRange(ask, reply, file) : reply;
    const list = await servers(right, right, randomBytesOf(size, 9), right);
    for (const server of list) server.quirk = single;
    const handle = lab.get(
      list.map((s) => s.url),
      { http },
    );
    await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 2, code: 'content-differs' }]);
  });

  it('that are alike: all of it is compared, and little is spent on it', async () => {
    await using lab = await DownloadLab.create();
    const list = await servers(right, right, right);
    const handle = lab.get(
      list.map((s) => s.url),
      { http },
    );
    const report = await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(report.fetchedBytes).toBe(size);
    const said = eventsOf(handle, 'notice').map((e) => e.reason);
    const end = said.find((text) => text.includes('compared'));
    expect(end).toContain(`compared 129 of 129 stretches`);
    expect(end).toContain('all alike');
  });

  it.each([429, 503])('that say %i for a while when samples are asked for are asked again later', async (status) => {
    await using lab = await DownloadLab.create();
    const list = await servers(right, right);
    const refusals = [0, 0];
    for (const [i, server] of list.entries()) {
      server.quirk = (ask, reply) => {
        if (ask.headers.range?.includes(',') !== true || (refusals[i] ?? 0) >= 4) return reply;
        refusals[i] = (refusals[i] ?? 0) + 1;
        return { status, headers: { 'Retry-After': '0' }, body: new Uint8Array(0), framing: 'length' };
      };
    }
    const handle = lab.get(
      list.map((s) => s.url),
      { http },
    );
    await handle.done;
    const said = eventsOf(handle, 'notice').map((e) => e.reason);
    expect(said.find((text) => text.includes('compared'))).toContain(`compared 129 of 129 stretches`);
    expect(refusals).toEqual([4, 4]);
    // What they said of samples is nothing against the connections that bring the file.
    expect(handle.snapshot().sources.map((s) => s.faults)).toEqual([0, 0]);
  });
});

it('servers that never answer where samples are asked for: it is said that nothing was compared', async () => {
  await using lab = await DownloadLab.create();
  const never = new Promise<void>(() => undefined);
  const held = ({ headers }: IncomingMessage): Promise<void> | undefined =>
    headers.range?.includes(',') === true ? never : undefined;
  const list = await Promise.all([1, 2].map(() => HttpTestServer.start({ file: right, etag: '', held })));
  const handle = lab.get(
    list.map((s) => s.url),
    { http },
  );
  await handle.done;
  const said = eventsOf(handle, 'notice').map((e) => e.reason);
  expect(said).toContain('nothing was compared with what other sources hold: none has answered in time');
});

describe.concurrent('an earlier run that had bytes of an odd server', () => {
  it('they are found out by the servers of today, and fetched again', async () => {
    await using lab = await DownloadLab.create();
    const odd = await HttpTestServer.start({ file: randomBytesOf(size, 5), etag: '' });
    odd.quirk = (ask, reply) =>
      reply.body.length > 3 * mib ? { ...reply, cutAfter: 3 * mib } : busyAfter(3)(ask, reply);
    const first = lab.get([odd.url], { http });
    await until(() => first.snapshot().doneBytes > 0);
    await first.cancel();
    const list = await servers(right, right);
    const handle = lab.get(
      list.map((s) => s.url),
      { http },
    );
    await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
  });
});

describe.concurrent('a checksum of the whole file that fails', () => {
  const manifest = { hashes: { sha256: createHash('sha256').update(right).digest('hex') } };
  /** One changed byte, which no sample is likely to meet. */
  const spoilt = Buffer.from(right);
  for (let at = 70_000; at < size; at += 1024 * 1024) spoilt[at] = (spoilt[at] ?? 0) ^ 1;

  it.each([0, 1])('with two servers (number %i is the odd one) finds who gave wrong bytes, and heals', async (odd) => {
    await using lab = await DownloadLab.create();
    const list = await servers(...[0, 1].map((n) => (n === odd ? spoilt : right)));
    const urls = list.map((s) => s.url);
    const handle = lab.get(urls, { http, manifest });
    const report = await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: odd, code: 'content-differs' }]);
    expect(report.sources[1 - odd]?.bytes).toBe(size);
  });

  it('with four servers finds who gave wrong bytes, and heals', async () => {
    await using lab = await DownloadLab.create();
    const list = await servers(right, right, spoilt, right);
    const handle = lab.get(
      list.map((s) => s.url),
      { http, manifest },
    );
    await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 2, code: 'content-differs' }]);
  });

  it('with servers that all hold another file ends, and nothing gets the final name', async () => {
    await using lab = await DownloadLab.create();
    const list = await servers(spoilt, spoilt);
    const error = await failure(
      lab.get(
        list.map((s) => s.url),
        { http, manifest },
      ),
    );
    expect(error.code).toBe('verification-failed');
    expect(lab.written()).toBeUndefined();
  });
});
