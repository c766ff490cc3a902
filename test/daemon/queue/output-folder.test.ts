import { expect, test } from 'vitest';
import { startDaemonAndServers } from '../../support/test-daemon.js';

test('a download whose folder cannot be made says so, and nobody else waits for it', async () => {
  const { lab, fleet, one } = await startDaemonAndServers(100_000, [0]);
  await using _ = lab;
  const [refused] = await one.client.add({ sources: fleet.urls(), options: { dir: '/proc/self/nothing/inner' } });
  const [other] = await one.client.add({ sources: fleet.urls(), options: {} });
  const { item } = await one.client.detail(refused?.gid ?? '');
  expect(item.error).toMatchObject({
    code: 'output-not-writable',
    message: expect.stringContaining('cannot make the folder') as string,
  });
  await expect.poll(async () => (await one.client.detail(other?.gid ?? '')).item.state).toBe('complete');
});
