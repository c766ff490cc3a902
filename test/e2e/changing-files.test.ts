import { truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until, untilDone } from '../support/download-lab.js';
import type { StatedFile } from '../support/scripted-mgp-server.js';

const size = 6 * mib;

describe.concurrent('a file that, on one of two servers in mid-download,', () => {
  const changes = [
    {
      what: 'gets other bytes',
      change: (path: string) => writeFileSync(path, seededBytes(size, 9)),
      code: 'content-differs',
    },
    { what: 'is cut', change: (path: string) => truncateSync(path, mib), code: 'size-differs' },
    { what: 'grows', change: (path: string) => writeFileSync(path, seededBytes(size + 1, 1)), code: 'size-differs' },
  ];

  it.each(changes)('$what is fetched from the other one', async ({ change, code }) => {
    await using lab = await DownloadLab.create();
    const steady = lab.file('steady/file.bin', size);
    const changing = lab.file('changing/file.bin', size);
    const first = await lab.serve(changing.path, { rateLimits: [2 * mib] });
    const second = await lab.serve(steady.path, { rateLimits: [2 * mib] });
    const handle = lab.get([first.url(1), second.url(1)]);
    await until(() => handle.snapshot().verifiedBytes > 0 && handle.snapshot().sources[0]?.state === 'active');
    change(changing.path);
    await handle.done;
    expect(handle.recentEvents(500)).toContainEqual(
      expect.objectContaining({ type: 'source-quarantined', source: 0, code }),
    );
    expect(lab.written()?.equals(steady.bytes)).toBe(true);
  });
});

describe.concurrent('pieces of a new version that come before the word that there is one', () => {
  const news: readonly (StatedFile & { readonly said: string })[] = [
    { sizeBytes: size + 3, mtimeMs: 2, version: 'v2', said: `a file of ${size + 3} bytes now, before ${size} bytes` },
    { sizeBytes: size, mtimeMs: Number.MAX_SAFE_INTEGER, version: 'v2', said: 'was written anew' },
    { sizeBytes: size, mtimeMs: 1, version: 'v2', contentId: 'ff'.repeat(32), said: 'another content id now' },
  ];

  it.each(news)('are no wrong pieces of the old one: $said', async ({ said, ...stated }) => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes: seededBytes(size, 2), hashesOf: seededBytes(size, 1), allowedBytes: 0 });
    const handle = lab.get([server.url]);
    await until(() => handle.snapshot().sizeBytes === size);
    server.stated = stated;
    server.allow(Infinity);
    const error = await failure(handle);
    expect(error).toMatchObject({ code: 'file-changed', exitStatus: 33 });
    expect(error.message).toContain(said);
    expect(eventsOf(handle, 'source-quarantined')).toMatchObject([{ source: 0, code: 'content-differs' }]);
    expect(lab.written()).toBeUndefined();
  });

  it('from all servers of it: it has changed, and they do not disagree', async () => {
    await using lab = await DownloadLab.create();
    const script = { bytes: seededBytes(size, 2), hashesOf: seededBytes(size, 1), allowedBytes: 0 };
    const servers = [await lab.script(script), await lab.script(script)];
    const handle = lab.get(servers.map((s) => s.url));
    await until(() => handle.snapshot().sources.every((s) => s.state === 'active'));
    for (const server of servers) {
      server.stated = { sizeBytes: size + 3, mtimeMs: 2, version: 'v2' };
      server.allow(Infinity);
    }
    const error = await failure(handle);
    expect(error).toMatchObject({ code: 'file-changed', exitStatus: 33 });
    expect(error.message).toMatch(/^the file changed on all of its sources/);
  });
});

describe.concurrent('a file that changes on its only server', () => {
  it('ends the download with its state, and never mixes the two', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', size);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, 2 * mib);
    const changed = seededBytes(size + 3, 2);
    writeFileSync(file.path, changed);
    const error = await failure(handle);
    expect(error).toMatchObject({ code: 'file-changed', exitStatus: 33 });
    expect(lab.written()).toBeUndefined();
    expect((await failure(lab.get(fleet.urls()))).code).toBe('journal-other-file');
    await lab.get(fleet.urls(), { resume: false }).done;
    expect(lab.written()?.equals(changed)).toBe(true);
  });

  it('and all of them share it: is said to have changed, with none to leave out', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', size);
    const fleet = await lab.serve(file.path, { rateLimits: [mib, mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, mib);
    writeFileSync(file.path, seededBytes(size + 3, 2));
    const error = await failure(handle);
    expect(error).toMatchObject({ code: 'file-changed', exitStatus: 33 });
    expect(error.message).toMatch(/^the file changed on all of its sources, .*:\d+ holds a file of 6291459 bytes/);
    expect(lab.written()).toBeUndefined();
  });

  it('before its hashes are known has the bytes of the new one alone', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', size);
    const fleet = await lab.serve(file.path, { rateLimits: [2 * mib] });
    const handle = lab.get(fleet.urls());
    await untilDone(handle, 1);
    const changed = seededBytes(size, 2);
    writeFileSync(file.path, changed);
    const error = await handle.done.then(
      () => undefined,
      (e: unknown) => e,
    );
    if (error === undefined) expect(lab.written()?.equals(changed)).toBe(true);
    else expect(error).toMatchObject({ code: 'file-changed' });
  });
});
