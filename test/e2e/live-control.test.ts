import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until, untilDone } from '../support/download-lab.js';
import { HttpTestServer, type Quirk } from '../support/http-test-server.js';

describe.concurrent('a limit for the whole download', () => {
  it('holds for all sources together, and can be lifted while it runs', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 24 * mib);
    const fleet = await lab.serve(file.path, { servers: 3 });
    const handle = lab.get(fleet.urls(), { limitBytesPerSec: 2 * mib });
    await untilDone(handle, mib);
    const { doneBytes, elapsedMs, limitBytesPerSec, sources } = handle.snapshot();
    expect(limitBytesPerSec).toBe(2 * mib);
    // What came is what was allowed in that time, and what each had begun to read.
    expect(doneBytes).toBeLessThan((2 * mib * elapsedMs) / 1000 + mib);
    expect(sources.every((source) => source.receivedBytes > 0)).toBe(true);
    // With this one the rest would take more than ten minutes: it ends because it is lifted.
    handle.setLimitRate(32 * 1024);
    handle.setLimitRate(undefined);
    expect(handle.snapshot().limitBytesPerSec).toBeUndefined();
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(eventsOf(handle, 'setting')).toHaveLength(2);
  });

  it('that is far below what a socket holds never looks like silence', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 4 * mib);
    const fleet = await lab.serve(file.path, { servers: 2 });
    const handle = lab.get(fleet.urls(), { limitBytesPerSec: 8 * 1024 });
    await until(() => handle.snapshot().elapsedMs > 6000);
    expect(eventsOf(handle, 'source-lost')).toEqual([]);
    expect(handle.snapshot().doneBytes).toBeGreaterThan(0);
    expect(handle.snapshot().doneBytes).toBeLessThan(mib);
    handle.setLimitRate(undefined);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  }, 30_000);

  it('is refused where it is none', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib);
    const fleet = await lab.serve(file.path, { rateLimits: [mib / 4] });
    const handle = lab.get(fleet.urls());
    expect(() => handle.setLimitRate(-1)).toThrow(/at least 1024/);
    expect(() => handle.setSourceLimit(7, mib)).toThrow(/no source 7/);
  });
});

describe.concurrent('a limit for one source', () => {
  it('holds for that one, whose part the others take', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 16 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [8 * mib, 8 * mib] });
    const [slow = '', fast = ''] = fleet.urls();
    const handle = lab.get([slow, fast], {
      sourceRules: [{ match: slow.replace(/^mgp:\/\/|\/file.*$/g, ''), limitBytesPerSec: mib / 2 }],
    });
    const report = await handle.done;
    expect(handle.snapshot().sources.map((s) => s.limitBytesPerSec)).toEqual([mib / 2, undefined]);
    expect(report.sources[0]?.bytes).toBeLessThan((report.sources[1]?.bytes ?? 0) / 4);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });
});

describe.concurrent('a source', () => {
  it('that is disabled brings nothing more until it is enabled', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 16 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls());
    await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
    handle.disableSource(1);
    expect(handle.snapshot().sources[1]).toMatchObject({ state: 'disabled', connections: 0 });
    const { receivedBytes = 0 } = handle.snapshot().sources[1] ?? {};
    await untilDone(handle, handle.snapshot().doneBytes + 2 * mib);
    expect(handle.snapshot().sources[1]?.receivedBytes).toBe(receivedBytes);
    handle.enableSource(1);
    const report = await handle.done;
    expect(report.sources[1]?.bytes).toBeGreaterThan(receivedBytes);
    expect(report.sources[1]?.faults).toBe(0);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect([...eventsOf(handle, 'source-disabled'), ...eventsOf(handle, 'source-enabled')]).toHaveLength(2);
  });

  it('that is the last one is waited for after it was disabled, however long that takes', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 4 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [4 * mib] });
    const handle = lab.get(fleet.urls(), { giveUpAfterMs: 300 });
    await untilDone(handle, mib / 4);
    handle.disableSource(0);
    const since = handle.snapshot().elapsedMs;
    await until(() => handle.snapshot().elapsedMs > since + 800);
    expect(handle.snapshot().phase).toBe('waiting');
    handle.enableSource(0);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('that is removed and added again is a new one, and brings its part', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 12 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const [first = '', second = ''] = fleet.urls();
    const handle = lab.get([first, second]);
    await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
    handle.removeSource(1);
    expect(handle.snapshot().sources[1]?.state).toBe('removed');
    expect(handle.addSource(second)).toBe(2);
    expect(handle.addSource(second)).toBe(2);
    const report = await handle.done;
    expect(report.sources).toHaveLength(3);
    expect(report.sources[2]?.bytes).toBeGreaterThan(0);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('that is added again while it is disabled is used again', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 8 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const [first = '', second = ''] = fleet.urls();
    const handle = lab.get([first, second]);
    await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
    handle.disableSource(1);
    expect(handle.addSource(second, { limitBytesPerSec: mib })).toBe(1);
    await until(() => handle.snapshot().sources[1]?.state !== 'disabled');
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('that is removed as the last one ends the download', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 4 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, mib / 4);
    handle.removeSource(0);
    expect((await failure(handle)).code).toBe('no-source');
  });

  it('that stays under the lowest speed is left while another is faster, and is used again when that one ends', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 24 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [mib + mib / 2, 300 * 1024] });
    const handle = lab.get(fleet.urls(), { lowestBytesPerSec: mib });
    await until(() => eventsOf(handle, 'source-disabled').length > 0 || handle.snapshot().phase === 'done');
    expect(eventsOf(handle, 'source-disabled')).toMatchObject([{ source: 1 }]);
    expect(handle.snapshot().sources[1]?.state).toBe('disabled');
    await fleet.handle.kill(1);
    await until(() => eventsOf(handle, 'source-enabled').length > 0);
    await fleet.handle.open(1);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  }, 60_000);
});

describe.concurrent('a source that is a backup', () => {
  it('brings nothing while the others deliver, and all that is left when they are gone', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 12 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [4 * mib, 4 * mib] });
    const [first = '', backup = ''] = fleet.urls();
    const handle = lab.get([first, backup], { sourceRules: [{ match: backup, tier: 1 }] });
    await untilDone(handle, 4 * mib);
    expect(handle.snapshot().sources[1]).toMatchObject({ tier: 1, receivedBytes: 0 });
    await fleet.handle.kill(1);
    const report = await handle.done;
    expect(report.sources[1]?.bytes).toBeGreaterThan(4 * mib);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('is one of those that are there beside a preferred one', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 8 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [4 * mib, 4 * mib] });
    const [other = '', preferred = ''] = fleet.urls();
    const handle = lab.get([other, preferred], { sourceRules: [{ match: preferred, tier: -1 }] });
    const report = await handle.done;
    expect(report.sources[1]?.share).toBeGreaterThan(0.8);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });
});

describe.concurrent('a download that is paused', () => {
  it('asks nobody for anything, however long, and goes on where it was', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 8 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls(), { giveUpAfterMs: 300 });
    await untilDone(handle, mib);
    handle.pause();
    expect(handle.snapshot()).toMatchObject({ phase: 'paused', etaMs: undefined });
    // What is on its way lands: then nothing more comes.
    let before = -1;
    let since = 0;
    await until(() => {
      const { doneBytes, elapsedMs } = handle.snapshot();
      if (doneBytes !== before) [before, since] = [doneBytes, elapsedMs];
      return elapsedMs - since > 1000;
    });
    expect(before).toBeLessThan(8 * mib);
    handle.resume();
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });
});

describe.concurrent('an HTTP source', () => {
  it('is held to the limit as others are, over TLS as well', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(3 * mib, 5);
    const servers = [
      await HttpTestServer.start({ file: bytes }),
      await HttpTestServer.start({ file: bytes, tls: true, host: 'localhost' }),
    ];
    const handle = lab.get(
      servers.map((server) => server.url),
      { limitBytesPerSec: mib, http: { insecure: true, netrc: false, proxy: {} } },
    );
    await untilDone(handle, mib);
    const { doneBytes, elapsedMs, sources } = handle.snapshot();
    expect(doneBytes).toBeLessThan((mib * elapsedMs) / 1000 + mib / 2);
    expect(sources.every((source) => source.receivedBytes > 0)).toBe(true);
    await handle.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('that gives one stream is paused and limited like any other', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(12 * mib, 6);
    const quirk: Quirk = (_ask, right, file) => ({
      ...right,
      status: 200,
      headers: { 'Content-Type': 'application/octet-stream' },
      body: file,
      framing: 'chunked',
    });
    const server = await HttpTestServer.start({ file: bytes, quirk });
    const handle = lab.get([server.url], { limitBytesPerSec: 2 * mib, http: { netrc: false, proxy: {} } });
    await untilDone(handle, mib);
    expect(handle.snapshot().doneBytes).toBeLessThan((2 * mib * handle.snapshot().elapsedMs) / 1000 + mib);
    handle.pause();
    const { doneBytes: atPause, elapsedMs: since } = handle.snapshot();
    await until(() => handle.snapshot().elapsedMs > since + 1000);
    // One read may have been under way.
    expect(handle.snapshot().doneBytes - atPause).toBeLessThan(mib / 2);
    expect(handle.snapshot().phase).toBe('paused');
    handle.setLimitRate(undefined);
    handle.resume();
    expect(handle.snapshot().phase).toBe('downloading');
    await handle.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });
});
