import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DownloadHandle } from '../../src/base/download-handle.js';
import type { DownloadReader } from '../../src/base/download-reader.js';
import type { ManygetError } from '../../src/base/errors.js';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until, untilDone } from '../support/download-lab.js';
import { freePort } from '../support/free-port.js';
import { HttpTestServer, type Quirk } from '../support/http-test-server.js';

const http = { netrc: false, proxy: {} } as const;

async function readAll(reader: DownloadReader): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function read(reader: DownloadReader, bytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let got = 0; got < bytes;) {
    const { value } = await reader.next();
    if (value === undefined) break;
    chunks.push(value);
    got += value.length;
  }
  return Buffer.concat(chunks);
}

async function refusal(reader: DownloadReader): Promise<ManygetError> {
  try {
    await readAll(reader);
  } catch (error) {
    return error as ManygetError;
  }
  throw new Error('all was read, expected an error');
}

async function memoriesOf(reader: DownloadReader): Promise<number> {
  const memories = new Set<unknown>();
  for await (const { buffer } of reader) memories.add(buffer);
  return memories.size;
}

/** Nothing more comes in for half a second. */
async function untilStill(handle: DownloadHandle): Promise<void> {
  let doneBytes = -1;
  let since = 0;
  await until(() => {
    const now = handle.snapshot();
    if (now.doneBytes !== doneBytes) [doneBytes, since] = [now.doneBytes, now.elapsedMs];
    return now.elapsedMs - since > 500;
  });
}

describe('the first bytes of a download', () => {
  it('are in the file before a block is full', async () => {
    await using lab = await DownloadLab.create();
    const fleet = await lab.serve(lab.file('file.bin', 8 * mib).path, { rateLimits: [mib] });
    const handle = lab.get(fleet.urls());
    await until(() => handle.snapshot().doneBytes > 0);
    expect(handle.snapshot().doneBytes).toBeLessThan(mib / 2);
    await handle.cancel();
  });
});

describe('a reader of a download', () => {
  it('gets the file in order while it comes in, and the file is written all the same', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 8 * mib + 77);
    const fleet = await lab.serve(file.path, { rateLimits: [4 * mib, 4 * mib] });
    const handle = lab.get(fleet.urls());
    const reader = handle.createReader();
    const first = await reader.next();
    expect(handle.snapshot().doneBytes).toBeLessThan(8 * mib);
    const rest = await readAll(reader);
    expect(Buffer.concat([first.value ?? new Uint8Array(0), rest]).equals(file.bytes)).toBe(true);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('is given all chunks in one stretch of memory where it asks for that, else each in its own', async () => {
    await using lab = await DownloadLab.create();
    const fleet = await lab.serve(lab.file('file.bin', 4 * mib).path);
    const handle = lab.get(fleet.urls());
    await handle.done;
    expect(await memoriesOf(handle.createReader({ sharesMemory: true }))).toBe(1);
    expect(await memoriesOf(handle.createReader())).toBe(4);
  });

  it('that looks something up at the end of the file has its place kept', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('film.bin', 24 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [mib, mib] });
    const handle = lab.get(fleet.urls());
    {
      await using film = handle.createReader({ start: 8 * mib });
      await film.next();
    }
    await readAll(handle.createReader({ start: 23 * mib }));
    // Nobody reads now: what comes first is what follows where the first one was.
    const place = (): boolean => handle.map(24)[9]?.state === 'verified' && handle.map(24)[10]?.state === 'verified';
    await until(place);
    expect(handle.map(24)[1]?.state).not.toBe('verified');
    await handle.cancel();
  });

  it('gets what it asks for from anywhere long before the file is there', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 24 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, mib);
    await using along = handle.createReader();
    await along.next();
    // A player that seeks: asks anew, and leaves what it had asked for.
    const start = 19 * mib + 5;
    await using seek = handle.createReader({ start, end: start + mib });
    expect((await readAll(seek)).equals(file.bytes.subarray(start, start + mib))).toBe(true);
    expect(handle.snapshot().doneBytes).toBeLessThan(16 * mib);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('gets verified bytes alone, where a server sends wrong ones', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(6 * mib, 3);
    const wrong = Buffer.from(bytes);
    for (let at = 0; at < wrong.length; at += 256 * 1024) wrong[at] = (wrong[at] ?? 0) ^ 0xff;
    const servers = await Promise.all([bytes, wrong].map((file) => HttpTestServer.start({ file })));
    const digests = Buffer.concat(
      Array.from({ length: 6 }, (_, i) =>
        createHash('sha256')
          .update(bytes.subarray(i * mib, (i + 1) * mib))
          .digest(),
      ),
    );
    const handle = lab.get(
      servers.map((server) => server.url),
      { http, manifest: { sizeBytes: bytes.length, pieces: { algorithm: 'sha256', pieceBytes: mib, digests } } },
    );
    expect((await readAll(handle.createReader())).equals(bytes)).toBe(true);
    await handle.done;
  });

  it('can go on after the end of the download, and come after it', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 3 * mib);
    const fleet = await lab.serve(file.path);
    const handle = lab.get(fleet.urls());
    const early = handle.createReader();
    const first = await early.next();
    await handle.done;
    const rest = await readAll(early);
    expect(Buffer.concat([first.value ?? new Uint8Array(0), rest]).equals(file.bytes)).toBe(true);
    expect((await readAll(handle.createReader({ start: mib }))).equals(file.bytes.subarray(mib))).toBe(true);
    expect(await readAll(handle.createReader({ start: 5 * mib }))).toHaveLength(0);
  });

  it('is told why, where the download ends without its bytes', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 8 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [mib] });
    const handle = lab.get(fleet.urls());
    const reading = refusal(handle.createReader({ start: 7 * mib }));
    await untilDone(handle, 1);
    await handle.cancel();
    expect((await reading).code).toBe('aborted');
    expect((await refusal(handle.createReader({ start: 6 * mib }))).code).toBe('aborted');
  });

  it('ends with its signal, and keeps the download from nothing', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 4 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib] });
    const handle = lab.get(fleet.urls());
    const stopping = new AbortController();
    const reading = refusal(handle.createReader({ start: 3 * mib, signal: stopping.signal }));
    await untilDone(handle, 1);
    stopping.abort();
    expect((await reading).message).toBe('reading was ended by its caller');
    const left = handle.createReader({ start: 3 * mib });
    const waiting = left.next();
    await left.return();
    expect((await waiting).done).toBe(true);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('can be preceded by the question how much there is to read', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib + 1);
    const fleet = await lab.serve(file.path);
    const handle = lab.get(fleet.urls());
    expect(await handle.sizeKnown()).toBe(mib + 1);
    await handle.done;
    expect(await handle.sizeKnown()).toBe(mib + 1);
    const nowhere = lab.get([`mgp://127.0.0.1:${await freePort()}/x`], { output: lab.path('x') });
    const asked = nowhere.sizeKnown();
    await nowhere.cancel();
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is refused where it names no range', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib);
    const fleet = await lab.serve(file.path);
    const handle = lab.get(fleet.urls());
    expect(() => handle.createReader({ start: -1 })).toThrow(/no range/);
    expect(() => handle.createReader({ start: 5, end: 4 })).toThrow(/no range/);
    await handle.done;
  });
});

describe('a download in order', () => {
  it('hands the file out and writes none', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 40 * mib + 13);
    const fleet = await lab.serve(file.path, { servers: 4 });
    const handle = lab.get(fleet.urls(), { inOrder: { windowBytes: 8 * mib }, sha256: true });
    expect((await readAll(handle.createReader())).equals(file.bytes)).toBe(true);
    const report = await handle.done;
    expect(report.sha256).toBe(createHash('sha256').update(file.bytes).digest('hex'));
    expect(report.piecesVerified).toBe(161);
    expect(existsSync(lab.output)).toBe(false);
    expect(lab.leftovers()).toEqual([]);
  });

  it('comes to its end once, however often it is whole', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 2 * mib + 13);
    const fleet = await lab.serve(file.path, { servers: 2 });
    const handle = lab.get(fleet.urls(), { inOrder: {} });
    await readAll(handle.createReader());
    await handle.done;
    const ends = eventsOf(handle, 'phase').filter(({ reason }) => reason.endsWith('the last of them are being read'));
    expect(ends).toHaveLength(1);
  });

  it.each(['aborted', 'gave-up'])(
    'that has ended as %s gives its reader why, and no bytes that it has no more',
    async (code) => {
      await using lab = await DownloadLab.create();
      const server = await lab.script({ bytes: seededBytes(2 * mib, 3), allowedBytes: mib });
      const handle = lab.get([server.url], { inOrder: {}, giveUpAfterMs: 300 });
      const reader = handle.createReader();
      await until(() => handle.snapshot().verifiedBytes >= mib / 2);
      if (code === 'aborted') await handle.cancel();
      else await server[Symbol.asyncDispose]();
      expect((await failure(handle)).code).toBe(code);
      await expect(reader.next()).rejects.toMatchObject({ code });
    },
  );

  it('keeps no more than its window of a reader that is slow, and goes on when that does', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 24 * mib);
    const fleet = await lab.serve(file.path, { servers: 3 });
    const handle = lab.get(fleet.urls(), { inOrder: { windowBytes: 4 * mib } });
    const reader = handle.createReader();
    const first = await read(reader, mib);
    await untilStill(handle);
    // What was handed out, the window, and nothing else.
    expect(handle.snapshot().doneBytes).toBeLessThanOrEqual(first.length + 4 * mib);
    expect(eventsOf(handle, 'source-lost')).toEqual([]);
    expect(eventsOf(handle, 'notice')).toEqual([]);
    const rest = await readAll(reader);
    expect(Buffer.concat([first, rest]).equals(file.bytes)).toBe(true);
    await handle.done;
  });

  it.each(['with ranges', 'without them'])('goes on over HTTP as well, %s', async (how) => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(12 * mib + 5, 9);
    const whole: Quirk = (_ask, right, file) => ({ ...right, status: 200, headers: { ETag: '"v1"' }, body: file });
    const quirk = how === 'with ranges' ? {} : { quirk: whole };
    const servers = await Promise.all([1, 2].map(() => HttpTestServer.start({ file: bytes, ...quirk })));
    const handle = lab.get(
      servers.map((server) => server.url),
      { http, inOrder: { windowBytes: 4 * mib } },
    );
    expect((await readAll(handle.createReader())).equals(bytes)).toBe(true);
    await handle.done;
  });

  it.each([1, 4])('takes a file of no stated size as slowly as it is read, with a window of %i MiB', async (window) => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(12 * mib + 5, 10);
    const quirk: Quirk = (_ask, right, file) => ({
      ...right,
      status: 200,
      headers: {},
      body: file,
      framing: 'chunked',
    });
    const server = await HttpTestServer.start({ file: bytes, quirk });
    const handle = lab.get([server.url], { http, inOrder: { windowBytes: window * mib } });
    const reader = handle.createReader();
    const first = await read(reader, 1);
    await untilStill(handle);
    expect(handle.snapshot().doneBytes).toBeLessThanOrEqual(first.length + Math.max(2, window) * mib);
    expect(Buffer.concat([first, await readAll(reader)]).equals(bytes)).toBe(true);
    await handle.done;
  });

  it('hands out no wrong byte where a server sends some and the hashes are known', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(16 * mib, 3);
    const wrong = Buffer.from(bytes);
    for (let at = 0; at < wrong.length; at += 256 * 1024) wrong[at] = (wrong[at] ?? 0) ^ 0xff;
    // The others answer once it is out: till then every byte is of the one that sends wrong ones.
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const servers = await Promise.all(
      [bytes, wrong, bytes].map((file) => HttpTestServer.start({ file, held: file === wrong ? undefined : held })),
    );
    const digests = Buffer.concat(
      Array.from({ length: 16 }, (_, i) =>
        createHash('sha256')
          .update(bytes.subarray(i * mib, (i + 1) * mib))
          .digest(),
      ),
    );
    const handle = lab.get(
      servers.map((server) => server.url),
      {
        http,
        connectTimeoutMs: 30_000,
        inOrder: { windowBytes: 4 * mib },
        manifest: { sizeBytes: bytes.length, pieces: { algorithm: 'sha256', pieceBytes: mib, digests } },
      },
    );
    const all = readAll(handle.createReader());
    await until(() => handle.snapshot().sources[1]?.state === 'quarantined');
    release();
    expect((await all).equals(bytes)).toBe(true);
    const report = await handle.done;
    expect(eventsOf(handle, 'piece-corrupt').map((event) => event.sources)).toEqual([[1], [1], [1]]);
    expect(report.sources.map((source) => source.faults)).toEqual([0, 3, 0]);
  });

  it('ends with an error where the whole is not what it should have been', async () => {
    await using lab = await DownloadLab.create();
    const server = await HttpTestServer.start({ file: seededBytes(2 * mib, 1) });
    const sha256 = createHash('sha256').update('something else').digest('hex');
    const handle = lab.get([server.url], { http, inOrder: {}, manifest: { hashes: { sha256 } } });
    expect(await readAll(handle.createReader())).toHaveLength(2 * mib);
    expect((await failure(handle)).code).toBe('verification-failed');
  });

  it('ends where its reader leaves', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 24 * mib);
    const fleet = await lab.serve(file.path, { servers: 2 });
    const handle = lab.get(fleet.urls(), { inOrder: { windowBytes: 4 * mib } });
    for await (const chunk of handle.createReader()) if (chunk.length > 0) break;
    expect((await failure(handle)).code).toBe('aborted');
  });

  it('can be cancelled while its last bytes wait to be read', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 2 * mib);
    const fleet = await lab.serve(file.path);
    const handle = lab.get(fleet.urls(), { inOrder: {} });
    await until(() => handle.snapshot().phase === 'finishing');
    await handle.cancel();
    expect((await failure(handle)).code).toBe('aborted');
  });

  it('is read once, from the start', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib);
    const fleet = await lab.serve(file.path);
    const handle = lab.get(fleet.urls(), { inOrder: {} });
    expect(() => handle.createReader({ start: 1 })).toThrow(/read once only/);
    const reader = handle.createReader();
    expect(() => handle.createReader()).toThrow(/read once only/);
    expect(await readAll(reader)).toHaveLength(mib);
    await handle.done;
    expect(() => lab.get(fleet.urls(), { inOrder: { windowBytes: 5 } })).toThrow(/a window of 5 bytes/);
  });

  it('of an empty file ends at once', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 0);
    const fleet = await lab.serve(file.path);
    const handle = lab.get(fleet.urls(), { inOrder: {} });
    expect(await readAll(handle.createReader())).toHaveLength(0);
    await handle.done;
  });
});
