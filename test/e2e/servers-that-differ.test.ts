import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until, untilDone } from '../support/download-lab.js';

const size = 2 * mib + 11;
const right = seededBytes(size, 1);
const wrong = seededBytes(size, 2);
const longer = seededBytes(size + 5, 3);

/** The order in which servers are asked is the order in which they are likely to answer: the odd one comes first. */
describe.concurrent('two servers against one', () => {
  it('in size: the odd one is left out', async () => {
    await using lab = await DownloadLab.create();
    const servers = [
      await lab.script({ bytes: longer }),
      await lab.script({ bytes: right }),
      await lab.script({ bytes: right }),
    ];
    const handle = lab.get(servers.map((s) => s.url));
    const report = await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(report.sizeBytes).toBe(size);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'size-differs' }]);
    expect(report.sources[0]?.note).toContain(`${size + 5} bytes, expected ${size} bytes`);
  });

  it('in bytes, all hashed: the odd one is left out', async () => {
    await using lab = await DownloadLab.create();
    const servers = [
      await lab.script({ bytes: wrong }),
      await lab.script({ bytes: right }),
      await lab.script({ bytes: right }),
    ];
    const handle = lab.get(servers.map((s) => s.url));
    await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'content-differs' }]);
  });

  it('in bytes, known only after they were sent: what the odd one gave is fetched again', async () => {
    await using lab = await DownloadLab.create();
    const servers = [
      await lab.script({ bytes: wrong, hashed: false }),
      await lab.script({ bytes: right, hashed: false }),
      await lab.script({ bytes: right, hashed: false }),
    ];
    const handle = lab.get(servers.map((s) => s.url));
    await until(() => handle.snapshot().phase === 'finishing');
    const gave = handle.snapshot().sources[0]?.receivedBytes ?? 0;
    expect(gave).toBeGreaterThan(0);
    for (const server of servers) server.finishHashing();
    const report = await handle.done;
    expect(lab.written()?.equals(right)).toBe(true);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'content-differs' }]);
    expect(report.sources.slice(1).reduce((sum, s) => sum + s.bytes, 0)).toBeGreaterThanOrEqual(size);
  });
});

describe.concurrent('one server against one', () => {
  it('in size: stops, and names both', async () => {
    await using lab = await DownloadLab.create();
    const servers = [await lab.script({ bytes: longer }), await lab.script({ bytes: right })];
    const error = await failure(lab.get(servers.map((s) => s.url)));
    expect(error.code).toBe('sources-disagree');
    for (const server of servers) expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.message).toContain(`${size + 5} bytes`);
    expect(lab.written()).toBeUndefined();
  });

  it('in bytes: stops, and names both', async () => {
    await using lab = await DownloadLab.create();
    const servers = [await lab.script({ bytes: wrong }), await lab.script({ bytes: right })];
    const error = await failure(lab.get(servers.map((s) => s.url)));
    expect(error.code).toBe('sources-disagree');
    for (const server of servers) expect(error.message).toContain(server.contentId.slice(0, 12));
    expect(lab.written()).toBeUndefined();
  });

  it('in bytes, known only after they were sent: stops before the final name', async () => {
    await using lab = await DownloadLab.create();
    const servers = [
      await lab.script({ bytes: wrong, hashed: false }),
      await lab.script({ bytes: right, hashed: false }),
    ];
    const handle = lab.get(servers.map((s) => s.url));
    await until(() => handle.snapshot().phase === 'finishing');
    for (const server of servers) server.finishHashing();
    expect((await failure(handle)).code).toBe('sources-disagree');
    expect(lab.written()).toBeUndefined();
  });
});

describe.concurrent('a server that is still hashing', () => {
  it('holds nobody up: what it sent is verified when its hashes come', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes: right, hashed: false });
    const handle = lab.get([server.url]);
    await until(() => handle.snapshot().phase === 'finishing');
    expect(handle.snapshot()).toMatchObject({ doneBytes: size, verifiedBytes: 0 });
    expect(lab.written()).toBeUndefined();
    server.finishHashing();
    const report = await handle.done;
    expect(report.piecesVerified).toBe(report.pieceCount);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('for ever is waited for as long as for one that is gone: then the file is there, unverified, and that is said', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes: right, hashed: false });
    const handle = lab.get([server.url], { giveUpAfterMs: 300 });
    const report = await handle.done;
    expect(report).toMatchObject({ piecesVerified: 0 });
    expect(handle.recentEvents(500)).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        reason: expect.stringContaining('no server has stated its hashes') as string,
      }),
    );
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('and cannot: its bytes are taken as they came, at once, and that is said', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes: right, hashed: false, allowedBytes: size / 2 });
    const handle = lab.get([server.url]);
    await until(() => handle.snapshot().doneBytes > 0);
    server.failHashing();
    server.allow(size);
    const report = await handle.done;
    expect(report).toMatchObject({ piecesVerified: 0 });
    expect(handle.recentEvents(500)).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        reason: expect.stringContaining('the script cannot hash') as string,
      }),
    );
    expect(handle.recentEvents(500).filter((e) => e.type === 'source-lost')).toEqual([]);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('beside one that has hashed: its bytes are verified with the hashes of the other', async () => {
    await using lab = await DownloadLab.create();
    const hashing = await lab.script({ bytes: right, hashed: false });
    const hashed = await lab.script({ bytes: right });
    const handle = lab.get([hashing.url, hashed.url]);
    await untilDone(handle, size);
    expect(handle.snapshot().phase).toBe('finishing');
    const report = await handle.done;
    expect(report.piecesVerified).toBe(report.pieceCount);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('and goes away before it has said its hashes: the next run needs none of its bytes again', async () => {
    await using lab = await DownloadLab.create();
    const hashing = await lab.script({ bytes: right, hashed: false });
    const handle = lab.get([hashing.url], { giveUpAfterMs: 300 });
    await until(() => handle.snapshot().phase === 'finishing');
    await hashing[Symbol.asyncDispose]();
    expect((await failure(handle)).code).toBe('gave-up');
    const later = await lab.script({ bytes: right });
    const report = await lab.get([later.url]).done;
    expect(report).toMatchObject({ resumedBytes: size, fetchedBytes: 0 });
    expect(lab.written()?.equals(right)).toBe(true);
  });
});

describe.concurrent('wrong bytes under right hashes', () => {
  /** `right` with one byte of each of these pieces changed. */
  function spoilt(pieces: readonly number[]): Buffer {
    const bytes = Buffer.from(right);
    for (const piece of pieces) bytes[piece * 65536 + 9] = (bytes[piece * 65536 + 9] ?? 0) ^ 1;
    return bytes;
  }

  it('in one piece: that piece is fetched again from another server', async () => {
    await using lab = await DownloadLab.create();
    const liar = await lab.script({ bytes: spoilt([2]), hashesOf: right, allowedBytes: mib });
    const honest = await lab.script({ bytes: right, allowedBytes: mib });
    const handle = lab.get([liar.url, honest.url]);
    await until(() => eventsOf(handle, 'piece-corrupt').length > 0);
    liar.allow(size);
    honest.allow(size);
    const report = await handle.done;
    expect(eventsOf(handle, 'piece-corrupt')).toMatchObject([{ piece: 2, sources: [0] }]);
    expect(report.sources[0]?.faults).toBe(1);
    expect(eventsOf(handle, 'source-quarantined')).toEqual([]);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('in three pieces: the server is left out', async () => {
    await using lab = await DownloadLab.create();
    const liar = await lab.script({ bytes: spoilt([0, 2, 4]), hashesOf: right, allowedBytes: mib });
    const honest = await lab.script({ bytes: right, allowedBytes: mib });
    const handle = lab.get([liar.url, honest.url]);
    await until(() => handle.snapshot().sources[0]?.state === 'quarantined');
    honest.allow(size);
    await handle.done;
    expect(eventsOf(handle, 'piece-corrupt').map((e) => e.piece)).toEqual([0, 2, 4]);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('in three pieces, told only when all of its bytes are here: its right ones are fetched again as well', async () => {
    await using lab = await DownloadLab.create();
    const liar = await lab.script({ bytes: spoilt([0, 1, 2]), hashesOf: right, hashed: false });
    const handle = lab.get([liar.url]);
    await until(() => handle.snapshot().phase === 'finishing');
    const honest = await lab.script({ bytes: right, hashed: false });
    handle.addSource(honest.url);
    await until(() => handle.snapshot().sources[1]?.state === 'ready');
    liar.finishHashing();
    honest.finishHashing();
    await handle.done;
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'content-differs' }]);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('from the only server: it is left out after three, and nothing gets the final name', async () => {
    await using lab = await DownloadLab.create();
    const liar = await lab.script({ bytes: spoilt([3]), hashesOf: right });
    const error = await failure(lab.get([liar.url]));
    expect(error).toMatchObject({ code: 'verification-failed', exitStatus: 32 });
    expect(error.message).toContain('3 wrong pieces');
    expect(lab.written()).toBeUndefined();
    const honest = await lab.script({ bytes: right });
    const report = await lab.get([honest.url]).done;
    expect(report.fetchedBytes).toBe(65536);
    expect(lab.written()?.equals(right)).toBe(true);
  });

  it('with hashes that do not give the content id: the server is left out', async () => {
    await using lab = await DownloadLab.create();
    const liar = await lab.script({ bytes: right, allowedBytes: 0 });
    liar.hashes[5] = (liar.hashes[5] ?? 0) ^ 1;
    const honest = await lab.script({ bytes: right });
    Object.defineProperty(liar, 'contentId', { value: honest.contentId });
    const handle = lab.get([liar.url, honest.url]);
    await handle.done;
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'protocol-violation' }]);
    expect(lab.written()?.equals(right)).toBe(true);
  });
});
