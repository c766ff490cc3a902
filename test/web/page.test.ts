import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { openKey } from '../support/minisign-samples.js';
import { testWithPeer } from '../support/peer.js';
import { signedText } from '../support/signed-text.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';
import { openPage } from '../support/web-page.js';

const require = createRequire(import.meta.url);
const built = fileURLToPath(new URL('../../dist/web/', import.meta.url));
const pageBytesMax = 150 * 1024;

test('the page is small, and names no other host', () => {
  const files = readdirSync(built, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThanOrEqual(4);
  const zipped = files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
  expect(zipped).toBeLessThan(pageBytesMax);
  const hosts = files.flatMap(
    (path) => readFileSync(path, 'utf8').match(/(?:src|href)="?(?:https?:)?\/\/[^"\s]+/g) ?? [],
  );
  expect(hosts).toEqual([]);
});

function axeSource(): string {
  return readFileSync(join(dirname(require.resolve('axe-core/package.json')), 'axe.min.js'), 'utf8');
}

/** What axe, which has to be on the page, finds fault with. */
async function barriers(page: Page): Promise<unknown> {
  // What is still fading in has another contrast than what is there.
  await page.evaluate(
    `Promise.all(document.getAnimations().filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
      .map((each) => each.finished.catch(() => undefined)))`,
  );
  return page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then((result) =>
      result.violations.map((each) => each.id + ': ' + each.nodes.map((node) => node.html).join(' | ')))`,
  );
}

describe('in a browser', () => {
  let lab: DownloadLab;
  let fleet: LabFleet;
  let one: TestDaemon;

  beforeEach(async () => {
    lab = await DownloadLab.create();
    const file = lab.file('film.bin', 12_000_000);
    fleet = await lab.serve(file.path, { rateLimits: [60_000, 100_000, 40_000] });
    one = lab.use(await startTestDaemon(lab.folder));
  });

  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
  });

  testWithPeer(
    'chromium',
    'adds addresses that are pasted, shows who brings what, stops, uses and limits a server, adds another one',
    async () => {
      await using open = await openPage(one.daemon.pageUrl);
      const { page, complaints } = open;
      expect(page.url()).not.toContain('token');
      await page.getByRole('button', { name: 'Drop addresses' }).waitFor();
      await page.keyboard.press('a');
      await page.keyboard.insertText(fleet.urls().join('\n'));
      await page.getByText('3 addresses on 3 servers').waitFor();
      await page.getByRole('button', { name: 'Download', exact: true }).click();
      await page.getByRole('heading', { name: 'film.bin' }).waitFor();
      await expect.poll(() => page.getByText('delivering').count()).toBe(3);
      await page
        .getByRole('button', { name: /^Stop using .*1/ })
        .first()
        .click();
      await page.getByRole('button', { name: /^Use again/ }).waitFor();
      await page.getByText('resting').waitFor();
      await page.getByRole('button', { name: /^Use again/ }).click();
      await expect.poll(() => page.getByText('delivering').count()).toBe(3);
      await page
        .getByRole('button', { name: /^Limit 127/ })
        .first()
        .click();
      await page.getByRole('textbox', { name: 'Bytes a second' }).fill('much');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('is no speed').waitFor();
      await page.getByRole('textbox', { name: 'Bytes a second' }).fill('100K');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('of 100 KiB/s').waitFor();
      const fast = await lab.serve(lab.path('served', 'film.bin'));
      await page.getByRole('textbox', { name: 'Another address' }).fill(fast.url(1));
      await page.getByRole('button', { name: 'Add server' }).click();
      const [item] = await one.client.list();
      await expect
        .poll(async () => (await one.client.detail(item?.gid ?? '')).item.state, { timeout: 30_000 })
        .toBe('complete');
      await page.getByText('Complete').first().waitFor();
      expect(complaints).toEqual([]);
    },
  );

  testWithPeer(
    'chromium',
    'takes a Metalink that a given key has signed, and says what is wrong with a key',
    async () => {
      await using open = await openPage(one.daemon.pageUrl);
      const { page, complaints } = open;
      const sha256 = createHash('sha256')
        .update(readFileSync(lab.path('served', 'film.bin')))
        .digest('hex');
      const metalink =
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="film.bin">' +
        `<hash type="sha-256">${sha256}</hash><url>${fleet.url(1)}</url></file></metalink>`;
      await page.getByRole('button', { name: /^Add/ }).click();
      await page.getByRole('textbox', { name: /^Addresses/ }).fill(metalink);
      await page.getByText('Name, folder, checksum, signature').click();
      const key = page.getByRole('textbox', { name: 'Trusted key' });
      const download = page.getByRole('button', { name: 'Download', exact: true });
      await key.fill('minisign.pub');
      await page.getByText('That is no public key').waitFor();
      expect([await key.getAttribute('aria-invalid'), await download.isDisabled()]).toEqual(['true', true]);
      await page.evaluate(axeSource());
      expect(await barriers(page)).toEqual([]);
      await key.fill(`untrusted comment: minisign public key 1234 ${openKey.publicKey}`);
      const signature = page.getByRole('textbox', { name: 'Its signature' });
      await signature.fill(await signedText(lab.folder, `${metalink} `));
      await download.click();
      await page.getByRole('alert').getByText('signature').waitFor();
      await signature.fill(await signedText(lab.folder, metalink));
      await download.click();
      await page.getByRole('heading', { name: 'film.bin' }).waitFor();
      expect(complaints.filter((each) => !each.includes('400'))).toEqual([]);
    },
  );

  testWithPeer('chromium', 'shows in plain words what went wrong, beside what caused it', async () => {
    await using open = await openPage(one.daemon.pageUrl, { width: 390, height: 844, scheme: 'light' });
    const { page } = open;
    await page.getByRole('button', { name: /^Add/ }).click();
    await page.keyboard.insertText('ftp://a.example/file');
    await page.getByText('is not an address').waitFor();
    expect(await page.getByRole('button', { name: 'Download', exact: true }).isDisabled()).toBe(true);
    await page.getByRole('textbox').first().fill(fleet.url(1, 'nothing.bin'));
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await page.getByText('Check the address, or add a server that has the file.').waitFor();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(390);
  });

  testWithPeer('chromium', 'shows all of a row whose name is longer than the list', async () => {
    await one.client.add({
      sources: fleet.urls(),
      options: { pause: 'true', out: `${'a-long-name-'.repeat(20)}.mkv` },
    });
    for (const width of [360, 1600]) {
      await using open = await openPage(one.daemon.pageUrl, { width, height: 844 });
      const list = open.page.locator('nav');
      await list.getByText('Paused').waitFor();
      const shown = open.page.locator('header .total strong');
      await shown.evaluate(
        '(element) => { element.textContent = "12.34"; element.nextElementSibling.textContent = "MiB/s"; }',
      );
      expect(await open.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const within = await list.boundingBox();
      const last = await list.locator('.servers').boundingBox();
      const edges = [within, last].map((box) => (box === null ? Number.NaN : box.x + box.width));
      expect(edges[1]).toBeLessThanOrEqual(edges[0] ?? 0);
    }
  });

  testWithPeer('chromium', 'keeps in sight what the keys choose of two hundred that wait', async () => {
    const downloads = Array.from({ length: 200 }, (_, number) => ({
      sources: ['http://127.0.0.1:9/f.bin'],
      options: { pause: 'true', out: `film-${number}.bin` },
    }));
    await one.client.addAll(downloads, undefined);
    await using open = await openPage(one.daemon.pageUrl, { height: 700 });
    const { page, complaints } = open;
    const chosen = page.locator('nav [aria-current="true"]');
    await expect.poll(() => chosen.textContent()).toContain('film-0.bin');
    for (let count = 0; count < 30; count += 1) await page.keyboard.press(count % 2 === 0 ? 'j' : 'ArrowDown');
    await expect.poll(() => chosen.textContent()).toContain('film-30.bin');
    const [box, list] = [await chosen.boundingBox(), await page.locator('nav').boundingBox()];
    expect(box?.y).toBeGreaterThanOrEqual(list?.y ?? Infinity);
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(700);
    expect(complaints).toEqual([]);
  });

  testWithPeer('chromium', 'takes an address over TLS that is pasted anywhere', async () => {
    await using open = await openPage(one.daemon.pageUrl);
    const { page } = open;
    await page.getByRole('button', { name: 'Drop addresses' }).waitFor();
    await page.evaluate(`{
      const clipboardData = new DataTransfer();
      clipboardData.setData('text', 'mgps://a.example/f.bin');
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }`);
    await expect.poll(() => page.locator('textarea').first().inputValue()).toBe('mgps://a.example/f.bin');
  });

  testWithPeer('chromium', 'reconnects by itself when the daemon comes back', async () => {
    await using open = await openPage(one.daemon.pageUrl);
    const { page } = open;
    await page.getByRole('button', { name: 'Drop addresses' }).waitFor();
    const { port } = one.daemon.address;
    await one.daemon[Symbol.asyncDispose]();
    await page.getByText('The daemon does not answer').waitFor();
    one = lab.use(await startTestDaemon(lab.folder, { port }));
    await page.getByText('The daemon does not answer').waitFor({ state: 'detached' });
    await one.client.add({ sources: fleet.urls(), options: { pause: 'true' } });
    await page.getByText('Paused').first().waitFor();
  });

  testWithPeer('chromium', 'serves files, closes and opens a server of them, all by the keyboard', async () => {
    await using open = await openPage(one.daemon.pageUrl);
    const { page, complaints } = open;
    await page.getByRole('button', { name: 'Drop addresses' }).waitFor();
    await page.keyboard.press('f');
    await page.keyboard.insertText(lab.path('served', 'film.bin'));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('region', { name: 'Fleet 1' });
    await expect.poll(() => panel.getByRole('button', { name: /^Close 127/ }).count()).toBe(4);
    await panel
      .getByRole('button', { name: /^Close 127/ })
      .nth(1)
      .focus();
    await page.keyboard.press('Enter');
    await panel.getByRole('button', { name: /^Open 127/ }).waitFor();
    expect((await one.client.fleets())[0]?.servers[1]?.state).toBe('closed');
    await panel.getByRole('button', { name: /^Open 127/ }).click();
    await expect.poll(() => panel.getByRole('button', { name: /^Close 127/ }).count()).toBe(4);
    await panel.getByRole('button', { name: /^End/ }).click();
    await panel.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  testWithPeer('chromium', 'sets limits, and says what is wrong with them', async () => {
    await using open = await openPage(one.daemon.pageUrl);
    const { page } = open;
    await page.getByRole('button', { name: 'Limits' }).click();
    await page.getByRole('textbox', { name: 'Speed of all downloads' }).fill('2M');
    await page.getByLabel('Connections to one host').fill('6');
    await page.getByLabel('Other speeds at times').fill('mon-fri sometimes 2M');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('a schedule has rules like').waitFor();
    await page.getByLabel('Other speeds at times').fill('mon-fri 08:00-18:00 500K');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await one.client.queueOptions()).toMatchObject({
      'max-overall-download-limit': String(2 * 1024 * 1024),
      'max-overall-download-limit-schedule': 'mon-fri 08:00-18:00 500K',
      'max-connection-per-host': '6',
    });
  });

  testWithPeer('chromium', 'finds no barriers with axe in the forms', async () => {
    for (const scheme of ['dark', 'light'] as const) {
      await using open = await openPage(one.daemon.pageUrl, { scheme });
      await open.page.getByRole('button', { name: 'Drop addresses' }).waitFor();
      await open.page.evaluate(axeSource());
      for (const name of ['Serve files', 'Limits']) {
        await open.page.getByRole('button', { name }).click();
        await open.page.getByRole('heading', { name }).waitFor();
        expect(await barriers(open.page), `${scheme}, ${name}`).toEqual([]);
        await open.page.getByRole('button', { name: 'Close' }).click();
        await open.page.getByRole('heading', { name }).waitFor({ state: 'detached' });
      }
    }
  });

  testWithPeer('chromium', 'finds no barriers with axe, in the dark and in the light', async () => {
    await one.client.add({ sources: fleet.urls(), options: {} });
    await one.client.addFleet({ paths: [lab.path('served', 'film.bin')], ports: [0, 0] });
    for (const scheme of ['dark', 'light'] as const) {
      await using open = await openPage(one.daemon.pageUrl, { scheme });
      await open.page.getByRole('article').getByRole('heading', { name: 'film.bin' }).waitFor();
      await expect.poll(() => open.page.getByText('delivering').count()).toBeGreaterThan(0);
      await open.page.getByRole('region', { name: 'Fleet 1' }).waitFor();
      await open.page.evaluate(axeSource());
      expect(await barriers(open.page), scheme).toEqual([]);
    }
  });
});
