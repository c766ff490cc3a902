import { expect, it } from 'vitest';
import { DownloadLab, mib } from '../../support/download-lab.js';
import { startTestDaemon } from '../../support/test-daemon.js';

it('lets a source rest that somebody wanted not to be used, also with the next daemon', async () => {
  await using lab = await DownloadLab.create();
  const file = lab.file('film.bin', 3 * mib);
  const fleet = await lab.serve(file.path, { rateLimits: [mib / 2, mib / 2] });
  let gid: string;
  {
    await using first = await startTestDaemon(lab.folder);
    const [item] = await first.client.add({ sources: fleet.urls(), options: {} });
    gid = item?.gid ?? '';
    await first.daemon.queue.steering.use(first.daemon.queue.lists.get(gid), 0, false);
    await expect.poll(async () => (await first.client.detail(gid)).item.doneBytes).toBeGreaterThan(0);
  }
  await using second = await startTestDaemon(lab.folder);
  const sources = async () => (await second.client.detail(gid)).sources;
  await expect.poll(async () => (await sources())[1]?.state).toBe('active');
  expect((await sources())[0]).toMatchObject({ url: fleet.url(1), state: 'disabled', receivedBytes: 0 });
  await second.daemon.queue.steering.use(second.daemon.queue.lists.get(gid), 0, true);
  await expect.poll(async () => (await sources())[0]?.receivedBytes, { timeout: 10_000 }).toBeGreaterThan(0);
});

it('takes no address that is none, of a download that waits either', async () => {
  await using lab = await DownloadLab.create();
  await using one = await startTestDaemon(lab.folder);
  const [item] = await one.client.add({ sources: ['http://127.0.0.1:9/f.bin'], options: { pause: 'true' } });
  const entry = one.daemon.queue.lists.get(item?.gid ?? '');
  const adding = one.daemon.queue.steering.add(entry, ['http://127.0.0.1:9/g.bin', '/etc/passwd']);
  await expect(adding).rejects.toThrow('"/etc/passwd" is not an address');
  expect(entry.spec.sources).toEqual(['http://127.0.0.1:9/f.bin']);
});
