import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, mib, seededBytes, until, untilDone } from '../support/download-lab.js';
import { ServingProcess } from '../support/serving-process.js';

const processTestMs = 60_000;

describe.concurrent('a server', () => {
  it('that is closed in mid-download is left at once, and used again once it is open', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 12 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls());
    await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
    await fleet.handle.close(2);
    await until(() => handle.snapshot().sources[1]?.connections === 0);
    const lost = eventsOf(handle, 'source-lost');
    // A connection on which nobody has spoken yet is not told.
    expect(lost).toContainEqual(expect.objectContaining({ source: 1, code: 'server-closed' }));
    // With its last connection it is gone, and is tried again.
    await until(() => eventsOf(handle, 'source-lost').some(({ reason }) => /; tried again in \d\.\d s$/.test(reason)));
    const before = handle.snapshot().sources[1]?.receivedBytes ?? 0;
    await fleet.handle.open(2);
    const report = await handle.done;
    expect(report.sources[1]?.bytes).toBeGreaterThan(before);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('that is killed in mid-download loses what it held to the others', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 6 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls());
    await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
    await fleet.handle.kill(3);
    const report = await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(report.sources[2]?.faults).toBeGreaterThan(0);
    expect(report.fetchedBytes).toBe(6 * mib);
  });

  it('that is not up at the start is used once it is', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 12 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    await fleet.handle.close(2);
    const handle = lab.get(fleet.urls());
    await until(() => handle.snapshot().sources[1]?.state === 'backing-off' && handle.snapshot().doneBytes > 0);
    await fleet.handle.open(2);
    const report = await handle.done;
    expect(report.sources[1]?.bytes).toBeGreaterThan(0);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('that is the only one and not up at the start delivers all once it is', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib);
    const fleet = await lab.serve(file.path);
    await fleet.handle.close(1);
    const handle = lab.get(fleet.urls());
    await until(() => handle.snapshot().sources[0]?.state === 'backing-off');
    await fleet.handle.open(1);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it(
    'whose process stands still is used again once it goes on',
    async () => {
      await using lab = await DownloadLab.create();
      const file = lab.file('file.bin', 16 * mib);
      await using stopped = await ServingProcess.start(file.path, ['--limit-rate', '2M'], lab.path('cache'));
      const steady = await lab.serve(file.path, { rateLimits: [mib] });
      const handle = lab.get([steady.url(1), stopped.url('file.bin')]);
      await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
      stopped.signal('SIGSTOP');
      await until(
        () => handle.snapshot().sources[1]?.state === 'stalled' || handle.snapshot().sources[1]?.faults !== 0,
      );
      const before = handle.snapshot().sources[1]?.receivedBytes ?? 0;
      stopped.signal('SIGCONT');
      const report = await handle.done;
      expect(report.sources[1]?.bytes).toBeGreaterThan(before + mib);
      expect(lab.written()?.equals(file.bytes)).toBe(true);
    },
    processTestMs,
  );

  it(
    'whose process stands still for good has its part done by the others',
    async () => {
      await using lab = await DownloadLab.create();
      const file = lab.file('file.bin', 4 * mib);
      await using stopped = await ServingProcess.start(file.path, ['--limit-rate', '1M'], lab.path('cache'));
      const steady = await lab.serve(file.path, { rateLimits: [mib] });
      const handle = lab.get([steady.url(1), stopped.url('file.bin')]);
      await until(() => handle.snapshot().sources.every((s) => s.receivedBytes > 0));
      stopped.signal('SIGSTOP');
      await handle.done;
      expect(lab.written()?.equals(file.bytes)).toBe(true);
    },
    processTestMs,
  );
});

describe.concurrent('all servers', () => {
  it('gone for too long: gives up, and the next run fetches the rest alone', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 8 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls(), { giveUpAfterMs: 1200 });
    await untilDone(handle, 3 * mib);
    await Promise.all([fleet.handle.kill(1), fleet.handle.kill(2)]);
    await until(() => handle.snapshot().phase !== 'downloading');
    expect(handle.snapshot().phase).toBe('waiting');
    await expect(handle.done).rejects.toMatchObject({ code: 'gave-up' });
    expect(lab.written()).toBeUndefined();
    expect(lab.leftovers()).toEqual(['.part', '.part.journal']);
    const had = handle.snapshot().doneBytes;
    expect(had).toBeGreaterThanOrEqual(3 * mib);

    await Promise.all([fleet.handle.open(1), fleet.handle.open(2)]);
    const report = await lab.get(fleet.urls()).done;
    expect(report).toMatchObject({ resumedBytes: had, fetchedBytes: 8 * mib - had });
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(lab.leftovers()).toEqual([]);
  });

  it('gone for a while: waits, and goes on where it was', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 6 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, 2 * mib);
    await Promise.all([fleet.handle.close(1), fleet.handle.close(2)]);
    await until(() => handle.snapshot().phase === 'waiting');
    await Promise.all([fleet.handle.open(1), fleet.handle.open(2)]);
    const report = await handle.done;
    expect(report.fetchedBytes).toBe(6 * mib);
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });
});

describe.concurrent('whoever downloads', () => {
  it('cancels: the state stays, and the next run fetches the rest alone', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 6 * mib + 321);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib, 2 * mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, 2 * mib + 77);
    await handle.cancel('cancelled by the test');
    await expect(handle.done).rejects.toMatchObject({ code: 'aborted' });
    const had = handle.snapshot().doneBytes;
    const report = await lab.get(fleet.urls()).done;
    expect(report).toMatchObject({ resumedBytes: had, fetchedBytes: 6 * mib + 321 - had });
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('starts over with --no-resume: what was there is fetched again', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(4 * mib, 2);
    const server = await lab.script({ bytes, allowedBytes: mib });
    const first = lab.get([server.url]);
    await untilDone(first, mib);
    await first.cancel();
    server.allow(8 * mib);
    const report = await lab.get([server.url], { resume: false }).done;
    expect(report).toMatchObject({ resumedBytes: 0, fetchedBytes: 4 * mib });
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('aborts by a signal, before the beginning and in the middle', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 4 * mib);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib] });
    const early = lab.get(fleet.urls(), { signal: AbortSignal.abort() });
    await expect(early.done).rejects.toMatchObject({ code: 'aborted' });
    expect(lab.leftovers()).toEqual([]);
    const controller = new AbortController();
    const handle = lab.get(fleet.urls(), { signal: controller.signal });
    await untilDone(handle, mib);
    controller.abort();
    await expect(handle.done).rejects.toMatchObject({ code: 'aborted' });
    await lab.get(fleet.urls()).done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });

  it('pauses: nothing more is asked for until it goes on', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(4 * mib, 3);
    const servers = [await lab.script({ bytes, allowedBytes: mib }), await lab.script({ bytes, allowedBytes: mib })];
    const handle = lab.get(servers.map((s) => s.url));
    await untilDone(handle, mib);
    handle.pause();
    expect(handle.snapshot().phase).toBe('paused');
    // What each server held when it was told to stop is all that still comes.
    await until(() => handle.snapshot().sources.every((s) => s.assignedBytes === s.receivedBytes));
    for (const server of servers) server.allow(4 * mib);
    expect(handle.snapshot().doneBytes).toBeLessThan(4 * mib);
    handle.resume();
    const report = await handle.done;
    expect(report.fetchedBytes).toBe(4 * mib);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('adds a source and removes one', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(4 * mib, 4);
    const first = await lab.script({ bytes, allowedBytes: mib });
    const second = await lab.script({ bytes });
    const handle = lab.get([first.url]);
    await untilDone(handle, mib);
    handle.addSource(second.url);
    await until(() => (handle.snapshot().sources[1]?.receivedBytes ?? 0) > 0);
    handle.removeSource(0);
    const report = await handle.done;
    expect(report.sources.map((s) => s.bytes)).toEqual([mib, 3 * mib]);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('removes the last source: there is nothing to wait for', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes: seededBytes(4 * mib, 4), allowedBytes: mib });
    const handle = lab.get([server.url]);
    await untilDone(handle, mib);
    handle.removeSource(0);
    await expect(handle.done).rejects.toMatchObject({ code: 'no-source' });
    expect(lab.leftovers()).toEqual(['.part', '.part.journal']);
  });
});
